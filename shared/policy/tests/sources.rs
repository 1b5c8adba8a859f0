//! Services that act for strangers, and principals that are gone.

#![allow(clippy::expect_used, reason = "tests fail loudly")]

use auditward_policy::{
    Deputy, Document, Kind, Statement, Zone, deputies, narrow_sources, without_deleted,
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

fn lets(service: &str, condition: &str) -> String {
    format!(
        r#"{{"Effect":"Allow","Principal":{{"Service":"{service}.amazonaws.com"}},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{condition}}}"#
    )
}

const STRANGE: &str =
    r#"{"StringEquals":{"AWS:SourceArn":"arn:aws:cloudfront::333333333333:distribution/E1"}}"#;
const OWN: &str =
    r#"{"StringEquals":{"AWS:SourceArn":"arn:aws:cloudfront::111111111111:distribution/E2"}}"#;

#[test]
fn each_grant_is_judged_by_itself() {
    let open = lets("cloudtrail", "{}");
    let found = deputies(
        &of(&[
            &open,
            &lets("cloudfront", STRANGE),
            &lets("cloudfront", OWN),
        ]),
        Kind::Bucket,
        &zone(),
    );
    let all = [Deputy::Open, Deputy::Foreign, Deputy::Closed];
    assert_eq!(found, all.into_iter().enumerate().collect::<Vec<_>>());
}

#[test]
fn exactly_the_strange_source_goes() {
    let narrowed = |document: &Document| narrow_sources(document, Kind::Bucket, &zone());
    let both = STRANGE.replace(
        r#""arn:aws:cloudfront::3"#,
        r#"["arn:aws:cloudfront::111111111111:distribution/E2","arn:aws:cloudfront::3"#,
    );
    let both = both.replace(r#"/E1""#, r#"/E1"]"#);
    let (open, own) = (lets("cloudtrail", "{}"), lets("cloudfront", OWN));
    let live = of(&[
        &open,
        &lets("cloudfront", STRANGE),
        &lets("cloudfront", &both),
    ]);
    let after = narrowed(&live);
    assert!(
        after.document.means_the_same(&of(&[&open, &own])),
        "{}",
        after.document
    );
    let (whole, part) = (
        after.removed.first().expect("one removal"),
        after.removed.last().expect("another one"),
    );
    assert!(whole.whole && whole.principals == ["cloudfront.amazonaws.com"]);
    assert!(!part.whole && part.values == ["arn:aws:cloudfront::333333333333:distribution/E1"]);
    assert!(!narrowed(&after.document).changed);

    // Whoever is named beside the service stays.
    let mixed = lets("cloudfront", STRANGE).replace(
        r#"{"Service""#,
        r#"{"AWS":"arn:aws:iam::111111111111:role/reader","Service""#,
    );
    let after = narrowed(&of(&[&mixed]));
    assert!(!after.document.to_json().contains("Service") && !after.empty);
}

#[test]
fn sources_that_may_be_ours_stay() {
    for condition in [
        OWN,
        "{}",
        r#"{"StringEquals":{"aws:SourceAccount":["111111111111","222222222222"]}}"#,
        r#"{"StringEquals":{"aws:SourceOrgID":"o-exampleorg1"}}"#,
        r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::any-bucket"}}"#,
        r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::any-bucket"},"StringEquals":{"aws:SourceAccount":"111111111111"}}"#,
        r#"{"ArnLike":{"aws:SourceArn":"arn:aws:logs:*:111111111111:*"}}"#,
    ] {
        let document = of(&[&lets("logging.s3", condition)]);
        let narrowed = narrow_sources(&document, Kind::Bucket, &zone());
        assert!(!narrowed.changed, "{condition}");
    }
    let mut zone = zone();
    zone.partners.push(auditward_policy::Partner {
        account: "333333333333".to_owned(),
        ..Default::default()
    });
    assert!(!narrow_sources(&of(&[&lets("cloudfront", STRANGE)]), Kind::Bucket, &zone).changed);
}

#[test]
fn who_was_deleted_goes_out_of_a_document() {
    let own = r#"{"Sid":"Both","Effect":"Allow","Principal":{"AWS":["AROAQCGVN3O6B7EXAMPLE","arn:aws:iam::111111111111:root"]},"Action":"s3:GetObject","Resource":"*"}"#;
    let only = r#"{"Effect":"Deny","Principal":{"AWS":"AIDAQCGVN3O6B7EXAMPLE"},"Action":"s3:*","Resource":"*"}"#;
    let (left, gone) = without_deleted(&of(&[own, only]));
    assert_eq!(gone, ["AIDAQCGVN3O6B7EXAMPLE", "AROAQCGVN3O6B7EXAMPLE"]);
    let root = own.replace(r#""AROAQCGVN3O6B7EXAMPLE","#, "");
    assert!(left.means_the_same(&of(&[&root])), "{left}");
    assert_eq!(without_deleted(&left), (left.clone(), Vec::new()));
}

#[test]
fn who_was_deleted_is_spared_no_longer() {
    let of_effect = |effect: &str, who: &str| {
        format!(r#"{{"Sid":"All","Effect":"{effect}",{who},"Action":"s3:*","Resource":"*"}}"#)
    };
    for effect in ["Deny", "Allow"] {
        let spares = |who: &str| of_effect(effect, &format!(r#""NotPrincipal":{{"AWS":[{who}]}}"#));
        let role = r#""arn:aws:iam::111111111111:role/a""#;
        let id = r#""AROAQCGVN3O6B7EXAMPLE""#;
        let (left, gone) = without_deleted(&of(&[&spares(&format!("{role},{id}"))]));
        assert_eq!(gone, ["AROAQCGVN3O6B7EXAMPLE"]);
        assert!(left.means_the_same(&of(&[&spares(role)])), "{left}");
        // All but nobody are everybody: dropped, a Deny would let them in.
        let (left, _) = without_deleted(&of(&[&spares(id)]));
        let everybody = of(&[&of_effect(effect, r#""Principal":"*""#)]);
        assert!(left.means_the_same(&everybody), "{left}");
    }
}

#[test]
fn a_deny_is_known_though_whom_it_spares_was_deleted() {
    let spares = |who: &str| {
        let text = format!(
            r#"{{"Effect":"Deny","NotPrincipal":{{"AWS":[{who}]}},"Action":"s3:*","Resource":"*"}}"#
        );
        Statement::parse(&text).expect("a statement")
    };
    let (a, b) = (
        r#""arn:aws:iam::111111111111:role/a""#,
        r#""arn:aws:iam::111111111111:role/b""#,
    );
    let known = spares(&format!("{a},{b}"));
    let id = r#""AROAQCGVN3O6B7EXAMPLE""#;
    assert!(spares(&format!("{a},{id}")).is_after_deletions(&known));
    let other = r#""arn:aws:iam::333333333333:role/x""#;
    for wider in [
        a.to_owned(),
        format!("{a},{other}"),
        format!("{other},{id}"),
    ] {
        assert!(!spares(&wider).is_after_deletions(&known), "{wider}");
    }
}

#[test]
fn a_deny_that_spares_fewer_is_no_weaker() {
    let of = |principal: &str, more: &str| {
        let text =
            format!(r#"{{"Effect":"Deny",{principal},"Action":"s3:*","Resource":"*"{more}}}"#);
        Statement::parse(&text).expect("a statement")
    };
    let spares = |who: &str| of(&format!(r#""NotPrincipal":{{"AWS":[{who}]}}"#), "");
    let (a, b) = (
        r#""arn:aws:iam::111111111111:root""#,
        r#""arn:aws:iam::111111111111:role/b""#,
    );
    let known = spares(&format!("{a},{b}"));
    let everybody = of(r#""Principal":"*""#, "");
    for fewer in [
        known.clone(),
        spares(a),
        spares(b),
        spares(r#""111111111111""#),
        everybody.clone(),
        of(r#""Principal":{"AWS":"*"}"#, ""),
    ] {
        assert!(fewer.spares_no_more_than(&known), "{fewer}");
    }
    let condition = r#","Condition":{"Bool":{"aws:SecureTransport":"false"}}"#;
    for weaker in [
        spares(&format!(r#"{a},"arn:aws:iam::111111111111:role/c""#)),
        spares(r#""*""#),
        of(
            &format!(r#""NotPrincipal":{{"AWS":[{a}],"Service":"s3.amazonaws.com"}}"#),
            "",
        ),
        of(&format!(r#""NotPrincipal":{{"AWS":[{a}]}}"#), condition),
        of(r#""Principal":"*""#, condition),
        of(&format!(r#""Principal":{{"AWS":[{a},{b}]}}"#), ""),
    ] {
        assert!(!weaker.spares_no_more_than(&known), "{weaker}");
    }
    // Nobody is spared by a list of whom it is about.
    let about = |who: &str| of(&format!(r#""Principal":{{"AWS":[{who}]}}"#), "");
    assert!(!about(a).spares_no_more_than(&about(&format!("{a},{b}"))));
    assert!(!known.spares_no_more_than(&everybody));
    let allows = |one: &Statement| {
        Statement::parse(&one.to_json().replace("Deny", "Allow")).expect("a statement")
    };
    assert!(!allows(&spares(a)).spares_no_more_than(&allows(&known)));
}

#[test]
fn logs_are_delivered_by_services_and_by_accounts_of_load_balancers() {
    let lets = |principal: &str, action: &str| {
        let text = format!(
            r#"{{"Effect":"Allow","Principal":{principal},"Action":{action},"Resource":"*"}}"#
        );
        Statement::parse(&text)
            .expect("a statement")
            .delivers_logs()
    };
    let put = r#""s3:PutObject""#;
    let balancer = r#"{"AWS":"arn:aws:iam::156460612806:root"}"#;
    assert!(lets(balancer, put));
    assert!(lets(
        r#"{"AWS":["156460612806","127311923021"],"Service":"logdelivery.elasticloadbalancing.amazonaws.com"}"#,
        put
    ));
    assert!(lets(r#"{"Service":"delivery.logs.amazonaws.com"}"#, put));
    assert!(!lets(balancer, r#"["s3:PutObject","s3:GetObject"]"#));
    for other in [
        r#"{"AWS":["156460612806","333333333333"]}"#,
        r#"{"AWS":"arn:aws:iam::156460612806:role/x"}"#,
        r#"{"AWS":"*"}"#,
        r#""*""#,
        "{}",
    ] {
        assert!(!lets(other, put), "{other}");
    }
}

#[test]
fn a_statement_is_known_though_its_role_was_deleted() {
    let of = |sid: &str, who: &str| {
        let text = format!(
            r#"{{"Sid":"{sid}","Effect":"Deny","Principal":{{"AWS":{who}}},"Action":"s3:*","Resource":"*"}}"#
        );
        Statement::parse(&text).expect("a statement")
    };
    let role = |name: &str| format!(r#""arn:aws:iam::111111111111:role/{name}""#);
    let known = of("No", &format!("[{},{}]", role("a"), role("b")));
    let id = r#""AROAQCGVN3O6B7EXAMPLE""#;
    let one = of("No", &format!("[{id},{}]", role("b")));
    assert!(one.is_after_deletions(&known));
    for other in [
        known.clone(),
        of("Other", &format!("[{id},{}]", role("b"))),
        of("No", id),
        of("No", &format!("[{id},{}]", role("c"))),
        of("No", &format!("[{id},{},{}]", role("a"), role("b"))),
    ] {
        assert!(!other.is_after_deletions(&known), "{other}");
    }
    let account = of("No", r#""arn:aws:iam::111111111111:root""#);
    assert!(
        !of("No", id).is_after_deletions(&account),
        "accounts have no unique ids"
    );
}
