//! What moto does not know of IAM: boundaries of users, audiences of providers.

use auditward_hands::iam::Iam;
use auditward_rules::facet::{At, Decision, Facet, Scene};
use auditward_rules::facets::kept::AsRecorded;
use auditward_rules::facets::made::Gone;
use auditward_rules::facets::principal::{Bounded, PrincipalBoundary, ProviderAudience, boundary};
use auditward_rules::inventory::Inventory;
use auditward_rules::settings::Settings;
use auditward_runtime::hand::Hand;
use auditward_tests::recorded::{Exchange, Recorded};
use chrono::{DateTime, Utc};

const USER: &str = "arn:aws:iam::111111111111:user/glass-onduty";
const PROVIDER: &str =
    "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com";

/// An answer of IAM, with the request's ID at its end.
fn answer(operation: &str, result: &str) -> String {
    format!(
        "<{operation}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
         <{operation}Result>{result}</{operation}Result>\
         <ResponseMetadata><RequestId>5f2c7a90-1b3d-4e68-9a0c-7d1e5b8f4a26</RequestId></ResponseMetadata>\
         </{operation}Response>"
    )
}

fn user(boundary: Option<&str>) -> Exchange {
    let boundary = boundary.map_or_else(String::new, |arn| {
        format!(
            "<PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType>\
             <PermissionsBoundaryArn>{arn}</PermissionsBoundaryArn></PermissionsBoundary>"
        )
    });
    let result = format!(
        "<User><Path>/</Path><UserName>glass-onduty</UserName><UserId>AIDAEXAMPLEGLASS00001</UserId>\
         <Arn>{USER}</Arn><CreateDate>2026-03-02T08:15:00Z</CreateDate>{boundary}</User>"
    );
    Exchange::query("GetUser", &["UserName=glass-onduty"]).says(200, &answer("GetUser", &result))
}

fn provider(audiences: &[&str]) -> Exchange {
    let members: String = audiences
        .iter()
        .map(|one| format!("<member>{one}</member>"))
        .collect();
    let result = format!(
        "<Url>token.actions.githubusercontent.com</Url><ClientIDList>{members}</ClientIDList>\
         <ThumbprintList><member>6938fd4d98bab03faadb97b34396831e3780aea1</member></ThumbprintList>\
         <CreateDate>2026-03-02T08:20:00Z</CreateDate>"
    );
    Exchange::query("GetOpenIDConnectProvider", &[&named()])
        .says(200, &answer("GetOpenIDConnectProvider", &result))
}

fn named() -> String {
    let encoded = PROVIDER.replace(':', "%3A").replace('/', "%2F");
    format!("OpenIDConnectProviderArn={encoded}")
}

fn decide<F: Facet>(
    at: &At,
    live: &F::State,
    wish: &F::Wish,
    known: Option<&F::State>,
) -> Decision<F::State> {
    let settings = Settings::default();
    let inventory = Inventory::default();
    let zone = settings.zone(&at.account, &inventory);
    let scene = Scene {
        now: DateTime::<Utc>::UNIX_EPOCH,
        recorded: None,
        inventory: &inventory,
        settings: &settings,
        zone: &zone,
        at,
    };
    F::decide(live, wish, known, scene)
}

/// Moves the live state to a safe one, reads it again, and puts it back.
async fn put_right<F: Facet>(
    aws: &Recorded,
    at: &At,
    wish: &F::Wish,
    known: Option<&F::State>,
) -> (F::State, bool)
where
    Iam<'static>: Hand<F>,
{
    let hand = Iam {
        sessions: aws.sessions(),
    };
    let bad = hand.read(at).await.unwrap();
    let Decision::Change(change) = decide::<F>(at, &bad, wish, known) else {
        panic!("{bad:?} is not to be changed")
    };
    let written = hand.write(at, &bad, &change.to).await.unwrap();
    assert_eq!(written.request_ids.len(), 1);
    let good = hand.read(at).await.unwrap();
    assert_eq!(decide::<F>(at, &good, wish, known), Decision::Safe);
    hand.write(at, &good, &bad).await.unwrap();
    aws.done();
    (good, change.confirm)
}

#[tokio::test]
async fn the_boundary_of_a_user_comes_back() {
    const VIEW: &str = "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess";
    const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
    let put = |arn: &str| {
        let arn = arn.replace(':', "%3A").replace('/', "%2F");
        let arn = format!("PermissionsBoundary={arn}");
        Exchange::query(
            "PutUserPermissionsBoundary",
            &["UserName=glass-onduty", &arn],
        )
        .says(200, &answer("PutUserPermissionsBoundary", ""))
    };
    let delete = Exchange::query("DeleteUserPermissionsBoundary", &["UserName=glass-onduty"])
        .says(200, &answer("DeleteUserPermissionsBoundary", ""));
    let at = boundary(At::new("111111111111", "us-east-1", USER));
    let known = Some(Bounded {
        principal: USER.into(),
        id: Some("AIDAEXAMPLEGLASS00001".into()),
        boundary: Some(VIEW.into()),
        power: Some(false).into(),
    });
    for (bad, undo) in [(Some(ADMIN), put(ADMIN)), (None, delete)] {
        let aws = Recorded::play([user(bad), put(VIEW), user(Some(VIEW)), undo]).await;
        let wish = AsRecorded::Baseline;
        let (good, _) = put_right::<PrincipalBoundary>(&aws, &at, &wish, Some(&known)).await;
        assert_eq!(good, known);
    }
}

#[tokio::test]
async fn an_audience_that_was_added_goes_once_the_history_confirms_it() {
    const STS: &str = "sts.amazonaws.com";
    let audience = |operation: &'static str| {
        Exchange::query(operation, &[&named(), "ClientID=sigstore"])
            .says(200, &answer(operation, ""))
    };
    let aws = Recorded::play([
        provider(&[STS, "sigstore"]),
        audience("RemoveClientIDFromOpenIDConnectProvider"),
        provider(&[STS]),
        audience("AddClientIDToOpenIDConnectProvider"),
    ])
    .await;
    let at = At::new("111111111111", "us-east-1", PROVIDER).item("sigstore");
    let (good, confirmed) =
        put_right::<ProviderAudience>(&aws, &at, &Gone { at: None }, None).await;
    assert_eq!((good, confirmed), (None, true));
}

#[tokio::test]
async fn what_is_gone_is_a_state() {
    let aws = Recorded::play([
        Exchange::query("GetOpenIDConnectProvider", &[&named()]).fails("NoSuchEntity"),
        Exchange::query("GetUser", &["UserName=glass-onduty"]).fails("NoSuchEntity"),
    ])
    .await;
    let hand = Iam {
        sessions: aws.sessions(),
    };
    let at = At::new("111111111111", "us-east-1", PROVIDER).item("sigstore");
    let found = Hand::<ProviderAudience>::read(&hand, &at).await.unwrap();
    assert_eq!(found, None);
    let at = boundary(At::new("111111111111", "us-east-1", USER));
    let found = Hand::<PrincipalBoundary>::read(&hand, &at).await.unwrap();
    assert_eq!(found, None);
    aws.done();
}
