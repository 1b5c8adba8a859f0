use super::coverage::{covers, covers_all};
use super::*;
use crate::facet::Decision;

pub(super) fn basic(kind: &str, management: bool) -> BasicSelector {
    BasicSelector {
        read_write_type: kind.into(),
        include_management_events: management,
        ..BasicSelector::default()
    }
}

pub(super) fn s3(values: &[&str]) -> DataResource {
    DataResource {
        kind: "AWS::S3::Object".into(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    }
}

pub(super) fn with_data(mut one: BasicSelector, data: DataResource) -> BasicSelector {
    one.data_resources.push(data);
    one
}

pub(super) fn excluding(mut one: BasicSelector, sources: &[&str]) -> BasicSelector {
    one.exclude_management_event_sources =
        sources.iter().map(|source| (*source).to_owned()).collect();
    one
}

pub(super) fn management(more: &[FieldSelector]) -> AdvancedSelector {
    let mut one = AdvancedSelector::management();
    one.field_selectors.extend_from_slice(more);
    one
}

pub(super) fn data(kind: &str, more: &[FieldSelector]) -> AdvancedSelector {
    let mut field_selectors = vec![
        FieldSelector::equals("eventCategory", ["Data"]),
        FieldSelector::equals("resources.type", [kind]),
    ];
    field_selectors.extend_from_slice(more);
    AdvancedSelector {
        name: None,
        field_selectors,
    }
}

fn not(field: &str, values: &[&str]) -> FieldSelector {
    let not_equals = values.iter().map(|value| (*value).to_owned()).collect();
    FieldSelector {
        field: field.into(),
        not_equals,
        ..FieldSelector::default()
    }
}

pub(super) fn state(form: Form) -> <TrailSelectors as Facet>::State {
    Some(Selectors {
        form,
        covered_elsewhere: None,
    })
}

fn decide(live: &Form, known: Option<&Form>) -> Decision<<TrailSelectors as Facet>::State> {
    let known = known.cloned().map(state);
    TrailSelectors::decide(
        &state(live.clone()),
        &SelectorsWish::Full,
        known.as_ref(),
        stage().scene(),
    )
}

fn to(live: &Form, known: Option<&Form>) -> Form {
    let change = changed(decide(live, known));
    assert!(change.evidence_on, "{change:?}");
    change.to.unwrap().form
}

// An event, and whether selectors select it: by the letter of the API reference,
// to hold the logic of coverage against.
type Event = Vec<(&'static str, &'static str)>;

fn selects(selector: &AdvancedSelector, event: &Event) -> bool {
    selector.field_selectors.iter().all(|condition| {
        let value = event
            .iter()
            .find(|(field, _)| *field == condition.field)
            .map_or("", |(_, value)| value);
        let any = condition.equals.iter().any(|text| value == text)
            || condition
                .starts_with
                .iter()
                .any(|text| value.starts_with(text.as_str()))
            || condition
                .ends_with
                .iter()
                .any(|text| value.ends_with(text.as_str()));
        let positive = [
            &condition.equals,
            &condition.starts_with,
            &condition.ends_with,
        ];
        let barred = condition.not_equals.iter().any(|text| value == text)
            || condition
                .not_starts_with
                .iter()
                .any(|text| value.starts_with(text.as_str()))
            || condition
                .not_ends_with
                .iter()
                .any(|text| value.ends_with(text.as_str()));
        (any || positive.iter().all(|list| list.is_empty())) && !barred
    })
}

fn any_event() -> impl Strategy<Value = Event> {
    let one = |field: &'static str, values: &'static [&'static str]| {
        prop::sample::select(values).prop_map(move |value| (field, value))
    };
    let category = one("eventCategory", &["Management", "Data"]);
    let read = one("readOnly", &["true", "false"]);
    let source = one(
        "eventSource",
        &[
            "kms.amazonaws.com",
            "iam.amazonaws.com",
            "rdsdata.amazonaws.com",
        ],
    );
    let kind = one(
        "resources.type",
        &["AWS::S3::Object", "AWS::Lambda::Function"],
    );
    let arn = one(
        "resources.ARN",
        &[
            "arn:aws:s3:::logs/a",
            "arn:aws:s3:::logs/b/c",
            "arn:aws:s3:::web/x",
        ],
    );
    let name = one("eventName", &["PutObject", "PutKeyPolicy", "GetObject"]);
    (category, read, source, kind, arn, name).prop_map(|(a, b, c, d, e, f)| vec![a, b, c, d, e, f])
}

fn any_field() -> impl Strategy<Value = FieldSelector> {
    let values = |list: &'static [&'static str]| {
        prop::collection::vec(prop::sample::select(list).prop_map(str::to_owned), 0..3)
    };
    let sources: &[_] = &[
        "kms.amazonaws.com",
        "iam.amazonaws.com",
        "rdsdata.amazonaws.com",
    ];
    let arns: &[_] = &[
        "arn:aws:s3:::logs/",
        "arn:aws:s3:::logs/a",
        "arn:aws:s3:::web/x",
        "/c",
    ];
    let names: &[_] = &["Put", "PutObject", "GetObject", "Object"];
    prop_oneof![
        prop::sample::select(vec!["true", "false"])
            .prop_map(|value| FieldSelector::equals("readOnly", [value])),
        (values(sources), values(sources)).prop_map(|(equals, not_equals)| FieldSelector {
            field: "eventSource".into(),
            equals,
            not_equals,
            ..FieldSelector::default()
        }),
        (values(arns), values(arns), values(arns)).prop_map(
            |(starts_with, ends_with, not_starts_with)| {
                FieldSelector {
                    field: "resources.ARN".into(),
                    starts_with,
                    ends_with,
                    not_starts_with,
                    ..FieldSelector::default()
                }
            }
        ),
        (values(names), values(names), values(names)).prop_map(
            |(equals, starts_with, not_ends_with)| FieldSelector {
                field: "eventName".into(),
                equals,
                starts_with,
                not_ends_with,
                ..FieldSelector::default()
            }
        ),
    ]
}

