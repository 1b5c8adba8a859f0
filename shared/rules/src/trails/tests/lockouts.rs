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
