//! Documents as text: reading, printing, comparing, editing, and the
//! statements that CloudTrail needs.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests fail loudly"
)]

use auditward_policy::cloudtrail::{
    Delivery, add_missing, add_missing_key, bucket_delivers, bucket_statements, key_delivers,
};
use auditward_policy::power::{Protected, Verdict, managed_policy, tampering};
use auditward_policy::sharing::{access_policy, trust_policy, wider_than_folders};
use auditward_policy::{
    Document, Foreign, Kind, Statement, Tri, Zone, analyze, narrow, principal_allowed,
};

fn parse(text: &str) -> Document {
    Document::parse(text).expect("a policy")
}

fn every_case() -> Vec<Document> {
    include_str!("cases.jsonl")
        .lines()
        .map(|line| {
            let case: serde_json::Value = serde_json::from_str(line).expect("a case");
            serde_json::from_value(case["policy"].clone()).expect("a policy")
        })
        .collect()
}

#[test]
fn printing_and_reading_again_is_the_same_document() {
    for document in every_case() {
        assert_eq!(parse(&document.to_json()), document);
        assert_eq!(parse(&document.to_json_pretty()), document);
        let embedded = serde_json::to_string(&document).expect("JSON");
        let back: Document = serde_json::from_str(&embedded).expect("a policy");
        assert_eq!(back, document);
        assert!(back.means_the_same(&document));
    }
}

#[test]
fn order_sids_numbers_and_unknown_content_are_kept() {
    let text = r#"{"Id":"x","Statement":[{"Sid":"b","Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Extra":{"z":[1,2.50,null],"a":true}},{"Sid":"a","Effect":"Allow","Principal":{"AWS":111111111111},"Action":"sqs:*"}],"Version":"2012-10-17"}"#;
    assert_eq!(parse(text).to_json(), text);
    let doubled = r#"{"Statement":[],"Statement":[{"Effect":"Deny","Effect":"Allow"}]}"#;
    assert_eq!(parse(doubled).to_json(), doubled);
    let back: Document = serde_json::from_str(doubled).expect("a policy");
    assert_eq!(back.to_json(), doubled);
}

#[test]
fn errors_say_where_and_what() {
    let message = |text: &str| Document::parse(text).expect_err("not a policy").to_string();
    assert_eq!(
        message("{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{\"Effect\" \"Allow\"}]\n}"),
        "line 3, column 27, at `Statement[0]`: expected `:`, found a string"
    );
    assert_eq!(
        message("{\"Statement\": [\"x\"]}"),
        "line 1, column 16, at `Statement[0]`: expected a statement object, found a string"
    );
    assert_eq!(
        message("[]"),
        "line 1, column 1, at the document: expected a policy object, found a list"
    );
    assert_eq!(
        message(""),
        "line 1, column 1, at the document: expected a value, found the end of the text"
    );
    assert!(message(&"[".repeat(100_000)).contains("less nesting"));
    assert!(message("{\"Sid\": \"\\ud800\"}").contains("surrogate"));
}

#[test]
fn meaning_is_free_of_spelling() {
    let a = parse(
        r#"{"Version":"2008-10-17","Statement":{"Sid":"x","Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":["sqs:A","sqs:B"],"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}}"#,
    );
    let b = parse(
        r#"{"Statement":[{"Condition":{"stringequals":{"AWS:principalorgid":["o-1"]}},"Action":["SQS:b","sqs:A"],"Principal":{"AWS":["arn:aws:iam::111111111111:root"]},"Effect":"Allow"}]}"#,
    );
    assert!(a.means_the_same(&b));
    let c = parse(&b.to_json().replace("o-1", "o-2"));
    assert!(!a.means_the_same(&c));
    assert!(a.contains_statement(&b.statements()[0]));
    assert!(!a.contains_statement(&c.statements()[0]));
}

#[test]
fn an_account_is_its_root_in_every_partition() {
    let of = |who: &str| {
        parse(&format!(
            r#"{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":"{who}"}},"Action":"sqs:A"}}}}"#
        ))
    };
    for partition in ["aws", "aws-us-gov", "aws-cn"] {
        let root = of(&format!("arn:{partition}:iam::111111111111:root"));
        assert!(root.means_the_same(&of("111111111111")), "{partition}");
    }
    let role = of("arn:aws-cn:iam::111111111111:role/root");
    assert!(!role.means_the_same(&of("111111111111")));
}