fn any_advanced() -> impl Strategy<Value = AdvancedSelector> {
    (
        any::<bool>(),
        any::<bool>(),
        prop::collection::vec(any_field(), 0..3),
    )
        .prop_map(|(of_data, lambda, more)| {
            if !of_data {
                return management(&more);
            }
            data(
                if lambda {
                    "AWS::Lambda::Function"
                } else {
                    "AWS::S3::Object"
                },
                &more,
            )
        })
}

fn any_basic() -> impl Strategy<Value = BasicSelector> {
    let kind = prop::sample::select(vec!["All", "ReadOnly", "WriteOnly"]);
    let values: &[_] = &[
        "arn:aws:s3",
        "arn:aws:s3:::logs/",
        "arn:aws:s3:::logs/a",
        "arn:aws:s3:::web/",
    ];
    let data = prop::collection::vec(prop::sample::select(values), 0..3);
    let excluded: &[_] = &[
        "kms.amazonaws.com",
        "rdsdata.amazonaws.com",
        "iam.amazonaws.com",
    ];
    let excluded = prop::sample::subsequence(excluded, 0..3);
    (kind, any::<bool>(), data, excluded).prop_map(|(kind, management, values, excluded)| {
        let one = basic(kind, management);
        let one = if management {
            excluding(one, &excluded)
        } else {
            one
        };
        if values.is_empty() {
            one
        } else {
            with_data(one, s3(&values))
        }
    })
}

pub(super) fn any_form() -> impl Strategy<Value = Form> {
    prop_oneof![
        prop::collection::vec(any_basic(), 1..6).prop_map(Form::Basic),
        prop::collection::vec(any_advanced(), 1..5).prop_map(Form::Advanced),
    ]
}

pub(super) fn any_state() -> impl Strategy<Value = <TrailSelectors as Facet>::State> {
    let selectors = (any_form(), any::<Option<bool>>());
    let selectors = selectors.prop_map(|(form, covered_elsewhere)| Selectors {
        form,
        covered_elsewhere,
    });
    prop::option::weighted(0.95, selectors)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn selectors_keep_the_law(live in any_state(), baseline in prop::option::of(any_state())) {
        keeps_the_law::<TrailSelectors>(&stage(), &live, &SelectorsWish::Full, baseline.as_ref())?;
    }

    #[test]
    fn no_event_is_lost_by_a_change(live in any_form(), known in prop::option::of(any_form()), event in any_event()) {
        if let Decision::Change(change) = decide(&live, known.as_ref()) {
            let selected = |form: &Form| form.to_advanced().iter().any(|one| selects(one, &event));
            let after = selected(&change.to.unwrap().form);
            prop_assert!(after || !selected(&live));
            prop_assert!(after || !known.as_ref().is_some_and(selected));
        }
    }

    #[test]
    fn covered_means_that_every_event_is_selected(
        have in prop::collection::vec(any_advanced(), 1..4), wanted in any_advanced(), event in any_event(),
    ) {
        if covers(&have, &wanted) && selects(&wanted, &event) {
            prop_assert!(have.iter().any(|one| selects(one, &event)));
        }
    }

    #[test]
    fn whatever_is_selected_covers_itself(form in any_form()) {
        let all = form.to_advanced();
        prop_assert!(covers_all(&all, &all));
    }
}

