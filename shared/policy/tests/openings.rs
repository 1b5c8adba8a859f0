//! Ways to hide an opening: work that is never done to its end, texts that say
//! the same thing twice, and what is shown of an opening when it is found.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

use std::time::Instant;

use auditward_policy::{
    Analysis, Deputy, Document, Foreign, Kind, Witness, Zone, analyze, deputies, narrow,
};

fn zone() -> Zone {
    Zone::new(["111111111111", "222222222222"], Some("o-exampleorg1"))
}

fn of(statements: &[&str]) -> Document {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    );
    Document::parse(&text).expect("a policy")
}

fn judged(statements: &[&str], kind: Kind) -> Analysis {
    analyze(&of(statements), kind, &zone())
}

/// A closed statement that asks for every source key, and names many outside
/// accounts and organizations.
fn laborious(many: u64) -> String {
    let accounts: Vec<String> = (0..many)
        .map(|n| format!(r#""{}""#, 500_000_000_000 + n))
        .collect();
    let orgs: Vec<String> = (0..many)
        .map(|n| format!(r#""o-stranger{n:04}""#))
        .collect();
    format!(
        r#"{{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*","Condition":{{"StringEquals":{{"aws:SourceOrgID":"o-exampleorg1","aws:SourceAccount":"111111111111","aws:SourceOwner":"111111111111"}},"ForAnyValue:StringLike":{{"aws:SourceOrgPaths":"o-exampleorg1/*"}},"ArnLike":{{"aws:SourceArn":"arn:aws:sns:*:111111111111:*"}},"StringLike":{{"aws:SourceAccount":[{}],"aws:SourceOrgID":[{}]}}}}}}"#,
        accounts.join(","),
        orgs.join(",")
    )
}

const OPEN: &str = r#"{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"}"#;

#[test]
fn no_statement_keeps_another_from_being_judged() {
    for many in [20, 400] {
        let labour = laborious(many);
        let document = of(&[&labour, OPEN]);
        let analysis = analyze(&document, Kind::Queue, &zone());
        assert_eq!(analysis.foreign, Foreign::Yes, "{many}");
        assert_eq!(analysis.deputy, Deputy::Open, "{many}");
        let narrowed = narrow(&document, Kind::Queue, &zone());
        assert!(!narrowed.document.to_json().contains("sqs:*"), "{many}");
        let alone = analyze(&of(&[&labour]), Kind::Queue, &zone());
        match many {
            20 => assert_eq!(alone.foreign, Foreign::No),
            _ => assert_eq!(
                (alone.foreign, alone.admissions.len()),
                (
                    Foreign::CannotTell("statement 1 is too large to be judged".to_owned()),
                    1
                )
            ),
        }
    }
}

#[test]
fn who_is_out_anyway_costs_nothing() {
    let own = laborious(400).replace(
        r#""StringEquals":{"#,
        r#""StringEquals":{"aws:PrincipalOrgID":"o-exampleorg1","#,
    );
    assert_eq!(judged(&[&own], Kind::Queue).foreign, Foreign::No);
}

#[test]
fn what_is_too_large_does_not_take_long() {
    let labour = laborious(60);
    let document = of(&[labour.as_str(); 10]);
    let start = Instant::now();
    let narrowed = narrow(&document, Kind::Queue, &zone());
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    let left = analyze(&narrowed.document, Kind::Queue, &zone());
    assert_eq!(left.foreign, Foreign::No);
}

fn lets(condition: &str) -> String {
    format!(
        r#"{{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{condition}}}"#
    )
}

#[test]
fn what_stands_twice_cannot_be_told() {
    let all = r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#;
    let denies = |principal: &str, condition: &str| {
        format!(
            r#"{{"Effect":"Deny","Principal":{principal},"Action":"s3:*","Resource":"*"{condition}}}"#
        )
    };
    let org = r#""StringEquals":{"aws:PrincipalOrgID":"o-exampleorg1"}"#;
    let not_ours = r#""StringNotEquals":{"aws:PrincipalOrgID":"o-exampleorg1"}"#;
    let alone = |statement: String| vec![statement];
    let beside = |deny: String| vec![all.to_owned(), deny];
    for statements in [
        alone(lets(&format!(
            r#"{{{org},"StringEquals":{{"s3:x-amz-acl":"private"}}}}"#
        ))),
        alone(lets(&format!(
            r#"{{{org},"stringequals":{{"aws:PrincipalOrgID":"o-partnerorg9"}}}}"#
        ))),
        alone(lets(&format!(r#"{{{org},"StringEquals":{{}}}}"#))),
        beside(denies(r#"{"AWS":"*","AWS":"111111111111"}"#, "")),
        beside(denies(
            r#""*""#,
            &format!(
                r#","Condition":{{{not_ours},"StringNotEquals":{{"aws:PrincipalAccount":"333333333333"}}}}"#
            ),
        )),
    ] {
        let texts: Vec<&str> = statements.iter().map(String::as_str).collect();
        let analysis = judged(&texts, Kind::Bucket);
        assert_eq!(analysis.foreign.as_bool(), None, "{texts:?}");
        assert_eq!(analysis.admissions.len(), 1, "{texts:?}");
    }
    let versions = format!(
        r#"{{"Version":"2012-10-17","Version":"2008-10-17","Statement":[{}]}}"#,
        denies(r#""*""#, "")
    );
    let versions = Document::parse(&versions).expect("a policy");
    let analysis = analyze(&versions, Kind::Bucket, &zone());
    assert_eq!(analysis.foreign.as_bool(), None);
}

fn shown(action: &str, resource: &str, kind: Kind, condition: &str) -> Option<Witness> {
    let text = format!(
        r#"{{"Effect":"Allow","Principal":"*","Action":"{action}","Resource":"{resource}","Condition":{condition}}}"#
    );
    let analysis = judged(&[&text], kind);
    assert_eq!(analysis.foreign, Foreign::Yes, "{text}");
    analysis.admissions[0].witness.clone()
}

#[test]
fn witnesses_do_what_there_is_to_what_it_is_done_to() {
    let did = |action: &str, resource: &str, kind: Kind| {
        shown(action, resource, kind, "{}").map(|one| format!("{} on {}", one.action, one.resource))
    };
    let on = |action: &str, resource: &str| did(action, resource, Kind::Bucket);
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        on("s3:List*", "arn:aws:s3:::b/*"),
        some("s3:ListMultipartUploadParts on arn:aws:s3:::b/x")
    );
    assert_eq!(
        on("s3:List*", "arn:aws:s3:::b"),
        some("s3:ListBucket on arn:aws:s3:::b")
    );
    assert_eq!(
        on("s3:GetObject", "arn:aws:s3:::*"),
        some("s3:GetObject on arn:aws:s3:::x/x")
    );
    assert_eq!(
        on("s3:ListBucket", "*"),
        some("s3:ListBucket on arn:aws:s3:::the-bucket")
    );
    assert_eq!(on("s3:Ham*", "arn:aws:s3:::b/*"), None);
    assert_eq!(did("sns:Ham*", "*", Kind::Topic), None);
}

#[test]
fn a_witness_has_an_id_of_its_own_sort() {
    let who = |id: &str| {
        let condition = format!(r#"{{"StringLike":{{"aws:userid":"{id}"}}}}"#);
        let witness = shown("s3:GetObject", "arn:aws:s3:::b/*", Kind::Bucket, &condition);
        let witness = witness.expect("a witness");
        (witness.principal, witness.context["aws:userid"].join(","))
    };
    let (role, id) = who("*:deploy");
    assert!(
        role.contains(":role/") && id.starts_with("AROA"),
        "{role} {id}"
    );
    let (user, id) = who("AIDA*");
    assert!(
        user.contains(":user/") && id.starts_with("AIDA"),
        "{user} {id}"
    );
    let (federated, id) = who("333333333333:*");
    assert!(
        federated.contains("::333333333333:federated-user/"),
        "{federated}"
    );
    assert!(
        federated.ends_with(&id.replace("333333333333:", "/")),
        "{id}"
    );
}

#[test]
fn members_that_are_not_listed_are_sources_of_ours() {
    let condition = r#"{"StringEquals":{"aws:SourceOrgID":"o-exampleorg1","aws:SourceAccount":["333333333333"]}}"#;
    let service = lets(condition).replace(
        r#""Principal":"*""#,
        r#""Principal":{"Service":"cloudtrail.amazonaws.com"}"#,
    );
    let found = deputies(&of(&[&service]), Kind::Bucket, &zone());
    assert_eq!(found, [(0, Deputy::Closed)]);
}
