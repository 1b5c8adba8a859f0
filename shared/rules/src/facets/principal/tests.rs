use auditward_policy::Document;
use chrono::TimeZone;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::facet::{At, Decision, Facet, PolicyState};
use crate::facets::kept::AsRecorded;
use crate::facets::law::{Stage, changed, keeps_the_law};
use crate::settings::Settings;

const ROLE: &str = "arn:aws:iam::111111111111:role/app";

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 12, 12, 0, 0).unwrap()
}

fn policy(effect: &str, action: &str) -> PolicyState {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Action":"{action}","Resource":"*"}}]}}"#
    );
    PolicyState::Document(Document::parse(&text).unwrap())
}

fn held(minutes: i64, policy: PolicyState) -> Option<Inline> {
    Some(Inline {
        principal: "arn:aws:iam::111111111111:role/team/app".into(),
        id: None,
        created: Some(noon() - TimeDelta::minutes(minutes)),
        policy,
    })
}

fn harmless() -> InlineWish {
    InlineWish::Harmless { at: Some(noon()) }
}

fn as_shared() -> InlineWish {
    let folders = [("logs".to_owned(), vec!["AWSLogs/111111111111".to_owned()])];
    InlineWish::Shared {
        at: Some(noon()),
        folders: folders.into(),
    }
}

fn decide<F: Facet>(
    live: &F::State,
    wish: &F::Wish,
    baseline: Option<&F::State>,
) -> Decision<F::State> {
    F::decide(live, wish, baseline, Stage::of(ROLE).scene())
}

/// The same, where the baseline was recorded so many minutes before the event.
fn decide_by<F: Facet>(
    live: &F::State,
    wish: &F::Wish,
    (minutes, baseline): (i64, &F::State),
) -> Decision<F::State> {
    let mut stage = Stage::of(ROLE);
    stage.recorded = Some(noon() - TimeDelta::minutes(minutes));
    F::decide(live, wish, Some(baseline), stage.scene())
}

#[test]
fn a_partners_policy_goes_back_to_what_is_shared() {
    let reads = |keys: &[&str]| {
        let statements: Vec<String> = keys
            .iter()
            .map(|key| {
                format!(
                    r#"{{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::logs/AWSLogs/{key}*"}}"#
                )
            })
            .collect();
        let statements = statements.join(",");
        PolicyState::read(&format!(
            r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#
        ))
    };
    let shared = |live: &Option<Inline>, known: Option<&Option<Inline>>| {
        decide::<InlinePolicy>(live, &as_shared(), known)
    };
    let agreed = held(600, reads(&["111111111111/"]));
    let wide = held(600, reads(&[""]));
    let wider = held(600, reads(&["111111111111/", ""]));
    assert_eq!(shared(&agreed, None), Decision::Safe);
    assert_eq!(changed(shared(&wide, Some(&agreed))).to, agreed);
    assert_eq!(changed(shared(&wider, Some(&agreed))).to, agreed);
    // Without a record what is too much leaves, unless nothing would be left.
    assert_eq!(changed(shared(&wider, None)).to, agreed);
    assert!(matches!(shared(&wide, None), Decision::ByHand(_)));
    assert!(matches!(shared(&wide, Some(&wide)), Decision::ByHand(_)));
    let new = held(3, reads(&[""]));
    let absent = held(3, PolicyState::Absent);
    assert_eq!(changed(shared(&new, None)).to, absent);
}

#[test]
fn a_policy_is_deleted_only_where_it_is_provably_new() {
    let power = || policy("Allow", "cloudtrail:*");
    let inline = |live: &Option<Inline>, known: Option<&Option<Inline>>| {
        decide::<InlinePolicy>(live, &harmless(), known)
    };
    let old = held(600, power());
    let absent = held(600, PolicyState::Absent);
    assert_eq!(
        changed(inline(&held(3, power()), None)).to,
        held(3, PolicyState::Absent)
    );
    for known in [&absent, &None] {
        let by = |minutes| decide_by::<InlinePolicy>(&old, &harmless(), (minutes, known));
        assert_eq!(changed(by(10)).to, absent);
        // It may have been left standing months ago, and written once more now.
        assert!(matches!(by(60 * 24 * 60), Decision::ByHand(_)), "{known:?}");
    }
    let before = held(600, policy("Allow", "s3:GetObject"));
    assert_eq!(changed(inline(&old, Some(&before))).to, before);
    for known in [None, Some(&old)] {
        assert!(
            matches!(inline(&old, known), Decision::ByHand(_)),
            "{known:?}"
        );
    }
    assert_eq!(inline(&held(3, policy("Deny", "*")), None), Decision::Safe);
}

