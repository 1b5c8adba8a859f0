//! What the settings say about one finding.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use auditward_policy::{self as policy, Tri};

use super::principals::{any, excuses};
use super::{Known, Mode, Partner, Settings, fits};
use crate::actor::Actor;
use crate::arn::{Arn, glob, matches};
use crate::inventory::Inventory;

/// How far `enforce` goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// `enforce` reaches protected resources alone.
    #[default]
    Protected,
    /// `enforce` reaches every resource of an account that holds protected ones.
    Account,
    /// `enforce` reaches every resource.
    Any,
}

/// Why nothing is written about a finding that would otherwise be put back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "held", rename_all = "kebab-case")]
pub enum Held {
    /// The settings cannot be read, or are the fallback.
    NoSettings,
    /// The kill switch is on.
    KillSwitch {
        /// Who pulled it, and why.
        why: String,
    },
    /// A pause is on.
    Pause {
        /// Why.
        why: String,
    },
    /// A break-glass principal did it.
    BreakGlass {
        /// Why that principal is known.
        why: String,
    },
    /// `enforce` does not reach this resource.
    OutOfReach,
    /// Nobody confirmed the state that is recorded.
    Unconfirmed,
}

impl Held {
    /// The reason, in a sentence.
    pub fn tell(&self) -> String {
        match self {
            Self::NoSettings => {
                "settings could not be read, so nothing but evidence is switched on".into()
            }
            Self::KillSwitch { why } => format!("the kill switch is on: {why}"),
            Self::Pause { why } => format!("a pause is on: {why}"),
            Self::BreakGlass { why } => format!("done by a break-glass principal: {why}"),
            Self::Unconfirmed => {
                "nobody confirmed the recorded state, so nothing but evidence is switched on; `auditward baseline approve` keeps what is live, `auditward baseline fix` puts the recorded state back".into()
            }
            Self::OutOfReach => {
                "`enforce` does not reach this resource, which is not protected".into()
            }
        }
    }
}

impl Settings {
    /// The principals that are ours, seen from a resource of `owner`. Policies name
    /// accounts by number, so that the organization's ID alone is not enough.
    pub fn zone(&self, owner: &str, inventory: &Inventory) -> policy::Zone {
        let known = self.known_accounts(inventory);
        let others: BTreeSet<&String> = known.filter(|account| *account != owner).collect();
        let mut accounts = vec![owner.to_owned()];
        accounts.extend(others.into_iter().cloned());
        let partners = self.partners.iter().map(|partner| policy::Partner {
            account: partner.account.clone(),
            external_id: Some(partner.external_id.clone()),
            resources: partner.may_read.clone(),
        });
        policy::Zone {
            accounts,
            org_id: self.ours.organization.clone(),
            partners: partners.collect(),
            canonical_ids: self.ours.canonical_ids.clone(),
            ..policy::Zone::default()
        }
    }

    /// Whether it is known of every account whether it is ours: of an organization only
    /// once somebody listed its accounts.
    pub fn knows_all_accounts(&self, inventory: &Inventory) -> bool {
        self.ours.organization.is_none() || !inventory.accounts.is_empty()
    }

    /// Whether a resource is guarded: named here, or used by a protected trail.
    pub fn protects(&self, arn: &str, inventory: &Inventory) -> bool {
        !self.given
            || self.names(arn)
            || self.protected.resources.iter().any(|pattern| names_group(pattern, arn))
            || (self.protected.discover && inventory.uses(arn))
            || self.is_own(arn)
            || self.has_guard_role(arn, inventory)
            || self.guards_organization(arn)
            // An account as a whole is guarded where it holds what is.
            || Arn::parse(arn).is_some_and(|arn| {
                let whole = match arn.service {
                    "iam" => arn.resource == "root",
                    // What holds for all log groups of the account.
                    "logs" => arn.resource.starts_with("account-policy:") || arn.resource.starts_with("resource-policy:"),
                    _ => false,
                };
                whole && self.holds_protected(arn.account, inventory)
            })
    }

    /// The partner that reads through a role.
    pub fn partner_of(&self, role_arn: &str) -> Option<&Partner> {
        self.partners
            .iter()
            .find(|partner| partner.has_role(role_arn))
    }

    /// Whether a resource is Auditward's own, by its name.
    pub fn is_own(&self, arn: &str) -> bool {
        let Some(arn) = Arn::parse(arn) else {
            return false;
        };
        // Buckets and roles have names that anybody may choose, or patterns of their own.
        let mut parts = arn.resource.split(['/', ':']);
        !matches!(arn.service, "s3" | "iam")
            && parts.any(|part| self.protected.own.iter().any(|own| glob(own, part)))
    }

