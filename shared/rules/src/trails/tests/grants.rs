use super::*;

fn granted(grantee: &str, settings: &Settings) -> Judgement {
    let rest = format!(
        r#""eventTime":"2026-11-05T10:00:00Z","requestParameters":{{"keyId":"{KEY}","granteePrincipal":"{grantee}","operations":["Decrypt"]}},"responseElements":{{"grantId":"0badc0de"}}"#
    );
    judged(&event("kms", "CreateGrant", &rest), settings, &inventory())
}

#[test]
fn only_a_surely_foreign_grant_is_revoked() {
    for (grantee, verdict, plans) in [
        (
            "arn:aws:iam::333333333333:role/collector",
            Verdict::Violation,
            1,
        ),
        ("333333333333", Verdict::Violation, 1),
        ("arn:aws:iam::222222222222:role/reader", Verdict::Clean, 0),
        (
            "arn:aws:sts::111111111111:assumed-role/aws:ec2-infrastructure/i-0123456789abcdef0",
            Verdict::Clean,
            0,
        ),
        ("dynamodb.eu-west-1.amazonaws.com", Verdict::Clean, 0),
        // A unique ID does not tell whose it is.
        ("AROAEXAMPLEOPAQUE0001", Verdict::CannotTell, 0),
    ] {
        let judgement = granted(grantee, &settings());
        assert_eq!(
            (judgement.verdict(), kinds(&judgement).len()),
            (verdict, plans),
            "{grantee}"
        );
    }
}

#[test]
fn an_account_that_may_be_in_the_organization_is_told_and_not_cut_off() {
    let text = format!(
        "[ours]\norganization = \"o-exampleorg1\"\n[protected]\nresources = [\"{TRAIL}\"]\n"
    );
    let settings = Settings::parse(&text).unwrap();
    let judgement = granted("arn:aws:iam::444444444444:root", &settings);
    assert_eq!(judgement.verdict(), Verdict::CannotTell);
    assert!(kinds(&judgement).is_empty());
}

#[test]
fn a_partner_may_be_granted_the_key_that_it_may_read() {
    let text = format!(
        "[ours]\naccounts = [\"111111111111\"]\n[protected]\nresources = [\"{TRAIL}\"]\n\
         [[partners]]\naccount = \"333333333333\"\nexternal_id = \"siem-4711\"\nmay_read = [\"{KEY}\"]\npurpose = \"SIEM\"\n"
    );
    let settings = Settings::parse(&text).unwrap();
    let judgement = granted("arn:aws:iam::333333333333:root", &settings);
    assert_eq!(judgement.verdict(), Verdict::Clean);
}

#[test]
fn a_service_may_give_up_what_it_was_granted() {
    let rest = |identity: &str| {
        format!(
            r#"{{"eventSource":"kms.amazonaws.com","eventName":"RevokeGrant","awsRegion":"eu-west-1","recipientAccountId":"111111111111","userIdentity":{identity},"requestParameters":{{"keyId":"{KEY}","grantId":"0badc0de"}}}}"#
        )
    };
    for (identity, verdict) in [
        (
            r#"{"type":"AWSService","invokedBy":"dynamodb.amazonaws.com"}"#,
            Verdict::Clean,
        ),
        (
            r#"{"type":"IAMUser","arn":"arn:aws:iam::111111111111:user/tobias","accountId":"111111111111","invokedBy":"dynamodb.amazonaws.com"}"#,
            Verdict::Clean,
        ),
        (
            r#"{"type":"IAMUser","arn":"arn:aws:iam::111111111111:user/tobias","accountId":"111111111111","invokedBy":"cloudformation.amazonaws.com"}"#,
            Verdict::Violation,
        ),
    ] {
        let judgement = judged(&rest(identity), &settings(), &inventory());
        assert_eq!(judgement.verdict(), verdict, "{identity}");
    }
}

#[test]
fn a_key_that_nobody_guards_may_be_granted_to_anybody() {
    let rest = r#""requestParameters":{"keyId":"aaaaaaaa-5b0d-4a83-9c6e-2f81d0b7a354","granteePrincipal":"arn:aws:iam::333333333333:root"},"responseElements":{"grantId":"0badc0de"}"#;
    assert_eq!(
        with_settings("kms", "CreateGrant", rest).verdict(),
        Verdict::Clean
    );
}

/// The judgement of a grant whose request has these parameters, too.
fn granting(more: &str) -> Judgement {
    let rest = format!(
        r#""requestParameters":{{"keyId":"{KEY}","operations":["Decrypt"],{more}}},"responseElements":{{"grantId":"0badc0de"}}"#
    );
    with_settings("kms", "CreateGrant", &rest)
}

#[test]
fn a_service_is_granted_a_key_for_somebodys_resource() {
    let service = |constraints: &str| {
        granting(&format!(
            r#""granteeServicePrincipal":"sagemaker.amazonaws.com","constraints":{constraints}"#
        ))
    };
    let source = |account: &str| {
        service(&format!(
            r#"{{"sourceArn":"arn:aws:sagemaker:eu-west-1:{account}:notebook-instance/n"}}"#
        ))
    };
    assert_eq!(source("222222222222").verdict(), Verdict::Clean);
    let judgement = source("333333333333");
    assert_eq!(
        (judgement.verdict(), kinds(&judgement)),
        (Verdict::Violation, vec!["key-grant"])
    );
    for unsaid in [
        "{}",
        "null",
        r#"{"sourceArn":"arn:aws:s3:::logs"}"#,
        r#"{"sourceArn":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#,
        r#"{"sourceArn":["x"]}"#,
    ] {
        let judgement = service(unsaid);
        assert_eq!(judgement.verdict(), Verdict::CannotTell, "{unsaid}");
        assert!(kinds(&judgement).is_empty());
    }
}

#[test]
fn an_outsider_who_may_retire_a_grant_of_ours_is_told() {
    let retired_by = |who: &str| {
        granting(&format!(
            r#""granteePrincipal":"arn:aws:iam::222222222222:role/reader","retiringPrincipal":"{who}""#
        ))
    };
    for (who, verdict) in [
        ("arn:aws:iam::333333333333:root", Verdict::CannotTell),
        ("AROAEXAMPLEOPAQUE0001", Verdict::CannotTell),
        ("arn:aws:iam::111111111111:role/admin", Verdict::Clean),
        ("ec2.eu-west-1.amazonaws.com", Verdict::Clean),
    ] {
        let judgement = retired_by(who);
        assert_eq!(judgement.verdict(), verdict, "{who}");
        assert!(kinds(&judgement).is_empty());
    }
}
