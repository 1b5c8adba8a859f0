//! Rules of the accounts in the organization: who comes, goes and moves.

use super::{ACCOUNT, ORGANIZATIONS, TELLS, account_named, is_guarded, member, organization};
use crate::arn::is_account;
use crate::facet::Step;
use crate::facets::made::Gone;
use crate::facets::organization::{AccountPlace, Home, Invitation, Place};
use crate::json::Json;
use crate::rule::{Call, Draft, Judged, Proof, Revert, Rule, Severity, Watch, is_shown};

const LEAVES: &str = "outside the organization no guardrail holds, its trail no longer logs the account, and nobody there is told";

/// Row 141 of `events/TABLE.md`.
pub static LEFT: Rule = Rule {
    id: "organization.left",
    title: "An account leaves the organization",
    severity: Severity::Critical,
    why: LEAVES,
    controls: &["ATT&CK T1562.008", "ATT&CK T1666"],
    rows: &[141],
    watches: &[Watch {
        source: ORGANIZATIONS,
        names: &["LeaveOrganization"],
    }],
    deployers_accepted: false,
    judge: |call| {
        let account = call.account();
        let what = format!(
            "account {account} left the organization; only an invitation that it accepts brings it back"
        );
        told(call, member(call, &account).resource, what)
    },
    ..TELLS
};

/// Row 142 of `events/TABLE.md`.
pub static REMOVED: Rule = Rule {
    id: "account.removed",
    title: "Account removed from the organization",
    severity: Severity::Critical,
    why: LEAVES,
    controls: &["ATT&CK T1562.008", "ATT&CK T1666"],
    rows: &[142],
    watches: &[Watch {
        source: ORGANIZATIONS,
        names: &["RemoveAccountFromOrganization"],
    }],
    deployers_accepted: false,
    judge: |call| match account_named(call, "accountId") {
        Err(unnamed) => unnamed,
        Ok(account) => {
            let what = format!(
                "account {account} was removed from the organization; only an invitation that it accepts brings it back"
            );
            told(call, member(call, &account).resource, what)
        }
    },
    ..TELLS
};

/// Row 143 of `events/TABLE.md`.
pub static DELETED: Rule = Rule {
    id: "organization.deleted",
    title: "Organization deleted",
    severity: Severity::Critical,
    why: "with the organization go its trail, its guardrails and its delegated administrators, for good",
    controls: &["ATT&CK T1562.008", "ATT&CK T1485"],
    rows: &[143],
    watches: &[Watch {
        source: ORGANIZATIONS,
        names: &["DeleteOrganization"],
    }],
    deployers_accepted: false,
    judge: |call| {
        let what = "the organization was deleted; nothing brings it back";
        told(call, organization(call).resource, what.to_owned())
    },
    ..TELLS
};

/// Row 144 of `events/TABLE.md`.
pub static ACCEPTED: Rule = Rule {
    id: "handshake.accepted",
    title: "An account joins another organization",
    severity: Severity::Critical,
    why: "whoever owns the organization that an account joins may set its policies and enter it",
    controls: &["ATT&CK T1666"],
    rows: &[144],
    watches: &[Watch {
        source: ORGANIZATIONS,
        names: &["AcceptHandshake"],
    }],
    deployers_accepted: false,
    judge: accepted,
    ..TELLS
};

/// Row 145 of `events/TABLE.md`.
pub static INVITED: Rule = Rule {
    id: "account.invited",
    title: "Unknown account invited",
    severity: Severity::High,
    why: "an account in the organization is trusted wherever a policy trusts the organization",
    controls: &["ATT&CK T1199", "ATT&CK T1666"],
    rows: &[145],
    watches: &[Watch {
        source: ORGANIZATIONS,
        names: &["InviteAccountToOrganization"],
    }],
    revert: Revert::Event,
    facets: &["invitation"],
    proof: Proof::Recorded,
    judge: invited,
    ..TELLS
};

/// Row 146 of `events/TABLE.md`.
pub static CREATED: Rule = Rule {
    id: "account.created",
    title: "Account created by somebody unknown",
    severity: Severity::Medium,
    why: "an account that did not come from where accounts come from has none of what is set up there, and is trusted like all others",
    controls: &["ATT&CK T1136.003"],
    rows: &[146],
    watches: &[Watch {
        source: ORGANIZATIONS,
        names: &["CreateAccount"],
    }],
    judge: |call| {
        let what = "an account was created by somebody who is no deployer";
        told(call, organization(call).resource, what.to_owned())
    },
    ..TELLS
};

/// Rows 147 and 168 of `events/TABLE.md`.
pub static CLOSED: Rule = Rule {
    id: "account.closed",
    title: "Account closed",
    severity: Severity::Critical,
    why: "what a closed account holds, logs included, is deleted after 90 days; until then only AWS support brings it back",
    controls: &["ATT&CK T1485", "ATT&CK T1531"],
    rows: &[147, 168],
    watches: &[
        Watch {
            source: ACCOUNT,
            names: &["CloseAccount"],
        },
        Watch {
            source: ORGANIZATIONS,
            names: &["CloseAccount"],
        },
    ],
    deployers_accepted: false,
    judge: |call| {
        // A member that closes itself names nobody.
        let itself = call.record.event_source == ACCOUNT;
        match account_named(call, "accountId") {
            Err(unnamed) if !itself => unnamed,
            named => {
                let account = named.unwrap_or_else(|_| call.account().into_owned());
                let what = format!(
                    "account {account} was closed; AWS support can reopen it within 90 days"
                );
                if itself {
                    return Draft::new(member(call, &account).resource, what).into();
                }
                told(call, member(call, &account).resource, what)
            }
        }
    },
    ..TELLS
};