#[test]
fn reading_and_writing_may_be_selected_apart() {
    assert!(Form::Basic(vec![basic("ReadOnly", true), basic("WriteOnly", true)]).is_full());
    assert!(!Form::Basic(vec![basic("ReadOnly", true)]).is_full());
    assert!(!Form::Basic(vec![basic("All", false)]).is_full());
    assert!(!Form::Basic(Vec::new()).is_full());
}

#[test]
fn leaving_out_noisy_sources_is_normal_and_any_other_is_not() {
    let form = |sources: &[&str]| Form::Basic(vec![excluding(basic("All", true), sources)]);
    assert!(form(&["kms.amazonaws.com", "rdsdata.amazonaws.com"]).is_full());
    assert!(!form(&["iam.amazonaws.com"]).is_full());
    let form = |sources: &[&str]| Form::Advanced(vec![management(&[not("eventSource", sources)])]);
    assert!(form(&["kms.amazonaws.com"]).is_full());
    assert!(!form(&["sts.amazonaws.com"]).is_full());
}

#[test]
fn narrowing_by_any_field_counts() {
    for field in [
        FieldSelector::equals("readOnly", ["true"]),
        FieldSelector::equals("eventName", ["StopLogging"]),
        FieldSelector::equals("eventSource", ["ec2.amazonaws.com"]),
        FieldSelector::equals("sessionCredentialFromConsole", ["true"]),
        not(
            "userIdentity.arn",
            &["arn:aws:iam::111111111111:role/quiet"],
        ),
        not("eventType", &["AwsServiceEvent"]),
    ] {
        assert!(
            !Form::Advanced(vec![management(std::slice::from_ref(&field))]).is_full(),
            "{field:?}"
        );
    }
}

#[test]
fn management_that_was_switched_off_comes_back_in_the_same_selector() {
    let live = with_data(basic("All", false), s3(&["arn:aws:s3:::logs/"]));
    let expected = with_data(basic("All", true), s3(&["arn:aws:s3:::logs/"]));
    assert_eq!(
        to(&Form::Basic(vec![live]), None),
        Form::Basic(vec![expected])
    );
    assert_eq!(
        to(&Form::Basic(vec![basic("WriteOnly", true)]), None),
        Form::Basic(vec![basic("All", true)])
    );
}

#[test]
fn data_events_never_widen_with_management_events() {
    let live = with_data(basic("WriteOnly", true), s3(&["arn:aws:s3:::logs/"]));
    let expected = vec![live.clone(), BasicSelector::default()];
    assert_eq!(to(&Form::Basic(vec![live]), None), Form::Basic(expected));
}

#[test]
fn advanced_selectors_stay_advanced_and_all_of_them_stay() {
    let live = vec![
        data("AWS::S3::Object", &[]),
        management(&[FieldSelector::equals("readOnly", ["true"])]),
    ];
    let mut expected = live.clone();
    expected.push(AdvancedSelector::management());
    assert_eq!(to(&Form::Advanced(live), None), Form::Advanced(expected));
}

#[test]
fn what_another_trail_covers_is_safe_where_nothing_is_recorded() {
    let narrow = |covered_elsewhere| {
        Some(Selectors {
            form: Form::Basic(vec![basic("ReadOnly", true)]),
            covered_elsewhere,
        })
    };
    let decide = |covered, known: Option<&_>| {
        TrailSelectors::decide(
            &narrow(covered),
            &SelectorsWish::Full,
            known,
            stage().scene(),
        )
    };
    assert_eq!(decide(Some(true), None), Decision::Safe);
    assert!(matches!(decide(Some(false), None), Decision::Change(_)));
    assert!(matches!(decide(None, None), Decision::Change(_)));
    let known = state(Form::Basic(vec![basic("All", true)]));
    assert!(matches!(
        decide(Some(true), Some(&known)),
        Decision::Change(_)
    ));
}

