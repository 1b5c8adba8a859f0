//! Selectors of trails that only other trails make whole, and of trails made again.

use super::selectors::{
    any_form, any_state, basic, data, excluding, management, s3, state, with_data,
};
use super::*;

fn decide(
    live: &Form,
    wish: SelectorsWish,
    covered_elsewhere: Option<bool>,
    known: Option<&Form>,
) -> Decision<<TrailSelectors as Facet>::State> {
    let live = Some(Selectors {
        form: live.clone(),
        covered_elsewhere,
    });
    let known = known.cloned().map(state);
    let mut stage = stage();
    stage.recorded = known.is_some().then(|| stage.scene().now);
    TrailSelectors::decide(&live, &wish, known.as_ref(), stage.scene())
}

fn of_data() -> Form {
    Form::Basic(vec![with_data(
        basic("All", false),
        s3(&["arn:aws:s3:::logs/"]),
    )])
}

/// What CloudTrail gives every new trail.
fn given() -> Form {
    Form::Basic(vec![BasicSelector::default()])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_kept_keeps_the_law(live in any_state(), baseline in prop::option::of(any_state())) {
        let mut stage = stage();
        stage.recorded = baseline.is_some().then(|| stage.scene().now);
        keeps_the_law::<TrailSelectors>(&stage, &live, &SelectorsWish::Kept, baseline.as_ref())?;
    }

    #[test]
    fn what_is_recorded_of_a_trail_made_again_is_safe_once_it_is_there(
        live in prop_oneof![Just(given()), any_form()], known in prop::option::of(any_form()),
    ) {
        let wish = SelectorsWish::AsRecorded;
        if let Decision::Change(change) = decide(&live, wish, None, known.as_ref()) {
            let to = change.to.unwrap().form;
            prop_assert_eq!(decide(&to, wish, None, known.as_ref()), Decision::Safe);
        }
    }
}

#[test]
fn a_look_adds_no_events_that_another_trail_may_have_already() {
    let asked = |wish, covered| decide(&of_data(), wish, covered, None);
    assert!(matches!(
        asked(SelectorsWish::Kept, None),
        Decision::CannotTell(_)
    ));
    assert_eq!(asked(SelectorsWish::Kept, Some(true)), Decision::Safe);
    assert!(changed(asked(SelectorsWish::Kept, Some(false))).evidence_on);
    // An event that took them away is no look.
    assert!(changed(asked(SelectorsWish::Full, None)).evidence_on);
    // What somebody stands behind, or was seen covered, needs no other trail.
    let kept = decide(&of_data(), SelectorsWish::Kept, None, Some(&of_data()));
    assert_eq!(kept, Decision::Safe);
}

#[test]
fn what_one_refused_call_left_unknown_is_not_recorded_as_right() {
    // A look asks whether the state would be safe, were it recorded.
    let live = state(of_data());
    let decision =
        TrailSelectors::decide(&live, &SelectorsWish::Kept, Some(&live), stage().scene());
    assert!(matches!(decision, Decision::CannotTell(_)), "{decision:?}");
}

#[test]
fn a_trail_that_is_made_again_gets_what_it_had_and_not_what_new_trails_get() {
    let quiet = Form::Basic(vec![excluding(basic("All", true), &["kms.amazonaws.com"])]);
    for known in [of_data(), quiet] {
        let decision = decide(&given(), SelectorsWish::AsRecorded, None, Some(&known));
        assert_eq!(changed(decision).to.unwrap().form, known);
        let again = decide(&known, SelectorsWish::AsRecorded, None, Some(&known));
        assert_eq!(again, Decision::Safe);
    }
    // What else stands there is somebody's choice: nothing of it is taken away.
    let chosen = Form::Advanced(vec![management(&[]), data("AWS::Lambda::Function", &[])]);
    let decision = decide(&chosen, SelectorsWish::AsRecorded, None, Some(&of_data()));
    let change = changed(decision);
    assert!(change.evidence_on && change.to.unwrap().form.is_full());
    // Where nothing is recorded, what new trails get is right.
    let decision = decide(&given(), SelectorsWish::AsRecorded, None, None);
    assert_eq!(decision, Decision::Safe);
}

#[test]
fn the_noisy_sources_cost_as_data_events_do() {
    let leaving_out = |source| excluding(basic("All", true), &[source]);
    for (known, standing) in [
        (leaving_out("kms.amazonaws.com"), Standing::Incomparable),
        (leaving_out("iam.amazonaws.com"), Standing::Stronger),
        (basic("WriteOnly", true), Standing::Stronger),
    ] {
        let known = state(Form::Basic(vec![known]));
        assert_eq!(TrailSelectors::compare(&state(given()), &known), standing);
    }
}
