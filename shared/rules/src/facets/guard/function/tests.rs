use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::facets::law::{Stage, changed, keeps_the_law};

const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111111111111:function:auditward-trail-guard";
const QUEUE: &str = "arn:aws:sqs:eu-west-1:111111111111:auditward-trail-guard";

fn sources(all: &[(&str, bool)]) -> BTreeMap<String, Source> {
    let read = |enabled| Source {
        enabled,
        batch: Some(1),
        ..Source::default()
    };
    all.iter()
        .map(|(name, enabled)| ((*name).to_owned(), read(*enabled)))
        .collect()
}

fn lost(source: &str) -> SourcesWish {
    SourcesWish {
        lost: Some(Lost {
            source: source.into(),
            read: Source::default(),
        }),
    }
}

fn any_sources() -> impl Strategy<Value = BTreeMap<String, Source>> {
    let one = prop::sample::subsequence(vec![("a", true), ("b", false), ("c", true)], 0..=3);
    one.prop_map(|all| sources(&all))
}

fn any_rights() -> impl Strategy<Value = BTreeMap<String, Permission>> {
    let right = |principal: &str| Permission {
        action: "lambda:InvokeFunction".into(),
        principal: principal.into(),
        terms: Texts::new(),
    };
    let all = vec![
        ("a", right("events.amazonaws.com")),
        ("b", right("*")),
        ("b", right("333333333333")),
    ];
    prop::sample::subsequence(all, 0..=3).prop_map(|all| {
        all.into_iter()
            .map(|(sid, one)| (sid.into(), one))
            .collect()
    })
}

proptest! {
    #[test]
    fn the_law_holds_for_what_may_run(
        live in prop::option::of(0..4i32),
        known in prop::option::of(prop::option::of(0..4i32)),
    ) {
        let stage = Stage::of(FUNCTION);
        let wish = crate::facets::kept::AsRecorded::Baseline;
        keeps_the_law::<FunctionConcurrency>(&stage, &live, &wish, known.as_ref())?;
    }

    #[test]
    fn the_law_holds_for_sources(
        live in any_sources(),
        known in prop::option::of(any_sources()),
        asked in prop::option::of("[a-d]"),
    ) {
        let stage = Stage::of(FUNCTION);
        let wish = asked.as_deref().map(lost).unwrap_or_default();
        keeps_the_law::<FunctionSources>(&stage, &live, &wish, known.as_ref())?;
    }

    #[test]
    fn the_law_holds_for_rights(live in any_rights(), known in prop::option::of(any_rights())) {
        let stage = Stage::of(FUNCTION);
        let wish = crate::facets::kept::AsRecorded::Baseline;
        keeps_the_law::<FunctionPermissions>(&stage, &live, &wish, known.as_ref())?;
    }

    #[test]
    fn the_law_holds_for_urls(live in prop::option::of("NONE|AWS_IAM")) {
        let stage = Stage::of(FUNCTION);
        keeps_the_law::<FunctionUrl>(&stage, &live, &UrlWish::Signed, None)?;
    }
}

#[test]
fn a_source_that_was_cut_off_is_read_again_as_the_event_shows_it() {
    let stage = Stage::of(FUNCTION);
    let decide = |live: &[(&str, bool)]| {
        FunctionSources::decide(&sources(live), &lost(QUEUE), None, stage.scene())
    };
    for live in [
        &[][..],
        &[(QUEUE, false)],
        &[(QUEUE, false), ("other", false)],
    ] {
        let change = changed(decide(live));
        assert!(change.evidence_on && change.to[QUEUE].enabled, "{live:?}");
        assert!(!change.to.get("other").is_some_and(|other| other.enabled));
    }
    assert_eq!(decide(&[(QUEUE, true)]), Decision::Safe);
}

#[test]
fn who_may_call_besides_is_neither_taken_out_nor_learnt() {
    let right = Permission {
        action: "lambda:InvokeFunction".into(),
        principal: "events.amazonaws.com".into(),
        terms: Texts::new(),
    };
    let known = BTreeMap::from([("deployed".to_owned(), right.clone())]);
    let live = BTreeMap::from([("other".to_owned(), right.clone())]);
    let mended = Permissions::mend(&live, &known);
    assert_eq!(mended.len(), 2);
    assert_eq!(
        Permissions::compare(&mended, &known),
        Standing::Incomparable
    );
}

#[test]
fn a_statement_survives_the_way_through_lambda_and_through_a_case() {
    let terms = [
        (
            "sourceArn",
            "arn:aws:events:eu-west-1:111111111111:rule/auditward-keys",
        ),
        ("sourceAccount", "111111111111"),
        ("principalOrgID", "o-exampleorg1"),
        ("functionUrlAuthType", "AWS_IAM"),
        ("invokedViaFunctionUrl", "true"),
    ];
    for principal in [
        "*",
        "events.amazonaws.com",
        "arn:aws:iam::333333333333:root",
    ] {
        let right = Permission {
            action: "lambda:InvokeFunction".into(),
            principal: principal.into(),
            terms: terms
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        };
        let statement = right.statement("sid", FUNCTION);
        assert_eq!(Permission::read(&statement).as_ref(), Some(&right));
        assert_eq!(Permission::of_detail(&right.detail()), Some(right));
    }
}

#[test]
fn a_statement_of_another_form_is_not_read_as_something_it_is_not() {
    for statement in [
        json!({"Effect": "Deny", "Principal": "*", "Action": "lambda:*"}),
        json!({"Effect": "Allow", "Principal": {"Federated": "x"}, "Action": "lambda:*"}),
        json!({"Effect": "Allow", "Principal": {"AWS": ["a", "b"]}, "Action": "lambda:*"}),
        json!({"Effect": "Allow", "Principal": "*", "Action": "lambda:*",
            "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}),
    ] {
        assert_eq!(Permission::read(&statement), None, "{statement}");
    }
}
