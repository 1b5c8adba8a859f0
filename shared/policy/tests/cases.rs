//! The worked cases, one JSON object a line: every verdict, every named
//! statement, a checked witness for every sure admission, and a narrowing that
//! closes the document and changes nothing when done again.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests fail loudly"
)]

mod evaluator;

use std::collections::BTreeMap;

use auditward_policy::{
    Admission, AdmissionKind, Document, Foreign, Kind, Partner, Zone, analyze, analyze_text,
    hold_to_external_id, narrow, verdict_text,
};
use serde_json::Value;

struct Case {
    id: String,
    kind: Kind,
    zone: Zone,
    text: String,
    expected: Value,
}

fn cases() -> Vec<Case> {
    include_str!("cases.jsonl")
        .lines()
        .map(|line| {
            let expected: Value = serde_json::from_str(line).expect("a case");
            let trusted = &expected["trusted"];
            let accounts = trusted["accounts"].as_array().expect("accounts");
            let document: Document =
                serde_json::from_value(expected["policy"].clone()).expect("a policy");
            Case {
                id: expected["id"].as_str().expect("an id").to_owned(),
                kind: expected["kind"]
                    .as_str()
                    .expect("a kind")
                    .parse()
                    .expect("a kind"),
                zone: Zone::new(
                    accounts.iter().filter_map(Value::as_str),
                    trusted["org_id"].as_str(),
                ),
                text: document.to_json(),
                expected,
            }
        })
        .collect()
}

#[test]
fn every_case_is_right() {
    let cases = cases();
    assert!(cases.len() > 300, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let analysis = analyze_text(&case.text, case.kind, &case.zone).expect("readable");
        let mut right = analysis.foreign.as_bool() == case.expected["foreign"].as_bool();
        if let Some(deputy) = case.expected.get("deputy") {
            right &= serde_json::to_value(analysis.deputy).expect("JSON") == *deputy;
        }
        if let Some(statements) = case.expected.get("statements") {
            let named: Vec<usize> = analysis.admissions.iter().map(|one| one.index).collect();
            right &= serde_json::json!(named) == *statements;
        }
        let bare = verdict_text(&case.text, case.kind, &case.zone).expect("readable");
        right &= bare.foreign == analysis.foreign && bare.deputy == analysis.deputy;
        if !right {
            wrong.push(format!(
                "{} ({}): got {:?}, {:?}",
                case.id, case.expected["why"], analysis.foreign, analysis.deputy
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn narrowing_closes_every_case_once() {
    for case in cases() {
        let document = Document::parse(&case.text).expect("readable");
        let narrowed = narrow(&document, case.kind, &case.zone);
        let after = analyze(&narrowed.document, case.kind, &case.zone);
        assert!(
            after.admissions.is_empty(),
            "{}: {}",
            case.id,
            narrowed.document
        );
        assert!(
            !narrow(&narrowed.document, case.kind, &case.zone).changed,
            "{} changes twice",
            case.id
        );
        let closed = analyze(&document, case.kind, &case.zone).foreign == Foreign::No;
        assert!(!closed || !narrowed.changed, "{} was closed", case.id);
        let denies = |document: &Document| {
            document
                .statements()
                .iter()
                .filter(|one| one.is_deny())
                .count()
        };
        assert!(
            denies(&narrowed.document) >= denies(&document),
            "{} lost a Deny",
            case.id
        );
    }
}

#[test]
fn every_sure_admission_has_a_sentence_and_most_a_witness() {
    let (mut shown, mut sure) = (0, 0);
    for case in cases() {
        let analysis = analyze_text(&case.text, case.kind, &case.zone).expect("readable");
        for admission in &analysis.admissions {
            assert!(admission.why.len() > 20, "{}: {:?}", case.id, admission.why);
            if admission.kind == AdmissionKind::CannotTell || analysis.foreign != Foreign::Yes {
                continue;
            }
            sure += 1;
            if let Some(request) = request(admission) {
                shown += 1;
                let policy = &case.expected["policy"];
                let trust = case.kind == Kind::Trust;
                assert!(
                    evaluator::allowed(policy, &request, trust, evaluator::Gaps::Closed),
                    "{}: {request:?}",
                    case.id
                );
            }
        }
    }
    assert!(
        shown * 100 >= sure * 95,
        "{shown} witnesses for {sure} admissions"
    );
}

/// The witness as a request, where its caller is one that the evaluator knows.
fn request(admission: &Admission) -> Option<evaluator::Request> {
    let witness = admission.witness.as_ref()?;
    let context: BTreeMap<String, Vec<String>> = witness
        .context
        .iter()
        .map(|(key, values)| (key.to_ascii_lowercase(), values.clone()))
        .collect();
    let text = witness.principal.clone();
    let caller = if text == "anonymous" {
        evaluator::Caller::Anonymous
    } else if text.contains("-provider/") || !text.contains(':') {
        evaluator::Caller::Federated(text)
    } else if let Some((_, rest)) = text.split_once(":assumed-role/") {
        let (role, session) = rest.split_once('/')?;
        let account = text.split(':').nth(4)?;
        let arn = format!("arn:aws:iam::{account}:role/{role}");
        evaluator::Caller::Session(arn, session.to_owned())
    } else {
        evaluator::Caller::Identity(text)
    };
    let canonical = matches!(&caller, evaluator::Caller::Federated(text) if text.len() == 64);
    (!canonical).then(|| evaluator::Request {
        caller,
        action: witness.action.clone(),
        resource: witness.resource.clone(),
        context,
    })
}

fn partner_zone() -> Zone {
    let mut zone = Zone::new(["111111111111"], None);
    zone.partners.push(Partner {
        account: "333333333333".to_owned(),
        external_id: Some("7d0c-Vendor".to_owned()),
        resources: vec!["arn:aws:s3:::acme-logs/AWSLogs/333333333333/*".to_owned()],
    });
    zone
}

fn trust(condition: &str) -> Document {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"333333333333"}},"Action":"sts:AssumeRole"{condition}}}]}}"#
    );
    Document::parse(&text).expect("a policy")
}

