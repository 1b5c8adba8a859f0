use auditward_policy::Zone;
use chrono::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::facet::At;
use crate::facets::kept::AsRecorded;
use crate::inventory::Inventory;
use crate::settings::Settings;

const ROLE: &str = "arn:aws:iam::111111111111:role/log-reader";
const OWN: &str = r#"{"Sid":"Own","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"sts:AssumeRole"}"#;
const FOREIGN: &str = r#"{"Sid":"Vendor","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::333333333333:root"},"Action":"sts:AssumeRole"}"#;
const MIXED: &str = r#"{"Effect":"Allow","Principal":{"AWS":["111111111111","333333333333"]},"Action":["sts:AssumeRole","sts:TagSession"]}"#;
const SERVICE: &str =
    r#"{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}"#;
const DENY: &str = r#"{"Sid":"NotThem","Effect":"Deny","Principal":{"AWS":"arn:aws:iam::444444444444:root"},"Action":"sts:AssumeRole"}"#;
const GITHUB: &str = r#"{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"}}}"#;
const PUBLIC: &str = r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}"#;
const IN_ORG: &str = r#"{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg1"}}}"#;
const STATEMENTS: [&str; 8] = [OWN, FOREIGN, MIXED, SERVICE, DENY, GITHUB, PUBLIC, IN_ORG];

fn trust(statements: &[&str]) -> PolicyState {
    PolicyState::read(&format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    ))
}

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 12, 12, 0, 0).unwrap()
}

fn decide<F: Facet>(
    live: &F::State,
    wish: &F::Wish,
    baseline: Option<&F::State>,
    now: DateTime<Utc>,
) -> Decision<F::State> {
    let (settings, at) = (
        Settings::default(),
        At::new("111111111111", "us-east-1", ROLE),
    );
    let zone = Zone::new(["111111111111"], Some("o-exampleorg1"));
    F::decide(
        live,
        wish,
        baseline,
        Scene {
            now,
            recorded: None,
            inventory: &Inventory::default(),
            settings: &settings,
            zone: &zone,
            at: &at,
        },
    )
}

fn change<S: std::fmt::Debug>(decision: Decision<S>) -> S {
    match decision {
        Decision::Change(change) => {
            assert!(
                !change.evidence_on,
                "no role's change only switches evidence on"
            );
            change.to
        }
        other => panic!("expected a change, got {other:?}"),
    }
}

fn close(live: &PolicyState) -> Decision<PolicyState> {
    decide::<RoleTrust>(live, &TrustWish::NoOutsiders, None, noon())
}

#[test]
fn only_the_outsider_leaves_a_trust_policy() {
    let to = change(close(&trust(&[SERVICE, MIXED, FOREIGN, DENY])));
    let kept = to.document().unwrap().as_json();
    assert!(
        kept.contains("ec2.amazonaws.com") && kept.contains("111111111111"),
        "{kept}"
    );
    assert!(kept.contains("NotThem"), "a Deny stays: {kept}");
    assert!(!kept.contains("Vendor"), "{kept}");
    assert_eq!(close(&to), Decision::Safe);
}