#[test]
fn statements_can_be_put_in() {
    let document = parse(
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Principal":"*","Action":"sqs:*"}],"Id":"x"}"#,
    );
    let deny = r#"{"Sid":"d","Effect":"Deny","Principal":"*","Action":"*"}"#;
    let mut last = document.with_statement_appended(deny).expect("a statement");
    assert_eq!(last.statements()[1].sid(), Some("d"));
    let same = Statement::parse(
        r#"{"Sid":"other","Effect":"Deny","Principal":{"AWS":"*"},"Action":["*"]}"#,
    )
    .expect("a statement");
    assert!(!last.statement_append(&same), "it is there already");
    let other =
        Statement::parse(r#"{"Sid":"d","Effect":"Deny","Principal":{"AWS":"*"},"Action":"sqs:X"}"#)
            .expect("a statement");
    assert!(last.statement_append(&other));
    assert_eq!(last.statements()[2].sid(), Some("d2"), "Sids stay unique");
    assert!(last.to_json().ends_with(r#""Id":"x"}"#));
    assert!(document.with_statement_appended("[]").is_err());
}

#[test]
fn nobody_gets_into_a_closed_document() {
    let zone = Zone::new(["111111111111"], None);
    for kind in Kind::ALL {
        for document in [Document::empty_of(kind), Document::deny_everyone(kind)] {
            assert_eq!(analyze(&document, kind, &zone).foreign, Foreign::No);
            assert_eq!(parse(&document.to_json()), document);
        }
        assert_eq!(kind.to_string().parse(), Ok(kind));
    }
}

#[test]
fn only_the_outsider_leaves() {
    let zone = Zone::new(["111111111111"], Some("o-exampleorg1"));
    let text = r#"{"Version":"2012-10-17","Id":"keep","Statement":[{"Sid":"one","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111111111111:root","arn:aws:iam::333333333333:root"],"Service":"sns.amazonaws.com"},"Action":"sqs:*","Resource":"*"},{"Sid":"two","Effect":"Deny","Principal":"*","Action":"sqs:DeleteQueue","Resource":"*"},{"Sid":"three","Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":["o-exampleorg1","o-partnerorg9"]}}},{"Sid":"four","Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*"}]}"#;
    let narrowed = narrow(&parse(text), Kind::Queue, &zone);
    let expected = r#"{"Version":"2012-10-17","Id":"keep","Statement":[{"Sid":"one","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111111111111:root"],"Service":"sns.amazonaws.com"},"Action":"sqs:*","Resource":"*"},{"Sid":"two","Effect":"Deny","Principal":"*","Action":"sqs:DeleteQueue","Resource":"*"},{"Sid":"three","Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":["o-exampleorg1"]}}}]}"#;
    assert_eq!(narrowed.document.to_json(), expected);
    assert_eq!(narrowed.removed.len(), 3);
    assert!(narrowed.removed[2].whole);
    let trust = parse(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"333333333333"},"Action":"sts:AssumeRole"}}"#,
    );
    let narrowed = narrow(&trust, Kind::Trust, &zone);
    assert!(
        narrowed
            .document
            .means_the_same(&Document::deny_everyone(Kind::Trust))
    );
    assert!(!narrowed.empty);
}

fn delivery() -> Delivery {
    Delivery {
        bucket: "acme-logs".to_owned(),
        prefix: Some("trails".to_owned()),
        trail_arn: "arn:aws:cloudtrail:eu-west-1:111111111111:trail/main".to_owned(),
        owner_account: "111111111111".to_owned(),
        org_id: Some("o-exampleorg1".to_owned()),
    }
}

#[test]
fn delivery_is_put_back_once_and_alone() {
    let delivery = delivery();
    let whole = add_missing(None, &delivery);
    assert_eq!(whole.statements(), bucket_statements(&delivery));
    assert_eq!(bucket_delivers(&whole, &delivery), Tri::Yes);
    assert_eq!(add_missing(Some(&whole), &delivery), whole);
    let zone = Zone::new(["111111111111"], Some("o-exampleorg1"));
    assert!(analyze(&whole, Kind::Bucket, &zone).is_closed());

    let mut left = whole.statements().to_vec();
    left.remove(1);
    let lost = whole.with_statements(&left);
    assert_eq!(bucket_delivers(&lost, &delivery), Tri::No);
    let back = add_missing(Some(&lost), &delivery);
    assert!(back.means_the_same(&whole));

    let tls = r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#;
    let with_tls = whole.with_statement_appended(tls).expect("a statement");
    assert_eq!(bucket_delivers(&with_tls, &delivery), Tri::Yes);
    let hit = r#"{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::acme-logs/*"}"#;
    let with_hit = whole.with_statement_appended(hit).expect("a statement");
    assert_eq!(bucket_delivers(&with_hit, &delivery), Tri::No);
    let encrypted = r#"{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"*","Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}}}"#;
    let with_demand = whole
        .with_statement_appended(encrypted)
        .expect("a statement");
    assert_eq!(bucket_delivers(&with_demand, &delivery), Tri::CannotTell);
}