    /// Whether an account holds protected resources.
    pub fn holds_protected(&self, account: &str, inventory: &Inventory) -> bool {
        let of_account = |arn: &str| Arn::parse(arn).is_some_and(|arn| arn.account == account);
        // Patterns may leave out whose it is; whoever is ours may hold such a thing.
        let may_be_of = |pattern: &str| {
            let of = pattern.split(':').nth(4).unwrap_or("*");
            glob(of, account) && (of == account || self.has_account(account, inventory))
        };
        !self.given
            // Auditward itself is guarded, where it runs.
            || self.home.as_ref().is_some_and(|home| home.account == account)
            || self
                .ours
                .log_archives
                .iter()
                .any(|archive| archive == account)
            || self
                .protected
                .resources
                .iter()
                .any(|pattern| may_be_of(pattern))
            || inventory.used().any(|used| {
                let all = [Some(&used.trail), used.key.as_ref(), used.log_role.as_ref()];
                all.into_iter().flatten().any(|arn| of_account(arn))
                    || used.bucket_owner.as_deref() == Some(account)
            })
    }

    /// The mode for a finding, before anything holds it back.
    pub fn mode_of(&self, rule: &str, account: &str, resource: &str) -> Mode {
        let modes = &self.mode;
        let sure = modes.resources.iter();
        let sure = sure.filter(|(pattern, _)| excuses(pattern, resource));
        if let Some(mode) = sure.map(|(_, mode)| *mode).min() {
            return mode;
        }
        let named = [modes.rules.get(rule), modes.accounts.get(account)];
        let named = named.into_iter().flatten().copied().min();
        let mode = named.unwrap_or(modes.default);
        // What may be meant is not written against, and told all the same. Auditward's
        // own roles stay guarded, as long as nobody says that they are meant.
        let mut protected = self.protected.resources.iter();
        let meant =
            self.names_guard_role(resource) || protected.any(|pattern| excuses(pattern, resource));
        let mut careful = modes
            .resources
            .iter()
            .filter(|(pattern, careful)| **careful < mode && fits(pattern, resource) != Tri::No);
        if meant || careful.next().is_none() {
            return mode;
        }
        mode.min(Mode::Alert)
    }

    /// Whether `enforce` of a rule reaches a resource.
    pub fn reaches(
        &self,
        rule: &str,
        account: &str,
        resource: &str,
        inventory: &Inventory,
    ) -> bool {
        match self.mode.reach.get(rule).copied().unwrap_or_default() {
            Reach::Any => true,
            Reach::Account => self.holds_protected(account, inventory),
            Reach::Protected => {
                // What a partner reads through is named for what it shares alone.
                self.protects(resource, inventory) || self.partner_of(resource).is_some()
            }
        }
    }

    /// What keeps Auditward from writing about a finding, if anything does.
    pub fn held(
        &self,
        rule: &str,
        account: &str,
        resource: &str,
        actor: &Actor,
        inventory: &Inventory,
        now: DateTime<Utc>,
    ) -> Option<Held> {
        if let Some(known) = self.break_glass.iter().find(|known| known.is(actor)) {
            return Some(Held::BreakGlass {
                why: known.reason.clone(),
            });
        }
        if let Some(switch) = self
            .kill_switch
            .as_ref()
            .filter(|switch| now <= switch.until.0)
        {
            return Some(Held::KillSwitch {
                why: format!("{} ({})", switch.reason, switch.by),
            });
        }
        let pause = self.pauses.iter().find(|pause| {
            pause.from.0 <= now
                && now <= pause.until.0
                && pause
                    .account
                    .as_deref()
                    .is_none_or(|paused| paused == account)
                && pause.rule.as_deref().is_none_or(|paused| paused == rule)
        });
        if let Some(pause) = pause {
            return Some(Held::Pause {
                why: pause.reason.clone(),
            });
        }
        (!self.reaches(rule, account, resource, inventory)).then_some(Held::OutOfReach)
    }

    /// The exception that accepts a finding, if one does.
    pub fn excepted(
        &self,
        rule: &str,
        resource: &str,
        actor: &Actor,
        now: DateTime<Utc>,
    ) -> Option<&super::Exception> {
        self.exceptions.iter().find(|exception| {
            exception.rule == rule
                && now <= exception.until.0
                && !resource.is_empty()
                && excuses(&exception.resource, resource)
                && matches(&exception.actor, &actor.issuer)
        })
    }

    /// Whether the caller is a deployer.
    pub fn is_deployer(&self, actor: &Actor) -> bool {
        self.deployers.iter().any(|known| known.is(actor))
    }

    /// The operator with this unique ID, who may undo a case.
    pub fn operator(&self, unique_id: &str) -> Option<&Known> {
        self.operators
            .iter()
            .find(|known| known.unique_id.as_deref() == Some(unique_id))
    }