#[test]
fn who_may_be_an_outsider_stays_and_who_is_gone_goes_when_an_outsider_leaves() {
    const CI: &str = r#"{"Sid":"Ci","Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"},"StringLikeIfExists":{"token.actions.githubusercontent.com:sub":"repo:acme-corp/*"}}}"#;
    const GONE: &str = r#"{"Effect":"Allow","Principal":{"AWS":"AROAEXAMPLEID00000000"},"Action":"sts:AssumeRole"}"#;
    const HALF: &str = r#"{"Effect":"Allow","Principal":{"AWS":["AIDAEXAMPLEID00000000","arn:aws:iam::111111111111:role/ci"]},"Action":"sts:AssumeRole"}"#;
    assert!(matches!(close(&trust(&[CI])), Decision::CannotTell(_)));
    let Decision::Change(closed) = close(&trust(&[OWN, CI, FOREIGN, GONE, HALF])) else {
        panic!("the outsider stays")
    };
    let whole = HALF.replace(r#""AIDAEXAMPLEID00000000","#, "");
    assert_eq!(closed.to, trust(&[OWN, CI, &whole]));
    for told in ["333333333333", "AROAEXAMPLEID00000000", "cannot be told"] {
        assert!(closed.why.contains(told), "{}", closed.why);
    }
    assert!(matches!(close(&closed.to), Decision::CannotTell(_)));
}

#[test]
fn a_role_that_nobody_is_left_to_assume_stays_and_denies_everyone() {
    let to = change(close(&trust(&[FOREIGN])));
    assert!(
        to.same(&PolicyState::Document(Document::deny_everyone(Kind::Trust))),
        "{to:?}"
    );
}

const PARTNERS: &str = r#"
[ours]
accounts = ["111111111111"]
[[partners]]
account = "444444444444"
external_id = "7d0c6a52-acme"
role = "arn:aws:iam::111111111111:role/partners/log-reader"
purpose = "monitoring"
"#;

fn close_to_partner(live: &PolicyState, role: &str) -> Decision<PolicyState> {
    let settings = Settings::parse(PARTNERS).unwrap();
    let zone = settings.zone("111111111111", &Inventory::default());
    let at = At::new("111111111111", "us-east-1", role);
    let scene = Scene {
        now: noon(),
        recorded: None,
        inventory: &Inventory::default(),
        settings: &settings,
        zone: &zone,
        at: &at,
    };
    RoleTrust::decide(live, &TrustWish::NoOutsiders, None, scene)
}

/// A statement for the partner, with this after its action.
fn partner(principal: &str, terms: &str) -> String {
    format!(
        r#"{{"Sid":"Partner","Effect":"Allow","Principal":{{"AWS":{principal}}},"Action":"sts:AssumeRole"{terms}}}"#
    )
}

#[test]
fn a_partner_is_held_to_its_external_id_and_not_shut_out() {
    const ROOT: &str = r#""arn:aws:iam::444444444444:root""#;
    const TERMS: &str = r#","Condition":{"StringEquals":{"sts:ExternalId":"7d0c6a52-acme"}}"#;
    const OTHER: &str = r#","Condition":{"StringEquals":{"sts:ExternalId":"another"}}"#;
    let agreed = trust(&[&partner(ROOT, TERMS)]);
    assert_eq!(close_to_partner(&agreed, ROLE), Decision::Safe);
    let beside = r#"["arn:aws:iam::444444444444:root","333333333333"]"#;
    for opened in [
        trust(&[&partner(ROOT, "")]),
        trust(&[&partner(ROOT, OTHER)]),
        trust(&[&partner(ROOT, TERMS), FOREIGN]),
        trust(&[FOREIGN, &partner(ROOT, "")]),
    ] {
        let to = change(close_to_partner(&opened, ROLE));
        assert_eq!(to, agreed, "{opened:?}");
    }
    // Whoever is added to the partner's own statement leaves it alone.
    for terms in ["", TERMS] {
        let to = change(close_to_partner(&trust(&[&partner(beside, terms)]), ROLE));
        let one = r#"["arn:aws:iam::444444444444:root"]"#;
        assert_eq!(to, trust(&[&partner(one, TERMS)]));
        assert_eq!(close_to_partner(&to, ROLE), Decision::Safe);
    }
    // What else it asks for is nobody's agreement, and another role is not shared.
    let elsewhere = r#","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}"#;
    let other = "arn:aws:iam::111111111111:role/other";
    for (opened, role) in [
        (trust(&[&partner(ROOT, elsewhere)]), ROLE),
        (trust(&[&partner(ROOT, "")]), other),
    ] {
        let to = change(close_to_partner(&opened, role));
        assert!(to.same(&PolicyState::Document(Document::deny_everyone(Kind::Trust))));
    }
}

#[test]
fn a_role_that_is_gone_is_no_door() {
    assert_eq!(close(&PolicyState::Absent), Decision::Safe);
}

#[test]
fn what_cannot_be_parsed_is_neither_safe_nor_overwritten() {
    assert!(matches!(
        close(&PolicyState::read("{\"Version\"")),
        Decision::CannotTell(_)
    ));
}

#[test]
fn a_guard_roles_trust_comes_back_whole_and_never_opens() {
    let wish = TrustWish::Baseline;
    let (known, live) = (trust(&[SERVICE]), trust(&[OWN]));
    assert_eq!(
        change(decide::<RoleTrust>(&live, &wish, Some(&known), noon())),
        known
    );
    assert_eq!(
        decide::<RoleTrust>(&known, &wish, Some(&known), noon()),
        Decision::Safe
    );
    for (live, known) in [
        (&live, None),
        (&PolicyState::Absent, Some(&known)),
        (&live, Some(&PolicyState::Absent)),
        (&live, Some(&trust(&[FOREIGN]))),
    ] {
        let decision = decide::<RoleTrust>(live, &wish, known, noon());
        assert!(
            matches!(&decision, Decision::ByHand(why) if why.contains("sam deploy")),
            "{decision:?}"
        );
    }
}

#[test]
fn a_guard_role_that_was_opened_is_closed_where_nothing_is_recorded() {
    let wish = TrustWish::BaselineOrClosed;
    let (known, open) = (trust(&[SERVICE]), trust(&[SERVICE, FOREIGN]));
    let back = |known| change(decide::<RoleTrust>(&open, &wish, known, noon()));
    let live = trust(&[FOREIGN]);
    assert_eq!(
        change(decide::<RoleTrust>(&live, &wish, Some(&known), noon())),
        known,
        "the guard may be assumed again by its service"
    );
    assert!(back(None).same(&known));
    assert!(back(Some(&trust(&[FOREIGN]))).same(&known));
    for safe in [&known, &PolicyState::Absent] {
        assert_eq!(
            decide::<RoleTrust>(safe, &wish, None, noon()),
            Decision::Safe
        );
    }
}

fn revoke(live: &Sessions, now: DateTime<Utc>) -> Decision<Sessions> {
    decide::<RoleSessions>(
        live,
        &Revoked {
            issued_until: noon(),
        },
        None,
        now,
    )
}

#[test]
fn sessions_are_revoked_up_to_the_second_in_which_the_step_begins() {
    let now = noon() + TimeDelta::milliseconds(30_900);
    let to = change(revoke(&Sessions::Live, now));
    assert_eq!(to, Sessions::RevokedBefore(noon() + TimeDelta::seconds(46)));
    // A clock that is behind the event's.
    let to = change(revoke(&Sessions::Live, noon() - TimeDelta::seconds(9)));
    assert_eq!(to, Sessions::RevokedBefore(noon() + TimeDelta::seconds(16)));
}

#[test]
fn only_a_revocation_after_the_event_answers_it() {
    let now = noon() + TimeDelta::seconds(30);
    assert_eq!(
        revoke(
            &Sessions::RevokedBefore(noon() + TimeDelta::seconds(1)),
            now
        ),
        Decision::Safe
    );
    assert_eq!(revoke(&Sessions::Gone, now), Decision::Safe);
    change(revoke(&Sessions::RevokedBefore(noon()), now));
}

#[test]
fn somebody_elses_policy_of_that_name_is_never_overwritten() {
    let decision = revoke(&Sessions::Other(trust(&[OWN])), noon());
    assert!(
        matches!(&decision, Decision::ByHand(why) if why.contains("AWSRevokeOlderSessions")),
        "{decision:?}"
    );
}

#[test]
fn a_revocation_is_read_as_it_is_written_and_in_the_consoles_form() {
    let ours = Sessions::RevokedBefore(noon() + TimeDelta::seconds(1));
    assert_eq!(
        Sessions::read(PolicyState::read(&ours.policy().unwrap())),
        ours
    );
    let console = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":["*"],
        "Condition":{"DateLessThan":{"aws:TokenIssueTime":["2026-11-12T12:00:00Z"]}}}]}"#;
    assert_eq!(
        Sessions::read(PolicyState::read(console)),
        Sessions::RevokedBefore(noon())
    );
    assert_eq!(Sessions::read(PolicyState::Absent), Sessions::Live);
}