#[test]
fn the_key_of_a_trail() {
    let delivery = delivery();
    let owner = parse(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"kms:*","Resource":"*"}]}"#,
    );
    assert_eq!(key_delivers(&owner, &delivery), Tri::No);
    let whole = add_missing_key(&owner, &delivery);
    assert_eq!(key_delivers(&whole, &delivery), Tri::Yes);
    assert_eq!(add_missing_key(&whole, &delivery), whole);
    let role = "arn:aws:iam::111111111111:role/auditward";
    assert_eq!(
        principal_allowed(&whole, Kind::Key, role, "kms:Decrypt", "*"),
        Tri::Yes
    );
    let other = "arn:aws:iam::222222222222:role/auditward";
    assert_eq!(
        principal_allowed(&whole, Kind::Key, other, "kms:Decrypt", "*"),
        Tri::No
    );
}

#[test]
fn an_account_that_is_spared_does_not_spare_its_roles() {
    let role = "arn:aws:iam::111111111111:role/auditward";
    let allowed = |spared: &str, who: &str| {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"111111111111"}},"Action":"kms:*","Resource":"*"}},{{"Effect":"Deny","NotPrincipal":{{"AWS":[{spared}]}},"Action":"kms:*","Resource":"*"}}]}}"#
        );
        principal_allowed(&parse(&text), Kind::Key, who, "kms:EnableKey", "*")
    };
    let root = r#""arn:aws:iam::111111111111:root""#;
    assert_eq!(allowed(root, role), Tri::No);
    assert_eq!(allowed(root, "111111111111"), Tri::Yes);
    assert_eq!(allowed(&format!(r#"{root},"{role}""#), role), Tri::Yes);
}

fn verdict(statements: &str, protected: &Protected) -> Verdict {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    tampering(&parse(&text), protected)
}

fn gives(statements: &str) -> bool {
    matches!(verdict(statements, &Protected::default()), Verdict::Yes(_))
}

#[test]
fn power_comes_in_many_spellings() {
    assert!(gives(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#));
    assert!(gives(
        r#"{"Effect":"Allow","Action":"cloudtrail:S*","Resource":"*"}"#
    ));
    assert!(gives(
        r#"{"Effect":"Allow","Action":"CLOUDTRAIL:stoplogging","Resource":"arn:aws:cloudtrail:*:111111111111:trail/main"}"#
    ));
    assert!(gives(
        r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#
    ));
    assert!(gives(
        r#"{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"*"}"#
    ));
    assert!(gives(
        r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}"#
    ));
    assert!(gives(
        r#"{"Effect":"Allow","Action":"cloudtrail:*","Resource":"*"},{"Effect":"Deny","Action":"cloudtrail:StopLogging","Resource":"*"}"#
    ));
}

#[test]
fn everyday_permissions_are_no_power() {
    for statements in [
        r#"{"Effect":"Allow","Action":["cloudtrail:Get*","cloudtrail:Describe*","cloudtrail:LookupEvents"],"Resource":"*"}"#,
        r#"{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::my-app","arn:aws:s3:::my-app/*"]}"#,
        r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}"#,
        r#"{"Effect":"Allow","Action":"iam:CreateAccessKey","Resource":"arn:aws:iam::*:user/${aws:username}"}"#,
        r#"{"Effect":"Allow","Action":"lambda:UpdateFunctionCode","Resource":"arn:aws:lambda:*:*:function:my-app"}"#,
        r#"{"Effect":"Allow","Action":"cloudtrail:*","Resource":"*"},{"Effect":"Deny","Action":["cloudtrail:*"],"Resource":"*"}"#,
        r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#,
    ] {
        assert_eq!(
            verdict(statements, &Protected::default()),
            Verdict::No,
            "{statements}"
        );
    }
}

#[test]
fn power_over_what_is_protected() {
    let protected = Protected {
        buckets: vec!["acme-logs".to_owned()],
        privileged_roles: vec!["arn:aws:iam::111111111111:role/Admin".to_owned()],
        ..Protected::default()
    };
    let yes = |statements: &str| matches!(verdict(statements, &protected), Verdict::Yes(_));
    assert!(yes(
        r#"{"Effect":"Allow","Action":"s3:PutBucketPolicy","Resource":"arn:aws:s3:::acme-*"}"#
    ));
    assert!(yes(
        r#"{"Effect":"Allow","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::acme-logs/*"}"#
    ));
    assert!(yes(
        r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}"#
    ));
    assert!(!yes(
        r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::111111111111:role/App"}"#
    ));
    assert!(!yes(
        r#"{"Effect":"Allow","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::other/*"}"#
    ));
    let tagged = r#"{"Effect":"Allow","Action":"s3:DeleteBucket","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"red"}}}"#;
    assert!(matches!(
        verdict(tagged, &protected),
        Verdict::CannotTell(_)
    ));
}

#[test]
fn to_disarm_is_power_as_well() {
    let on = |action: &str, resource: &str| {
        gives(&format!(
            r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}"#
        ))
    };
    for action in [
        "iam:DetachRolePolicy",
        "iam:DeleteRolePolicy",
        "iam:DeleteRole",
        "iam:PutRolePermissionsBoundary",
        "iam:DetachUserPolicy",
        "iam:DeleteUserPermissionsBoundary",
        "sts:AssumeRoot",
        "cloudtrail:RegisterOrganizationDelegatedAdmin",
        "organizations:RegisterDelegatedAdministrator",
        "organizations:UpdatePolicy",
        "organizations:AttachPolicy",
        "organizations:DetachPolicy",
        "organizations:DisablePolicyType",
        "lambda:UpdateAlias",
        "dynamodb:BatchWriteItem",
    ] {
        assert!(on(action, "*"), "{action}");
    }
    let guard = Protected {
        guard: vec![
            "arn:*:iam::*:role/auditward-*".to_owned(),
            "arn:*:lambda:*:*:function:auditward-*".to_owned(),
        ],
        ..Protected::default()
    };
    for (action, resource, power) in [
        (
            "iam:DetachRolePolicy",
            "arn:aws:iam::111111111111:role/auditward-member",
            true,
        ),
        (
            "iam:DeleteRole",
            "arn:aws:iam::111111111111:role/auditward-*",
            true,
        ),
        (
            "iam:DetachRolePolicy",
            "arn:aws:iam::111111111111:role/webshop-*",
            false,
        ),
        (
            "iam:DetachUserPolicy",
            "arn:aws:iam::*:user/${aws:username}",
            false,
        ),
        (
            "lambda:UpdateAlias",
            "arn:aws:lambda:eu-west-1:111111111111:function:auditward-self-guard:live",
            true,
        ),
        (
            "lambda:UpdateAlias",
            "arn:aws:lambda:eu-west-1:111111111111:function:webshop:live",
            false,
        ),
    ] {
        let statement =
            format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}"#);
        let given = matches!(verdict(&statement, &guard), Verdict::Yes(_));
        assert_eq!(given, power, "{action} on {resource}");
    }
}