#[test]
fn lost_data_selectors_come_back_and_later_ones_stay() {
    let known = Form::Basic(vec![with_data(
        basic("All", true),
        s3(&["arn:aws:s3:::logs/"]),
    )]);
    let later = with_data(basic("All", false), s3(&["arn:aws:s3:::web/"]));
    let Form::Basic(mut expected) = known.clone() else {
        panic!()
    };
    expected.push(later.clone());
    let live = Form::Basic(vec![basic("All", true), later]);
    assert_eq!(to(&live, Some(&known)), Form::Basic(expected));
}

#[test]
fn a_source_newly_left_out_is_weaker_than_the_record_even_if_it_is_noisy() {
    // Without KMS's events nobody sees a trail's key being disabled.
    let known = Form::Basic(vec![basic("All", true)]);
    let live = Form::Basic(vec![excluding(basic("All", true), &["kms.amazonaws.com"])]);
    assert_eq!(
        TrailSelectors::compare(&state(live.clone()), &state(known.clone())),
        Standing::Weaker
    );
    assert_eq!(
        to(&live, Some(&known)),
        Form::Basic(vec![basic("All", true)])
    );
    assert_eq!(decide(&live, None), Decision::Safe);
}

#[test]
fn the_same_selection_in_the_other_form_is_the_same() {
    let known = Form::Basic(vec![with_data(
        basic("All", true),
        s3(&["arn:aws:s3:::logs/", "arn:aws:s3:::web/"]),
    )]);
    let arns = |value: &str| FieldSelector {
        field: "resources.ARN".into(),
        starts_with: vec![value.into()],
        ..FieldSelector::default()
    };
    let live = Form::Advanced(vec![
        management(&[]),
        data("AWS::S3::Object", &[arns("arn:aws:s3:::logs/")]),
        data("AWS::S3::Object", &[arns("arn:aws:s3:::web/")]),
    ]);
    assert_eq!(decide(&live, Some(&known)), Decision::Safe);
    assert!(TrailSelectors::same(&state(live), &state(known)));
}

#[test]
fn what_an_advanced_trail_lost_comes_back_beside_what_it_has() {
    let known = Form::Basic(vec![with_data(basic("All", true), s3(&["arn:aws:s3"]))]);
    let lambda = data("AWS::Lambda::Function", &[]);
    let live = Form::Advanced(vec![
        management(&[FieldSelector::equals("readOnly", ["false"])]),
        lambda.clone(),
    ]);
    let Form::Advanced(list) = to(&live, Some(&known)) else {
        panic!()
    };
    assert!(covers_all(&list, &known.to_advanced()));
    assert!(list.contains(&lambda));
}

#[test]
fn six_basic_selectors_become_one_that_selects_all() {
    let buckets = ["a", "b", "c", "d", "e"];
    let arn = |bucket: &str| format!("arn:aws:s3:::{bucket}/");
    let all = buckets.map(|bucket| with_data(basic("WriteOnly", false), s3(&[&arn(bucket)])));
    let known = Form::Basic(vec![basic("All", true)]);
    let Form::Basic(list) = to(&Form::Basic(all.to_vec()), Some(&known)) else {
        panic!()
    };
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].data_resources[0].values, buckets.map(arn));
    assert!(list[0].include_management_events);
}

#[test]
fn an_added_data_selector_is_not_simply_stronger() {
    let known = state(Form::Advanced(vec![management(&[])]));
    let live = state(Form::Advanced(vec![
        management(&[]),
        data("AWS::S3::Object", &[]),
    ]));
    assert_eq!(
        TrailSelectors::compare(&live, &known),
        Standing::Incomparable
    );
    let narrow = state(Form::Advanced(vec![management(&[FieldSelector::equals(
        "readOnly",
        ["true"],
    )])]));
    assert_eq!(TrailSelectors::compare(&known, &narrow), Standing::Stronger);
}

#[test]
fn selectors_are_stored_as_cloudtrail_spells_them() {
    let one = Some(Selectors {
        form: Form::Basic(vec![with_data(
            basic("All", true),
            s3(&["arn:aws:s3:::logs/"]),
        )]),
        covered_elsewhere: Some(false),
    });
    assert_eq!(
        serde_json::to_string(&one).unwrap(),
        r#"{"basic":[{"readWriteType":"All","includeManagementEvents":true,"dataResources":[{"type":"AWS::S3::Object","values":["arn:aws:s3:::logs/"]}]}],"covered_elsewhere":false}"#
    );
    assert_eq!(
        TrailSelectors::tell(&one),
        "all management events, and 1 other selector"
    );
}
