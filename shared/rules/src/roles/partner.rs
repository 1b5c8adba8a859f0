//! Roles that registered partners read logs through.

use std::collections::BTreeSet;

use auditward_policy::Document;
use auditward_policy::sharing::wider_than_folders;

use super::{IAM, Sort, principal, unnamed};
use crate::arn::Arn;
use crate::rule::{Call, Draft, Function, Judged, Rule, Severity, Watch};
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
        names: &["PutRolePolicy"],
    }],
    deployers_accepted: false,
    judge: widened,
    ..Rule::TELLS
};

fn widened(call: &Call<'_>) -> Judged {
    if call.settings.partners.iter().all(|one| one.role.is_none()) {
        return Judged::Clean;
    }
    let Some(role) = principal(call, Sort::Role) else {
        return unnamed(call, Sort::Role);
    };
    let name = role.name();
    let partner = call
        .settings
        .partners
        .iter()
        .find(|partner| partner.has_role(&role.resource));
    let Some(partner) = partner else {
        return Judged::Clean;
    };
    let policy = call.shown("policyName").unwrap_or("?".into());
    let of = format!("role {name} of partner {}", partner.account);
    let document = call.shown("policyDocument");
    let Some(document) = document.and_then(|text| Document::parse(&text).ok()) else {
        let what = format!("{of} got the policy {policy}, which the record does not show");
        return Judged::CannotTell(Draft::new(&role.resource, what));
    };
    let wider: Vec<String> = buckets(call, partner)
        .into_iter()
        .flat_map(|bucket| {
            let folders = folders(partner, &bucket);
            let found = wider_than_folders(&document, &bucket, &folders);
            found
                .into_iter()
                .map(|index| tell(&document, index, &bucket, &folders))
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
    Draft::new(&role.resource, what).into()
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
    let used = call.inventory.trails.iter().map(|used| used.bucket.clone());
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
    let which = sid.map_or_else(
        || format!("statement {}", index + 1),
        |sid| format!("statement `{sid}`"),
    );
    format!(
        "{which} reaches more of {bucket} than {}",
        folders.join(", ")
    )
}