#[test]
fn a_policy_of_that_name_that_leaves_sessions_alive_is_no_revocation() {
    let ours = Sessions::RevokedBefore(noon()).policy().unwrap();
    for (from, to) in [
        ("Deny", "Allow"),
        (r#""Action":["*"]"#, r#""Action":["s3:*"]"#),
        (r#""Resource":["*"]"#, r#""Resource":["arn:aws:s3:::none"]"#),
        ("DateLessThan", "DateGreaterThan"),
        ("TokenIssueTime", "CurrentTime"),
        (
            r#"{"DateLessThan""#,
            r#"{"Bool":{"aws:SecureTransport":"false"},"DateLessThan""#,
        ),
    ] {
        assert!(ours.contains(from));
        let policy = PolicyState::read(&ours.replace(from, to));
        let read = Sessions::read(policy.clone());
        assert_eq!(read, Sessions::Other(policy), "{from} -> {to}");
        assert!(read.policy().is_some(), "undo needs its text");
    }
}

#[test]
fn a_guard_role_goes_back_to_what_is_recorded_whatever_was_done_to_it() {
    let wish = AsRecorded::Baseline;
    let tags = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    };
    let known = tags(&[("guardrail", "auditward")]);
    let live = tags(&[("access-project", "sandbox")]);
    assert_eq!(
        change(decide::<RoleTags>(&live, &wish, Some(&known), noon())),
        known
    );
    assert!(matches!(
        decide::<RoleTags>(&live, &wish, None, noon()),
        Decision::ByHand(_)
    ));

    // A stronger boundary takes the guard's power away.
    let boundary = Some("arn:aws:iam::aws:policy/AWSDenyAll".to_owned());
    assert_eq!(
        change(decide::<RoleBoundary>(
            &boundary,
            &wish,
            Some(&None),
            noon()
        )),
        None
    );

    let revoked = PolicyState::read(&Sessions::RevokedBefore(noon()).policy().unwrap());
    let put_back = trust(&[OWN]);
    let known = BTreeMap::from([("put-back".to_owned(), put_back.clone())]);
    let mut live = known.clone();
    live.insert(REVOKE_POLICY.into(), revoked);
    assert_eq!(
        change(decide::<RoleInlinePolicies>(
            &live,
            &wish,
            Some(&known),
            noon()
        )),
        known
    );
    assert_eq!(
        change(decide::<RoleInlinePolicies>(
            &BTreeMap::new(),
            &wish,
            Some(&known),
            noon()
        )),
        known
    );

    let known = RoleConfiguration {
        description: "Puts trails back".into(),
        max_session: 3600,
    };
    let live = RoleConfiguration {
        description: String::new(),
        max_session: 43_200,
    };
    assert_eq!(
        change(decide::<RoleSettings>(&live, &wish, Some(&known), noon())),
        known
    );
}

#[test]
fn an_inline_policy_that_aws_spells_anew_is_the_same() {
    let one = BTreeMap::from([(
        "a".to_owned(),
        PolicyState::read(
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:getobject","Resource":"*"}}"#,
        ),
    )]);
    let other = BTreeMap::from([(
        "a".to_owned(),
        PolicyState::read(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":["*"]}]}"#,
        ),
    )]);
    assert!(RoleInlinePolicies::same(&one, &other));
    assert!(!RoleInlinePolicies::same(&one, &BTreeMap::new()));
}

/// The law, on a state as the store would give it back.
fn holds<F: Facet>(
    live: &F::State,
    wish: &F::Wish,
    baseline: Option<&F::State>,
    now: DateTime<Utc>,
) {
    let Decision::Change(change) = decide::<F>(live, wish, baseline, now) else {
        return;
    };
    let stored = serde_json::to_value(&change.to).unwrap();
    let to: F::State = serde_json::from_value(stored).unwrap();
    assert_eq!(
        decide::<F>(&to, wish, baseline, now),
        Decision::Safe,
        "{live:?} -> {to:?}"
    );
    assert_ne!(F::compare(&to, live), Standing::Weaker);
}

fn policies() -> impl Strategy<Value = PolicyState> {
    let statements = proptest::sample::subsequence(STATEMENTS.to_vec(), 0..=4).prop_shuffle();
    prop_oneof![
        8 => statements.prop_map(|chosen| trust(&chosen)),
        1 => Just(PolicyState::Absent),
        1 => ".{0,40}".prop_map(|text| PolicyState::read(&text)),
    ]
}

fn sessions() -> impl Strategy<Value = Sessions> {
    prop_oneof![
        Just(Sessions::Gone),
        Just(Sessions::Live),
        (-90_000_i64..90_000)
            .prop_map(|by| Sessions::RevokedBefore(noon() + TimeDelta::milliseconds(by))),
        policies().prop_map(Sessions::read),
    ]
}

proptest! {
    #[test]
    fn trust_once_closed_is_closed(live in policies(), known in proptest::option::of(policies())) {
        holds::<RoleTrust>(&live, &TrustWish::NoOutsiders, known.as_ref(), noon());
        holds::<RoleTrust>(&live, &TrustWish::Baseline, known.as_ref(), noon());
        holds::<RoleTrust>(&live, &TrustWish::BaselineOrClosed, known.as_ref(), noon());
    }

    #[test]
    fn closing_trust_never_lets_anybody_in(live in policies()) {
        if let Decision::Change(change) = close(&live) {
            let zone = Zone::new(["111111111111"], Some("o-exampleorg1"));
            prop_assert_eq!(analyze(change.to.document().unwrap(), Kind::Trust, &zone).foreign, Foreign::No);
        }
    }

    #[test]
    fn sessions_once_revoked_are_revoked(live in sessions(), by in -90_000_i64..90_000, until in -90_i64..90) {
        let wish = Revoked { issued_until: noon() + TimeDelta::seconds(until) };
        holds::<RoleSessions>(&live, &wish, None, noon() + TimeDelta::milliseconds(by));
    }

    #[test]
    fn a_guard_role_once_put_back_is_as_recorded(
        inline in proptest::collection::btree_map("[a-c]", policies(), 0..3),
        known_inline in proptest::option::of(proptest::collection::btree_map("[a-c]", policies(), 0..3)),
        tags in proptest::collection::btree_map("[a-c]", "[x-z]", 0..3),
        known_tags in proptest::option::of(proptest::collection::btree_map("[a-c]", "[x-z]", 0..3)),
        boundary in proptest::option::of("arn:aws:iam::aws:policy/[A-C]"),
        known_boundary in proptest::option::of(proptest::option::of("arn:aws:iam::aws:policy/[A-C]")),
        (description, max_session) in ("[a-b]?", 3600_i32..3602),
    ) {
        let wish = AsRecorded::Baseline;
        holds::<RoleInlinePolicies>(&inline, &wish, known_inline.as_ref(), noon());
        holds::<RoleTags>(&tags, &wish, known_tags.as_ref(), noon());
        holds::<RoleBoundary>(&boundary, &wish, known_boundary.as_ref(), noon());
        let known = RoleConfiguration { description: "a".into(), max_session: 3600 };
        holds::<RoleSettings>(&RoleConfiguration { description, max_session }, &wish, Some(&known), noon());
    }

    #[test]
    fn sessions_survive_the_store(state in sessions()) {
        let back: Sessions = serde_json::from_value(serde_json::to_value(&state).unwrap()).unwrap();
        prop_assert!(RoleSessions::same(&state, &back), "{state:?} {back:?}");
    }
}