#[test]
fn a_third_party_is_held_to_its_external_id() {
    let zone = partner_zone();
    let kind_of = |condition: &str| {
        let analysis = analyze(&trust(condition), Kind::Trust, &zone);
        (
            analysis.foreign.as_bool(),
            analysis.admissions.first().map(|one| one.kind),
        )
    };
    let condition = |operator: &str, value: &str| {
        format!(r#","Condition":{{"{operator}":{{"sts:ExternalId":{value}}}}}"#)
    };
    let without = (Some(true), Some(AdmissionKind::ThirdPartyWithoutExternalId));
    assert_eq!(
        kind_of(&condition("StringEquals", r#""7d0c-Vendor""#)),
        (Some(false), None)
    );
    assert_eq!(kind_of(""), without);
    assert_eq!(kind_of(&condition("StringEquals", r#""other""#)), without);
    assert_eq!(
        kind_of(&condition("StringEquals", r#"["7d0c-Vendor","other"]"#)),
        without
    );
    assert_eq!(kind_of(&condition("StringLike", r#""7d0c*""#)), without);
    assert_eq!(
        kind_of(&condition("StringEqualsIfExists", r#""7d0c-Vendor""#)),
        without
    );
    assert_eq!(
        kind_of(&condition("StringEqualsIgnoreCase", r#""7d0c-Vendor""#)),
        without
    );
    assert_eq!(
        kind_of(&condition("ForAllValues:StringEquals", r#""7d0c-Vendor""#)),
        without
    );
    assert_eq!(kind_of(&condition("Null", r#""false""#)), without);
}

#[test]
fn a_third_party_reads_its_own_folder_only() {
    let zone = partner_zone();
    let open = |action: &str, resource: &str| {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::333333333333:role/reader"}},"Action":{action},"Resource":{resource}}}}}"#
        );
        analyze_text(&text, Kind::Bucket, &zone)
            .expect("a policy")
            .foreign
            == Foreign::Yes
    };
    let own = r#""arn:aws:s3:::acme-logs/AWSLogs/333333333333/CloudTrail/*""#;
    assert!(!open(r#""s3:GetObject""#, own));
    assert!(!open(r#"["s3:Get*","s3:List*"]"#, own));
    assert!(open(r#""s3:*""#, own));
    assert!(open(r#"["s3:GetObject","s3:PutObject"]"#, own));
    assert!(open(r#""s3:GetObject""#, r#""arn:aws:s3:::acme-logs/*""#));
    assert!(open(
        r#""s3:GetObject""#,
        r#""arn:aws:s3:::acme-logs/AWSLogs/33333333333?/*""#
    ));
}

#[test]
fn tenants_can_be_listed() {
    let mut zone = Zone::new(["111111111111"], None);
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringLike":{"token.actions.githubusercontent.com:sub":["repo:acme/*","repo:evil/*"]}}}}"#;
    let document = Document::parse(text).expect("a policy");
    assert_eq!(analyze(&document, Kind::Trust, &zone).foreign, Foreign::No);
    zone.oidc_tenants.push("acme".to_owned());
    assert_eq!(analyze(&document, Kind::Trust, &zone).foreign, Foreign::Yes);
    let narrowed = narrow(&document, Kind::Trust, &zone);
    assert!(narrowed.document.to_json().contains("repo:acme/*"));
    assert!(!narrowed.document.to_json().contains("evil"));
}

#[test]
fn a_third_party_can_be_held_to_its_id() {
    let zone = partner_zone();
    let held = hold_to_external_id(&trust(""), &zone).expect("closed");
    assert_eq!(analyze(&held, Kind::Trust, &zone).foreign, Foreign::No);
    assert!(held.means_the_same(&trust(
        r#","Condition":{"StringEquals":{"sts:ExternalId":"7d0c-Vendor"}}"#
    )));
    let mixed = r#"{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Principal":{"AWS":["111111111111","333333333333"]},"Action":"sts:AssumeRole","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}"#;
    let mixed = Document::parse(mixed).expect("a policy");
    let held = hold_to_external_id(&mixed, &zone).expect("closed");
    assert_eq!(held.statements().len(), 2);
    assert_eq!(analyze(&held, Kind::Trust, &zone).foreign, Foreign::No);
    assert!(
        held.statements()[1]
            .to_json()
            .contains("MultiFactorAuthPresent")
    );
    assert_eq!(hold_to_external_id(&held, &zone), None);
}
