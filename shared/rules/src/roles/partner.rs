//! Roles that registered partners read logs through.

use std::collections::{BTreeMap, BTreeSet};

use auditward_policy::sharing::wider_than_folders;
use auditward_policy::{Document, Kind, Tri, analyze, place};

use super::{IAM, Sort, named, principal, unnamed};
use crate::arn::Arn;
use crate::facet::{At, PolicyState, Step};
use crate::facets::principal::{Inline, InlinePolicy, InlineWish, inline};
use crate::rule::{Call, Draft, Function, Judged, Proof, Revert, Rule, Severity, Watch};
use crate::settings::Partner;

/// No row of the table: the guide to sharing logs between accounts holds a
/// partner to a folder, and this is how it gets out of it.
pub static PARTNER_WIDENED: Rule = Rule {
    id: "partner-role.widened",
    title: "Partner's role reads more than is shared",
    severity: Severity::High,
    why: "a partner reads what its role may read: a policy wider than what is shared hands over everybody's logs",
    controls: &["ATT&CK T1098.003", "ATT&CK T1530"],
    rows: &[],
    function: Function::RoleGuard,
    watches: &[Watch {
        source: IAM,
        names: &["AttachRolePolicy", "PutRolePolicy"],
    }],
    revert: Revert::Baseline,
    deployers_accepted: false,
    facets: &["inline-policy"],
    proof: Proof::Moto,
    judge: |call| of_partner(call, |role, partner| widened(call, role, partner)),
    ..Rule::TELLS
};

/// No row of the table either: how sharing ends, in the same guide.
pub static PARTNER_CLOSED: Rule = Rule {
    id: "partner-role.closed",
    title: "Partner's role closed to the partner",
    severity: Severity::Medium,
    why: "a partner that watches our logs sees nothing once its role no longer lets it in, and cannot tell why",
    controls: &["ATT&CK T1562.001"],
    function: Function::RoleGuard,
    watches: &[Watch {
        source: IAM,
        names: &["DeleteRole", "UpdateAssumeRolePolicy"],
    }],
    judge: |call| of_partner(call, |role, partner| closed(call, role, partner)),
    ..Rule::TELLS
};

/// AWS's own policies that read every bucket, and give no power over it.
const READS_ALL: &[&str] = &["AmazonS3ReadOnlyAccess", "ReadOnlyAccess"];

/// Judges a call on a partner's role.
fn of_partner(call: &Call<'_>, judge: impl FnOnce(&At, &Partner) -> Judged) -> Judged {
    if call.settings.partners.iter().all(|one| one.role.is_none()) {
        return Judged::Clean;
    }
    let Some(role) = principal(call, Sort::Role) else {
        return unnamed(call, Sort::Role);
    };
    match call.settings.partner_of(&role.resource) {
        Some(partner) => judge(&role, partner),
        None => Judged::Clean,
    }
}

fn closed(call: &Call<'_>, role: &At, partner: &Partner) -> Judged {
    let (name, account) = (role.name(), &partner.account);
    if call.record.plain_name() == "DeleteRole" {
        // Of a role that the settings guard by name, another rule tells.
        if named(call, role) == Tri::Yes {
            return Judged::Clean;
        }
        let what = format!(
            "role {name} of partner {account} was deleted: nothing is shared with it any more"
        );
        return Draft::new(&role.resource, what).into();
    }
    let text = call.shown("policyDocument").unwrap_or_default();
    let Ok(document) = Document::parse(&text) else {
        // Whom it lets in, the rule of trust policies asks.
        return Judged::Clean;
    };
    // Seen by one who knows no partner, whoever is let in is an outsider.
    let mut zone = call.zone(&role.account);
    zone.partners.clear();
    let admissions = analyze(&document, Kind::Trust, &zone).admissions;
    let mut let_in = admissions.iter().flat_map(|one| &one.principals);
    if zone.trusts_account(account) || let_in.any(|who| who == "*" || who.contains(account)) {
        return Judged::Clean;
    }
    let what = format!("role {name} no longer lets partner {account} in, whose role it is");
    Draft::new(&role.resource, what).into()
}

