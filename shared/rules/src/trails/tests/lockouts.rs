use super::*;

/// The judgement of a key policy that has this statement besides what must be there.
fn put(deny: &str) -> Judgement {
    let document = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::111111111111:root"}},"Action":"kms:*","Resource":"*"}},{{"Effect":"Allow","Principal":{{"Service":"cloudtrail.amazonaws.com"}},"Action":["kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*"}},{{"Effect":"Deny","Resource":"*",{deny}}}]}}"#
    );
    let rest = format!(r#""requestParameters":{{"keyId":"{KEY}","policy":{document}}}"#);
    with_settings("kms", "PutKeyPolicy", &rest)
}

#[test]
fn a_deny_that_disarms_the_guard_is_a_lock_out() {
    for deny in [
        r#""Principal":"*","Action":"kms:CancelKeyDeletion""#,
        r#""NotPrincipal":{"AWS":["arn:aws:iam::111111111111:root","arn:aws:iam::111111111111:user/eve"]},"Action":["kms:PutKeyPolicy","kms:EnableKey"]"#,
        r#""Principal":{"AWS":"arn:aws:sts::111111111111:assumed-role/auditward-trail-guard-eu-west-1/x"},"Action":"kms:EnableKey""#,
    ] {
        let judgement = put(deny);
        let finding = &judgement.findings[0];
        assert_eq!(
            (judgement.verdict(), finding.rule.id),
            (Verdict::Violation, "key.policy-lockout"),
            "{deny}"
        );
        assert!(finding.summary.contains("denied"), "{}", finding.summary);
    }
}

#[test]
fn whether_a_condition_hits_the_guard_may_not_be_told() {
    let judgement = put(
        r#""Principal":"*","Action":"kms:CancelKeyDeletion","Condition":{"NotIpAddress":{"aws:SourceIp":"198.51.100.0/24"}}"#,
    );
    assert_eq!(judgement.verdict(), Verdict::CannotTell);
    let mut rules = judgement.findings.iter().map(|finding| finding.rule.id);
    assert!(rules.any(|id| id == "key.policy-lockout"));
    let judgement = put(r#""Principal":"*","Action":"kms:ScheduleKeyDeletion""#);
    let mut rules = judgement.findings.iter().map(|finding| finding.rule.id);
    assert!(rules.all(|id| id != "key.policy-lockout"));
}

#[test]
fn a_key_policy_is_judged_by_the_trails_that_discovery_knows() {
    let policy = |source: &str| {
        let document = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::111111111111:root"}},"Action":"kms:*","Resource":"*"}},{{"Effect":"Allow","Principal":{{"Service":"cloudtrail.amazonaws.com"}},"Action":["kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*","Condition":{{"StringEquals":{{"aws:SourceArn":"{source}"}}}}}}]}}"#
        );
        let object = with_settings(
            "kms",
            "PutKeyPolicy",
            &format!(r#""requestParameters":{{"keyId":"{KEY}","policy":{document}}}"#),
        );
        let text = serde_json::to_string(&document).unwrap();
        let text = with_settings(
            "kms",
            "PutKeyPolicy",
            &format!(r#""requestParameters":{{"keyId":"{KEY}","policy":{text}}}"#),
        );
        assert_eq!(object.verdict(), text.verdict());
        text
    };
    // Whether it lost something else only the baseline tells.
    let judgement = policy(TRAIL);
    assert_eq!(judgement.verdict(), Verdict::CannotTell);
    assert_eq!(judgement.findings.len(), 1);
    assert_eq!(judgement.findings[0].rule.id, "key.policy-opened");
    let judgement = policy("arn:aws:cloudtrail:eu-west-1:111111111111:trail/other");
    assert_eq!(judgement.verdict(), Verdict::Violation);
    assert!(
        judgement.findings[0]
            .summary
            .contains("CloudTrail cannot encrypt the logs of trail org-trail")
    );
}

#[test]
fn a_key_policy_that_cannot_be_read_is_read_live() {
    for policy in [r#""HIDDEN_DUE_TO_SECURITY_REASONS""#, r#""not json""#] {
        let rest = format!(r#""requestParameters":{{"keyId":"{KEY}","policy":{policy}}}"#);
        let judgement = with_settings("kms", "PutKeyPolicy", &rest);
        assert_eq!(
            (judgement.verdict(), kinds(&judgement)),
            (Verdict::CannotTell, vec!["key-policy"])
        );
    }
}