/// Row 148 of `events/TABLE.md`.
pub static MOVED: Rule = Rule {
    id: "account.moved",
    title: "Account moved to where less guards it",
    severity: Severity::High,
    why: "guardrails hold for a place in the organization: an account that is moved away from under them may do what they deny",
    controls: &["ATT&CK T1562.001", "ATT&CK T1666"],
    rows: &[148],
    watches: &[Watch {
        source: ORGANIZATIONS,
        names: &["MoveAccount"],
    }],
    revert: Revert::Event,
    facets: &["account-place"],
    proof: Proof::Moto,
    judge: moved,
    ..TELLS
};

/// A call that is always told of.
fn told(call: &Call<'_>, resource: String, what: String) -> Judged {
    if is_guarded(call) {
        Draft::new(resource, what).into()
    } else {
        Judged::Clean
    }
}

fn handshake<'a>(call: &Call<'a>) -> Option<Json<'a>> {
    call.record.response()?.get("handshake")
}

/// The IDs of a handshake's parties of one type.
fn parties(handshake: Json<'_>, sort: &str) -> Vec<String> {
    let parties = handshake.get("parties").map(Json::items);
    let of_sort = parties.unwrap_or_default().into_iter().filter(|party| {
        party
            .string("type")
            .is_some_and(|found| found.eq_ignore_ascii_case(sort))
    });
    of_sort
        .filter_map(|party| party.string("id"))
        .map(std::borrow::Cow::into_owned)
        .collect()
}

fn accepted(call: &Call<'_>) -> Judged {
    if !is_guarded(call) {
        return Judged::Clean;
    }
    let account = call.account();
    let place = member(call, &account).resource;
    let ours = call.settings.ours.organization.as_deref();
    let Some(handshake) = handshake(call) else {
        let what = format!("account {account} accepted a handshake that the record does not show");
        return Judged::CannotTell(Draft::new(place, what));
    };
    let action = handshake.string("action").unwrap_or_default();
    if is_shown(&action) && !action.eq_ignore_ascii_case("invite") {
        return Judged::Clean;
    }
    let organizations = parties(handshake, "ORGANIZATION");
    match organizations.first().filter(|id| is_shown(id)) {
        None => {
            let what =
                format!("account {account} joined an organization that the record does not name");
            Judged::CannotTell(Draft::new(place, what))
        }
        Some(id) if Some(id.as_str()) == ours => Judged::Clean,
        Some(id) => Draft::new(place, format!("account {account} joined organization {id}")).into(),
    }
}

fn invited(call: &Call<'_>) -> Judged {
    if !is_guarded(call) {
        return Judged::Clean;
    }
    let asked = call.request().and_then(|asked| asked.get("target"));
    let asked = asked
        .and_then(|target| target.string("id"))
        .map(std::borrow::Cow::into_owned);
    let answered = handshake(call).map(|answer| parties(answer, "ACCOUNT"));
    let account = asked
        .into_iter()
        .chain(answered.unwrap_or_default())
        .find(|id| is_account(id));
    if account
        .as_deref()
        .is_some_and(|account| is_known(call, account))
    {
        return Judged::Clean;
    }
    let whom = account.as_ref().map_or_else(
        || "somebody whom the record does not name".to_owned(),
        |account| format!("account {account}"),
    );
    let what = format!("{whom} was invited into the organization");
    let arn = handshake(call).and_then(|answer| answer.string("arn"));
    let Some(arn) = arn.filter(|arn| is_shown(arn)) else {
        let draft = Draft::new(organization(call).resource, what);
        return match account {
            Some(_) => draft.into(),
            None => Judged::CannotTell(draft),
        };
    };
    let at = crate::facet::At {
        resource: arn.clone().into_owned(),
        ..organization(call)
    };
    let step = Step::<Invitation>::new(at, Gone { at: call.time() });
    let draft = Draft::new(arn, what).step(step);
    match account {
        Some(_) => draft.into(),
        None => Judged::CannotTell(draft),
    }
}

/// Whether an account is one of ours already, whatever organization it is in.
fn is_known(call: &Call<'_>, account: &str) -> bool {
    let ours = &call.settings.ours;
    let mut known = ours
        .accounts
        .iter()
        .chain(&ours.log_archives)
        .chain(&call.inventory.accounts);
    known.any(|one| one == account) || call.account() == account
}

fn moved(call: &Call<'_>) -> Judged {
    if !is_guarded(call) {
        return Judged::Clean;
    }
    let account = match account_named(call, "accountId") {
        Ok(account) => account,
        Err(unnamed) => return unnamed,
    };
    let (from, to) = (
        call.shown("sourceParentId"),
        call.shown("destinationParentId"),
    );
    let at = member(call, &account);
    let Some((from, to)) = from.zip(to) else {
        let what = format!("account {account} was moved, and the record does not say where");
        return Judged::CannotTell(Draft::new(at.resource, what));
    };
    // What guards the root guards everything below it.
    if from.starts_with("r-") {
        return Judged::Clean;
    }
    let what = format!("account {account} was moved from {from} to {to}");
    let wrote = Place {
        parent: to.into_owned(),
        lost: None,
    };
    let step = Step::<AccountPlace>::new(at.clone().item(from), Home::AsGuarded).wrote(Some(wrote));
    Judged::CannotTell(Draft::new(at.resource, what).step(step))
}