#[test]
fn the_approved_keep_what_they_have() {
    let mut stage = Stage::of(ROLE);
    stage.settings = Settings::parse(
        "[ours]\naccounts = [\"111111111111\"]\n[[approved]]\n\
         principal = \"arn:aws:iam::111111111111:role/team/app\"\nreason = \"platform\"\n",
    )
    .unwrap();
    let live = held(3, policy("Allow", "*"));
    let decision = InlinePolicy::decide(&live, &harmless(), None, stage.scene());
    assert_eq!(decision, Decision::Safe);
}

#[test]
fn who_was_made_anew_under_an_approved_name_is_somebody_else() {
    let mut stage = Stage::of(ROLE);
    stage.settings = Settings::parse(
        "[ours]\naccounts = [\"111111111111\"]\n[[approved]]\nunique_id = \"AROAEXAMPLEPLATFORM01\"\n\
         principal = \"arn:aws:iam::111111111111:role/team/app\"\nreason = \"platform\"\n",
    )
    .unwrap();
    let decide = |id: Option<&str>| {
        let mut live = held(3, policy("Allow", "*"));
        live.as_mut().unwrap().id = id.map(str::to_owned);
        InlinePolicy::decide(&live, &harmless(), None, stage.scene())
    };
    assert_eq!(decide(Some("AROAEXAMPLEPLATFORM01")), Decision::Safe);
    assert_eq!(decide(None), Decision::Safe, "nothing says otherwise");
    changed(decide(Some("AROAEXAMPLEANOTHER001")));
}

#[test]
fn a_lost_guardrail_comes_back_and_power_does_not() {
    let gone = held(600, PolicyState::Absent);
    let lost = |known: Option<&Option<Inline>>| {
        decide::<InlinePolicy>(&gone, &InlineWish::Recorded, known)
    };
    let guardrail = held(600, policy("Deny", "cloudtrail:StopLogging"));
    assert_eq!(changed(lost(Some(&guardrail))).to, guardrail);
    let power = held(600, policy("Allow", "cloudtrail:*"));
    for known in [None, Some(&power)] {
        assert!(matches!(lost(known), Decision::ByHand(_)), "{known:?}");
    }
    assert_eq!(lost(Some(&gone)), Decision::Safe, "it was never there");
}

#[test]
fn a_guardrail_is_attached_where_it_is_required_or_denies() {
    let hold = |denies, power| {
        Some(Hold {
            attached: false,
            denies,
            power: Gives::Known(power),
        })
    };
    let rail = |live: Option<Hold>, required: bool| {
        decide::<Guardrail>(&live, &GuardrailWish { required }, None)
    };
    let deny = hold(Some(true), Some(false));
    for required in [true, false] {
        assert!(changed(rail(deny.clone(), required)).to.unwrap().attached);
    }
    let grant = hold(Some(false), Some(false));
    assert!(changed(rail(grant.clone(), true)).to.unwrap().attached);
    assert_eq!(rail(grant, false), Decision::Safe);
    assert!(matches!(
        rail(hold(None, None), false),
        Decision::CannotTell(_)
    ));
    assert!(matches!(
        rail(hold(Some(true), Some(true)), true),
        Decision::ByHand(_)
    ));
    assert!(matches!(rail(None, true), Decision::ByHand(_)));
    assert_eq!(rail(None, false), Decision::Safe, "taken down as a whole");
}

fn bounded(boundary: Option<&str>, power: Option<bool>) -> Option<Bounded> {
    Some(Bounded {
        principal: ROLE.into(),
        id: None,
        boundary: boundary.map(str::to_owned),
        power: power.into(),
    })
}

#[test]
fn a_boundary_comes_back_unless_the_new_one_keeps_as_well() {
    let known = bounded(Some("limits"), Some(false));
    let decide = |live: &Option<Bounded>, known: Option<&Option<Bounded>>| {
        decide::<PrincipalBoundary>(live, &AsRecorded::Baseline, known)
    };
    let none = bounded(None, Some(true));
    let open = bounded(Some("open"), Some(true));
    for live in [&none, &open, &bounded(Some("unread"), None)] {
        assert_eq!(changed(decide(live, Some(&known))).to, known);
    }
    assert_eq!(
        decide(&bounded(Some("tight"), Some(false)), Some(&known)),
        Decision::Safe
    );
    assert_eq!(
        decide(&open, Some(&none)),
        Decision::Safe,
        "the first boundary takes nothing away"
    );
    for live in [&none, &open] {
        assert!(matches!(decide(live, None), Decision::ByHand(_)));
    }
}