#[test]
fn managed_policies_are_known_by_their_true_names() {
    let gives = |arn: &str| managed_policy(arn).map(|verdict| verdict != Verdict::No);
    assert_eq!(
        gives("arn:aws:iam::aws:policy/AdministratorAccess"),
        Some(true)
    );
    assert_eq!(
        gives("arn:aws-cn:iam::aws:policy/AWSCloudTrail_FullAccess"),
        Some(true)
    );
    assert_eq!(
        gives("arn:aws-us-gov:iam::aws:policy/job-function/SystemAdministrator"),
        Some(true)
    );
    assert_eq!(gives("arn:aws:iam::aws:policy/AWSDenyAll"), Some(false));
    assert_eq!(
        gives("arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV2"),
        Some(false)
    );
    assert_eq!(gives("arn:aws:iam::aws:policy/SecurityAudit"), Some(false));
    assert_eq!(
        gives("arn:aws:iam::111111111111:policy/AdministratorAccess"),
        None
    );
    assert_eq!(gives("arn:evil:iam::aws:policy/AdministratorAccess"), None);
}

#[test]
fn shared_logs_end_at_their_folder() {
    let trust = trust_policy("333333333333", Some("7d0c"));
    assert!(trust.to_json().contains(r#""sts:ExternalId":"7d0c""#));
    let access = access_policy("acme-logs", "trails", "333333333333");
    assert!(
        access
            .to_json()
            .contains("acme-logs/trails/AWSLogs/333333333333/*")
    );
    let wider = |document: &Document, account: &str| {
        wider_than_folders(
            document,
            "acme-logs",
            &[format!("trails/AWSLogs/{account}")],
        )
    };
    assert!(wider(&access, "333333333333").is_empty());
    assert_eq!(wider(&access, "444444444444"), [0, 1]);
    let wide = parse(
        r#"{"Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":["arn:aws:s3:::acme-logs/trails/AWSLogs/333333333333/*","arn:aws:s3:::acme-logs"]},{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-*/*"},{"Effect":"Allow","Action":"sqs:*","Resource":"*"}]}"#,
    );
    assert_eq!(wider(&wide, "333333333333"), [0, 1]);
}

#[test]
fn who_delivers_access_logs_stays_when_strangers_go() {
    let shared = parse(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::156460612806:root","333333333333"]},"Action":"s3:PutObject","Resource":"arn:aws:s3:::acme-balancer-logs/AWSLogs/111111111111/*"}]}"#,
    );
    let zone = Zone::new(["111111111111"], None);
    let narrowed = narrow(&shared, Kind::Bucket, &zone).document.to_json();
    assert!(
        narrowed.contains(r#"{"AWS":["arn:aws:iam::156460612806:root"]}"#),
        "{narrowed}"
    );
}
