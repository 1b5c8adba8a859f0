//! Whom statements name: users and roles that were deleted, and AWS's own accounts.

use super::*;
use crate::facets::guarded::without_returning;

pub const ALL_BUT: &str = r#"{"Sid":"AllBut","Effect":"Deny","NotPrincipal":{"AWS":["arn:aws:iam::111111111111:root","arn:aws:iam::111111111111:role/reader"]},"Action":"s3:DeleteObject","Resource":"arn:aws:s3:::acme-org-trail-logs/*"}"#;
/// The same once the role was deleted.
pub const SPARES_GONE: &str = r#"{"Sid":"AllBut","Effect":"Deny","NotPrincipal":{"AWS":["arn:aws:iam::111111111111:root","AROAQCGVN3O6B7EXAMPLE"]},"Action":"s3:DeleteObject","Resource":"arn:aws:s3:::acme-org-trail-logs/*"}"#;
const BALANCERS: &str = r#"{"Sid":"Balancers","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::156460612806:root"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::acme-org-trail-logs/AWSLogs/111111111111/elasticloadbalancing/*"}"#;

#[test]
fn a_role_that_was_deleted_is_spared_in_no_document_that_is_written() {
    let known = of_log_bucket(&[ALL_BUT]);
    let live = of_log_bucket(&[SPARES_GONE, STRANGER]);
    let change = changed(decide(&live, &guard(), Some(&known)));
    let left = ALL_BUT.replace(r#","arn:aws:iam::111111111111:role/reader""#, "");
    assert!(change.to.same(&of_log_bucket(&[&left])), "{:?}", change.to);
    // By itself it is known, and a person is to name whoever is meant.
    let live = of_log_bucket(&[SPARES_GONE]);
    match decide(&live, &guard(), Some(&known)) {
        Decision::CannotTell(why) => assert!(why.contains("spares a user or role"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_written_without_a_deleted_role_is_not_lost_at_the_next_look() {
    let root = r#""arn:aws:iam::111111111111:root","#;
    for known in [ALL_BUT.to_owned(), ALL_BUT.replace(root, "")] {
        let known = of_log_bucket(&[&known]);
        let gone = match known.text().unwrap().contains(":root") {
            true => SPARES_GONE.to_owned(),
            false => SPARES_GONE.replace(root, ""),
        };
        let live = of_log_bucket(&[&gone, STRANGER]);
        let change = changed(decide(&live, &guard(), Some(&known)));
        let again = decide(&change.to, &guard(), Some(&known));
        assert!(!matches!(again, Decision::Change(_)), "{again:?}");
    }
    // Whom a Deny is about is another matter: of fewer it is weaker.
    let about = |who: &str| {
        format!(
            r#"{{"Sid":"No","Effect":"Deny","Principal":{{"AWS":[{who}]}},"Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-org-trail-logs/*"}}"#
        )
    };
    let (a, b) = (
        r#""arn:aws:iam::111111111111:role/a""#,
        r#""arn:aws:iam::111111111111:role/b""#,
    );
    let known = of_log_bucket(&[&about(&format!("{a},{b}"))]);
    changed(decide(&of_log_bucket(&[&about(a)]), &guard(), Some(&known)));
}

#[test]
fn a_deny_that_spared_a_deleted_role_alone_denies_everybody_still() {
    let alone = SPARES_GONE.replace(r#""arn:aws:iam::111111111111:root","#, "");
    let change = changed(decide(&of_log_bucket(&[&alone, STRANGER]), &guard(), None));
    let everybody = alone.replace(
        r#""NotPrincipal":{"AWS":["AROAQCGVN3O6B7EXAMPLE"]}"#,
        r#""Principal":"*""#,
    );
    assert!(
        change.to.same(&of_log_bucket(&[&everybody])),
        "{:?}",
        change.to
    );
}

#[test]
fn whoever_may_be_gone_does_not_come_back_where_s3_refuses_it() {
    let root = OWN.replace("role/reader", "root").replace("Allow", "Deny");
    let known_root = root.replace("111111111111:root", "222222222222:root");
    for (returns, live) in [
        (ALL_BUT, of_log_bucket(&[OWN])),
        (&*root, of_log_bucket(&[BOTH])),
    ] {
        let to = match &live {
            PolicyState::Document(document) => PolicyState::Document(
                document
                    .with_statement_appended(returns)
                    .unwrap()
                    .with_statement_appended(DENY_HTTP)
                    .unwrap(),
            ),
            other => panic!("{other:?}"),
        };
        let less = without_returning(&live, &to).unwrap();
        let text = less.text().unwrap();
        assert!(text.contains("DenyInsecure") && !text.contains(r#""Deny","NotPrincipal""#));
        assert_eq!(
            less.document().unwrap().statements().len() + 1,
            to.document().unwrap().statements().len()
        );
    }
    // Whom the live policy names is there.
    let live = of_log_bucket(&[BOTH]);
    let to = of_log_bucket(&[
        &BOTH.replace(r#","arn:aws:iam::333333333333:root""#, ""),
        &known_root,
    ]);
    assert_eq!(without_returning(&live, &to), None);
}

#[test]
fn the_lost_delivery_of_load_balancers_comes_back() {
    let both = BALANCERS.replace(
        r#"{"AWS":"arn:aws:iam::156460612806:root"}"#,
        r#"{"AWS":"156460612806","Service":"logdelivery.elasticloadbalancing.amazonaws.com"}"#,
    );
    for lost in [BALANCERS, &both] {
        let known = of_log_bucket(&[lost]);
        let change = changed(decide(&of_log_bucket(&[]), &guard(), Some(&known)));
        assert!(change.to.same(&known), "{:?}", change.to);
    }
    // More than delivery is for its owner to put back.
    let reads = BALANCERS.replace("s3:PutObject", "s3:GetObject");
    let live = of_log_bucket(&[]);
    let known = of_log_bucket(&[&reads]);
    assert_eq!(decide(&live, &guard(), Some(&known)), Decision::Safe);
}