fn attached(call: &Call<'_>, role: &At, of: &str) -> Judged {
    let policy = call.shown("policyArn").unwrap_or_default();
    let by_aws = Arn::parse(&policy).filter(|arn| arn.account == "aws");
    let Some(name) = by_aws.map(|arn| arn.name().to_owned()) else {
        let name = policy.rsplit('/').next().filter(|name| !name.is_empty());
        let what = format!(
            "{of} got the policy {}, whose text the record does not show: see that it reads no more than is shared",
            name.unwrap_or("?")
        );
        return Judged::CannotTell(Draft::new(&role.resource, what));
    };
    if !READS_ALL.contains(&name.as_str()) {
        return Judged::Clean;
    }
    let what = format!("{of} got {name}, which reads every bucket");
    Draft::new(&role.resource, what).into()
}

fn widened(call: &Call<'_>, role: &At, partner: &Partner) -> Judged {
    let name = role.name();
    if call.record.plain_name() == "AttachRolePolicy" {
        let of = format!("role {name} of partner {}", partner.account);
        return attached(call, role, &of);
    }
    let policy = call.shown("policyName").unwrap_or("?".into());
    let of = format!("role {name} of partner {}", partner.account);
    let shared: BTreeMap<String, Vec<String>> = buckets(call, partner)
        .into_iter()
        .map(|bucket| (bucket.clone(), folders(partner, &bucket)))
        .collect();
    let wish = InlineWish::Shared {
        at: call.time(),
        folders: shared.clone(),
    };
    let step = Step::<InlinePolicy>::new(inline(role, &policy), wish);
    let document = call.shown("policyDocument");
    let Some(document) = document.and_then(|text| Document::parse(&text).ok()) else {
        let what = format!("{of} got the policy {policy}, which the record does not show");
        return Judged::CannotTell(Draft::new(&role.resource, what).step(step));
    };
    let wider: Vec<String> = shared
        .iter()
        .flat_map(|(bucket, folders)| {
            let found = wider_than_folders(&document, bucket, folders);
            found
                .into_iter()
                .map(|index| tell(&document, index, bucket, folders))
                .collect::<Vec<_>>()
        })
        .collect();
    if wider.is_empty() {
        return Judged::Clean;
    }
    let what = format!(
        "{of} got the policy {policy}, which is too wide: {}",
        wider.join("; ")
    );
    let step = step.wrote(Some(Inline {
        principal: role.resource.clone(),
        id: None,
        created: None,
        policy: PolicyState::Document(document),
    }));
    Draft::new(&role.resource, what).step(step).into()
}

/// The buckets that hold logs: those of known trails, those that are guarded by
/// name, and those that something is shared of.
fn buckets(call: &Call<'_>, partner: &Partner) -> BTreeSet<String> {
    let named = call.settings.protected.resources.iter();
    let shared = named.chain(&partner.may_read).filter_map(|arn| {
        let arn = Arn::parse(arn).filter(|arn| arn.service == "s3")?;
        let bucket = arn.resource.split('/').next()?;
        (!bucket.contains(['*', '?'])).then(|| bucket.to_owned())
    });
    let used = call.inventory.used().map(|used| used.bucket.clone());
    shared.chain(used).filter(|name| !name.is_empty()).collect()
}

/// The folders of a bucket that a partner may read: what the settings say, or
/// else the one that holds its own account's logs.
fn folders(partner: &Partner, bucket: &str) -> Vec<String> {
    let mut found: Vec<String> = partner
        .may_read
        .iter()
        .filter_map(|arn| {
            let (of, key) = Arn::parse(arn)?.resource.split_once('/')?;
            let folder = key.trim_end_matches('*').trim_end_matches('/');
            (of == bucket).then(|| folder.to_owned())
        })
        .collect();
    if found.is_empty() {
        found.push(format!("AWSLogs/{}", partner.account));
    }
    found
}

fn tell(document: &Document, index: usize, bucket: &str, folders: &[String]) -> String {
    let statement = document.statements().get(index);
    let sid = statement
        .and_then(|statement| statement.sid())
        .filter(|sid| !sid.is_empty());
    let which = sid.map_or_else(|| place(index), |sid| format!("statement `{sid}`"));
    format!(
        "{which} reaches more of {bucket} than {}",
        folders.join(", ")
    )
}