    /// Whether a principal may hold the power to change trails: by its ARN, and by
    /// its unique ID where the settings give one. Where the ID is not known it cannot
    /// be told whether it is the same principal, or one made anew under its name.
    pub fn approval(&self, principal_arn: &str, unique_id: Option<&str>) -> Tri {
        let known = self.approved.iter().chain(&self.break_glass);
        let answers = known
            .filter(|known| matches(&known.principal, principal_arn))
            .map(|known| match (known.unique_id.as_deref(), unique_id) {
                (Some(_), None) => Tri::CannotTell,
                (Some(wanted), Some(id)) if wanted != id => Tri::No,
                _ => Tri::Yes,
            });
        any(answers)
    }

    /// Whether a principal is approved, as far as can be told: nothing is taken from
    /// one that may be.
    pub fn is_approved(&self, principal_arn: &str, unique_id: Option<&str>) -> bool {
        self.approval(principal_arn, unique_id) != Tri::No
    }

    /// Whether a role is one that Auditward or log delivery depends on: by its
    /// name alone, whatever its account, or because discovery found it.
    pub fn is_guard_role(&self, role_arn: &str, inventory: &Inventory) -> bool {
        self.names_guard_role(role_arn) || inventory.uses_role(role_arn)
    }

    /// Whether a role has the name of one that Auditward or log delivery depends
    /// on. Anybody may choose such a name in an account of his own.
    fn names_guard_role(&self, role_arn: &str) -> bool {
        let mut named = self.roles.guard.iter().chain(&self.roles.delivery);
        // IAM tells no names apart by case.
        Arn::parse(role_arn)
            .filter(Arn::is_role)
            .is_some_and(|role| {
                let name = role.name().to_ascii_lowercase();
                named.any(|pattern| glob(&pattern.to_ascii_lowercase(), &name))
                    || self.is_member_role(role_arn)
            })
    }

    /// Whether a caller goes by the name of such a role, as AWS writes it: what is
    /// excused goes by the very spelling.
    pub fn acts_as_guard_role(&self, issuer: &str, inventory: &Inventory) -> bool {
        let mut named = self.roles.guard.iter().chain(&self.roles.delivery);
        self.is_guard_role(issuer, inventory)
            && Arn::parse(issuer).is_some_and(|role| {
                named.any(|pattern| glob(pattern, role.name()))
                    || self.is_member_role(issuer)
                    || inventory.roles().any(|one| one.name() == role.name())
            })
    }

    /// Whether an account of ours has a role of that name, so that it is guarded.
    fn has_guard_role(&self, role_arn: &str, inventory: &Inventory) -> bool {
        self.names_guard_role(role_arn)
            && Arn::parse(role_arn).is_some_and(|role| {
                self.has_account(role.account, inventory)
                    || self.holds_protected(role.account, inventory)
            })
    }

    /// Whether an account is known to be ours: by the settings, as the one that
    /// Auditward runs in, or from the organization's list.
    pub fn has_account(&self, account: &str, inventory: &Inventory) -> bool {
        self.known_accounts(inventory).any(|one| one == account)
    }

    fn known_accounts<'a>(&'a self, inventory: &'a Inventory) -> impl Iterator<Item = &'a String> {
        let named = self.ours.accounts.iter().chain(&self.ours.log_archives);
        let home = self.home.as_ref().map(|home| &home.account);
        named
            .chain(&self.organization.management_account)
            .chain(home)
            .chain(&inventory.accounts)
    }
}

/// Whether a pattern of a log group in the form with `:*` behind its name, which
/// half of AWS uses, names the group of this ARN.
fn names_group(pattern: &str, arn: &str) -> bool {
    arn.contains(":log-group:")
        && pattern
            .strip_suffix(":*")
            .is_some_and(|pattern| glob(pattern, arn))
}

impl Partner {
    /// Whether it reads through this role. Events leave a role's path out, and
    /// a name is taken but once in an account.
    pub fn has_role(&self, role_arn: &str) -> bool {
        let plain = |arn: &str| {
            Arn::parse(arn).map(|arn| {
                let sort = arn.resource.split('/').next().unwrap_or_default();
                let plain = format!("{}:{sort}/{}", arn.account, arn.name());
                // IAM tells no names apart by case.
                plain.to_ascii_lowercase()
            })
        };
        let known = self.role.as_deref().and_then(plain);
        let named = plain(role_arn);
        known
            .zip(named)
            .is_some_and(|(known, named)| glob(&known, &named))
    }
}

impl Known {
    /// Whether a caller is this principal: by the issuing role's ARN and, where
    /// it is given, the unique ID; never by a session's name.
    pub fn is(&self, actor: &Actor) -> bool {
        !actor.issuer.is_empty()
            && matches(&self.principal, &actor.issuer)
            && self
                .unique_id
                .as_ref()
                .is_none_or(|id| *id == actor.unique_id)
    }
}
