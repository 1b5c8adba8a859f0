//! Who asks: account, ARN, organization and source of a witness.

use std::borrow::Cow;

use super::{Search, filled};
use crate::Kind;
use crate::ask::{Ask, Asker, Context, Known, Target};
use crate::caller::{Account, Org, Who};
use crate::glob::has_wildcard;
use crate::key::Key;
use crate::policy::Condition;
use crate::principal::{IdentityKind, arn_account, is_account};

/// Numbers and names for strangers, tried until one is not in the document.
const STRANGERS: [&str; 6] = [
    "999988887777",
    "987654321098",
    "888877776666",
    "777766665555",
    "919293949596",
    "686766656463",
];
const STRANGE_ORGS: [&str; 3] = ["o-strangers0", "o-outsiders1", "o-somebody22"];

impl<'t> Search<'_, 't> {
    pub(super) fn account(&self) -> String {
        match self.caller.account {
            Account::Known(account) => account.to_owned(),
            Account::Strange | Account::Hidden => {
                let mentions = self.engine.classes.mentions();
                let patterned = self.shaped(Key::PrincipalAccount, Key::CallerAccount);
                patterned.unwrap_or_else(|| {
                    let taken = |number: &str| {
                        self.engine.world.zone.trusts_account(number)
                            || mentions.accounts.contains(&number)
                    };
                    STRANGERS
                        .iter()
                        .find(|number| !taken(number))
                        .map_or("999988887777", |number| *number)
                        .to_owned()
                })
            }
        }
    }

    /// An account number that fits the wildcards of the statement's own
    /// conditions, for example `1111*`.
    pub(super) fn shaped(&self, first: Key<'_>, second: Key<'_>) -> Option<String> {
        let conditions = self.engine.policy.conditions_of(self.stmt);
        for condition in conditions {
            if condition.operator.negated {
                continue;
            }
            for text in condition.texts() {
                let pattern = if condition.key == first || condition.key == second {
                    text
                } else if condition.key == Key::PrincipalArn {
                    match text.split(':').nth(4) {
                        Some(field) => field,
                        None => continue,
                    }
                } else {
                    continue;
                };
                if !has_wildcard(pattern) || pattern.bytes().all(|byte| byte == b'*') {
                    continue;
                }
                for filler in ["7", "3", "9", "4", "0"] {
                    let short = pattern.replace('*', "").replace('?', filler);
                    let gap = 12usize.saturating_sub(short.len());
                    let number = pattern
                        .replacen('*', &filler.repeat(gap), 1)
                        .replace('*', "")
                        .replace('?', filler);
                    if is_account(&number) && !self.engine.world.zone.trusts_account(&number) {
                        return Some(number);
                    }
                }
            }
        }
        None
    }

    pub(super) fn arn(&self, account: &str) -> Option<String> {
        let partition = self.caller.partition;
        let named = |sort: &str, fallback: &str| {
            self.example_arn(account, sort)
                .unwrap_or_else(|| format!("arn:{partition}:iam::{account}:{sort}/{fallback}"))
        };
        Some(match self.caller.who {
            Who::Role => named("role", "stranger"),
            Who::User => named("user", "stranger"),
            Who::Root => format!("arn:{partition}:iam::{account}:root"),
            Who::FederatedUser => {
                format!("arn:{partition}:sts::{account}:federated-user/stranger")
            }
            Who::Named { .. } | Who::NamedFederatedUser { .. } | Who::Session { .. } => {
                self.caller.text.to_owned()
            }
            _ => return None,
        })
    }

    /// An ARN that the statement's own conditions ask for.
    pub(super) fn example_arn(&self, account: &str, sort: &str) -> Option<String> {
        let partition = self.caller.partition;
        let start = format!("arn:{partition}:iam::{account}:{sort}/");
        for condition in self.engine.policy.conditions_of(self.stmt) {
            if condition.key != Key::PrincipalArn || condition.operator.negated {
                continue;
            }
            for text in condition.texts() {
                let text = text
                    .replace("${aws:PrincipalAccount}", account)
                    .replace("${aws:principalaccount}", account);
                let candidates = [
                    // Field by field.
                    text.splitn(6, ':').nth(5).map(|resource| {
                        let resource = resource.strip_prefix(&format!("{sort}/"));
                        format!("{start}{}", filled(resource.unwrap_or("*"), "x"))
                    }),
                    // All of the text smuggled into the path.
                    Some(format!(
                        "{start}x:{}",
                        filled(text.trim_start_matches("arn:"), "x")
                    )),
                    Some(format!("{start}{}", filled(&text, "x"))),
                ];
                for candidate in candidates.into_iter().flatten() {
                    let mut context = Context::default();
                    context.set("aws:PrincipalArn", &candidate);
                    context.set("aws:PrincipalAccount", account);
                    let ask = Ask {
                        asker: Asker::Anonymous,
                        action: "",
                        resource: Target::One(""),
                        context,
                        known: Known::All,
                    };
                    if ask.meets(condition, self.engine.world.variables)
                        && arn_account(&candidate) == Some(account)
                    {
                        return Some(candidate);
                    }
                }
            }
        }
        None
    }

    /// The keys that follow from who asks.
    pub(super) fn identity(&self, account: &str, arn: Option<&str>) -> Context {
        let mut context = Context::default();
        context.set("aws:SecureTransport", "true");
        if let Some(owner) = self.engine.world.zone.owner() {
            context.set("aws:ResourceAccount", owner);
        }
        if let Some(org) = self.engine.world.zone.org_id.as_deref() {
            context.set("aws:ResourceOrgID", org);
        }
        match self.caller.who {
            Who::Anonymous => {
                context.set("aws:PrincipalAccount", "anonymous");
                context.set("aws:userid", "anonymous");
                context.set("aws:PrincipalType", "Anonymous");
                return context;
            }
            Who::Token { guest, .. } => {
                if let Who::Token { issuer, .. } = self.caller.who
                    && issuer.is_cognito()
                {
                    let word = if guest {
                        "unauthenticated"
                    } else {
                        "authenticated"
                    };
                    context.set("cognito-identity.amazonaws.com:amr", word);
                }
                return context;
            }
            Who::ForeignToken { .. } => return context,
            _ => {}
        }
        context.set("aws:PrincipalAccount", account);
        context.set("aws:PrincipalIsAWSService", "false");
        context.set("aws:ViaAWSService", "false");
        if self.engine.world.kind == Kind::Key {
            context.set("kms:CallerAccount", account);
        }
        let sort = match self.caller.who {
            Who::Role
            | Who::Session { .. }
            | Who::Named {
                kind: IdentityKind::Role,
                ..
            } => "AssumedRole",
            Who::User
            | Who::Named {
                kind: IdentityKind::User,
                ..
            } => "User",
            Who::Root => "Account",
            _ => "FederatedUser",
        };
        context.set("aws:PrincipalType", sort);
        match (self.caller.who, arn) {
            (Who::Session { role, session }, _) => {
                let partition = self.caller.partition;
                let arn = format!("arn:{partition}:iam::{account}:role/{role}");
                context.set("aws:PrincipalArn", &arn);
                context.set("aws:userid", &format!("AROASTRANGERSROLE0000:{session}"));
            }
            (_, Some(arn)) => {
                context.set("aws:PrincipalArn", arn);
                let id = match sort {
                    "AssumedRole" => "AROASTRANGERSROLE0000:stranger".to_owned(),
                    "User" => "AIDASTRANGERSUSER0000".to_owned(),
                    "Account" => account.to_owned(),
                    _ => format!("{account}:{}", arn.rsplit('/').next().unwrap_or("stranger")),
                };
                context.set("aws:userid", &id);
                if sort == "User" {
                    let name = arn.rsplit('/').next().unwrap_or("stranger");
                    context.set("aws:username", name);
                }
            }
            _ => {}
        }
        if let Some(org) = self.org(self.caller.org) {
            context.set("aws:PrincipalOrgID", &org);
            let path = self.org_path(Key::PrincipalOrgPaths, &org);
            context.set("aws:PrincipalOrgPaths", &path);
        }
        context
    }

    pub(super) fn org(&self, org: Org<'t>) -> Option<String> {
        match org {
            Org::None => None,
            Org::Known(org) => Some(org.to_ascii_lowercase()),
            Org::Strange => {
                for condition in self.engine.policy.conditions_of(self.stmt) {
                    let keys = [Key::PrincipalOrgId, Key::SourceOrgId];
                    if !keys.contains(&condition.key) || condition.operator.negated {
                        continue;
                    }
                    let shaped = condition.texts().find(|text| {
                        has_wildcard(text) && text.starts_with("o-") && text.len() > 3
                    });
                    if let Some(text) = shaped {
                        let short = text.replace(['*', '?'], "").len();
                        let filler = "z".repeat(14usize.saturating_sub(short).max(1));
                        return Some(
                            text.replacen('*', &filler, 1)
                                .replace('*', "")
                                .replace('?', "z"),
                        );
                    }
                }
                let mentions = self.engine.classes.mentions();
                STRANGE_ORGS
                    .iter()
                    .find(|org| !mentions.orgs.contains(org))
                    .map(|org| (*org).to_owned())
            }
        }
    }

    /// A path inside an organization, as the statement asks for it.
    pub(super) fn org_path(&self, key: Key<'_>, org: &str) -> String {
        let asked = self
            .engine
            .policy
            .conditions_of(self.stmt)
            .iter()
            .filter(|one| one.key == key && !one.operator.negated)
            .flat_map(Condition::texts)
            .find_map(|text| {
                let (first, rest) = text.split_once('/')?;
                let ours = crate::glob::surely_matches(first, org, true);
                ours.then(|| format!("{org}/{}", filled(rest, "x")))
            });
        asked.unwrap_or_else(|| format!("{org}/r-abcd/ou-abcd-12345678/"))
    }

    /// The source keys of a request that comes through a service.
    pub(super) fn sources(&self, context: &mut Context, account: &str) {
        let source = self.caller.source;
        let account = match source.account {
            Account::Known(account) => account,
            _ => account,
        };
        let carries = |key: Key<'_>| source.bits & key.source_bit() != 0;
        for (key, name) in [
            (Key::SourceAccount, "aws:SourceAccount"),
            (Key::SourceOwner, "aws:SourceOwner"),
        ] {
            if carries(key) {
                context.set(name, account);
            }
        }
        if carries(Key::SourceArn) {
            let pattern = self
                .engine
                .policy
                .conditions_of(self.stmt)
                .iter()
                .filter(|one| one.key == Key::SourceArn && !one.operator.negated)
                .flat_map(Condition::texts)
                .find(|text| {
                    let own = arn_account(text).unwrap_or_default();
                    own == account || has_wildcard(own) || own.is_empty()
                })
                .unwrap_or("arn:aws:sns:us-east-1:*:stranger");
            let mut fields: Vec<Cow<'_, str>> = pattern.splitn(6, ':').map(Cow::Borrowed).collect();
            if let Some(field) = fields.get_mut(4).filter(|field| !field.is_empty()) {
                *field = Cow::Owned(account.to_owned());
            }
            if let Some(field) = fields.get_mut(0) {
                *field = Cow::Borrowed("arn");
            }
            let arn: Vec<String> = fields.iter().map(|field| filled(field, "x")).collect();
            context.set("aws:SourceArn", &arn.join(":"));
        }
        if let Some(org) = self.org(source.org) {
            if carries(Key::SourceOrgId) {
                context.set("aws:SourceOrgID", &org);
            }
            if carries(Key::SourceOrgPaths) {
                let path = self.org_path(Key::SourceOrgPaths, &org);
                context.set("aws:SourceOrgPaths", &path);
            }
        }
    }
}