#[test]
fn a_member_goes_only_from_a_privileged_group() {
    let member = |power, minutes| {
        Some(Member {
            user: "arn:aws:iam::111111111111:user/x".into(),
            id: None,
            created: Some(noon() - TimeDelta::minutes(minutes)),
            power: Gives::Known(power),
        })
    };
    let decide = |live: Option<Member>, privileged, known: Option<&Option<Member>>| {
        let wish = MembershipWish {
            privileged,
            at: Some(noon()),
        };
        decide::<Membership>(&live, &wish, known)
    };
    assert_eq!(decide(member(Some(false), 3), false, None), Decision::Safe);
    assert!(matches!(
        decide(member(None, 3), false, None),
        Decision::CannotTell(_)
    ));
    for (minutes, known, confirm) in [
        (3, None, false),
        (600, Some(&None), true),
        (600, None, true),
    ] {
        let change = changed(decide(member(Some(true), minutes), false, known));
        assert_eq!((change.to, change.confirm), (None, confirm));
    }
    let wish = MembershipWish {
        privileged: false,
        at: Some(noon()),
    };
    for (minutes, confirm) in [(10, false), (600, true)] {
        let live = member(Some(true), 600);
        let change = changed(decide_by::<Membership>(&live, &wish, (minutes, &None)));
        assert_eq!(change.confirm, confirm, "recorded {minutes} minutes before");
    }
    let before = member(Some(true), 600);
    assert!(matches!(
        decide(before.clone(), true, Some(&before)),
        Decision::ByHand(_)
    ));
}

#[test]
fn inner_items_are_never_mistaken_for_one_another() {
    let role = At::new("111111111111", "us-east-1", ROLE);
    let policy = super::inline(&role, "boundary");
    assert_eq!(inline_name(&policy), Some("boundary"));
    assert!(!is_boundary(&policy));
    let bound = super::boundary(role);
    assert!(is_boundary(&bound) && inline_name(&bound).is_none());
}

fn policies() -> impl Strategy<Value = PolicyState> {
    prop_oneof![
        Just(PolicyState::Absent),
        Just(policy("Allow", "cloudtrail:*")),
        Just(policy("Allow", "s3:GetObject")),
        Just(policy("Deny", "*")),
        Just(PolicyState::read("{}}")),
    ]
}

fn inlines() -> impl Strategy<Value = Option<Inline>> {
    option::weighted(
        0.9,
        (policies(), option::of(-30_i64..30)).prop_map(|(policy, minutes)| Inline {
            principal: ROLE.into(),
            id: None,
            created: minutes.map(|minutes| noon() + TimeDelta::minutes(minutes)),
            policy,
        }),
    )
}

fn boundaries() -> impl Strategy<Value = Option<Bounded>> {
    let boundary = option::of(prop_oneof![Just("limits"), Just("open")]);
    option::weighted(
        0.9,
        (boundary, any::<Option<bool>>()).prop_map(|(boundary, power)| Bounded {
            principal: ROLE.into(),
            id: None,
            boundary: boundary.map(str::to_owned),
            power: power.into(),
        }),
    )
}

fn members() -> impl Strategy<Value = Option<Member>> {
    option::of(
        (any::<Option<bool>>(), option::of(-30_i64..30)).prop_map(|(power, minutes)| Member {
            user: "arn:aws:iam::111111111111:user/x".into(),
            id: None,
            created: minutes.map(|minutes| noon() + TimeDelta::minutes(minutes)),
            power: power.into(),
        }),
    )
}

proptest! {
    #[test]
    fn what_was_put_right_is_right(
        inline in inlines(), inline_known in option::of(inlines()),
        hold in any::<Option<(bool, Option<bool>, Option<bool>)>>(), required in any::<bool>(),
        boundary in boundaries(), boundary_known in option::of(boundaries()),
        member in members(), member_known in option::of(members()),
    ) {
        let stage = Stage::of(ROLE);
        for wish in [harmless(), InlineWish::Recorded, as_shared()] {
            keeps_the_law::<InlinePolicy>(&stage, &inline, &wish, inline_known.as_ref())?;
        }
        let hold = hold.map(|(attached, denies, power)| Hold { attached, denies, power: power.into() });
        keeps_the_law::<Guardrail>(&stage, &hold, &GuardrailWish { required }, None)?;
        keeps_the_law::<PrincipalBoundary>(
            &stage, &boundary, &AsRecorded::Baseline, boundary_known.as_ref(),
        )?;
        let wish = MembershipWish { privileged: required, at: Some(noon()) };
        keeps_the_law::<Membership>(&stage, &member, &wish, member_known.as_ref())?;
    }
}

#[test]
fn a_role_whose_true_path_is_not_guarded_is_nobodys_matter() {
    let mut stage = Stage::of("arn:aws:iam::111111111111:role/webshop");
    stage.at = super::inline(&stage.at, "limits");
    stage.settings = Settings::parse(
        "[ours]\naccounts = [\"111111111111\"]\n[protected]\nresources = [\"arn:aws:iam::111111111111:role/security/*\"]\n",
    )
    .unwrap();
    let lost = |path: &str| {
        let live = Some(Inline {
            principal: format!("arn:aws:iam::111111111111:role/{path}webshop"),
            id: None,
            created: None,
            policy: PolicyState::Absent,
        });
        InlinePolicy::decide(&live, &InlineWish::Recorded, None, stage.scene())
    };
    assert_eq!(lost("web/"), Decision::Safe);
    assert!(matches!(lost("security/"), Decision::ByHand(_)));
}
