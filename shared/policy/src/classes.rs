//! Which classes of outside callers have to be looked at for one principal.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::caller::{Account, Caller, Org, Who};
use crate::federation::Provider;
use crate::key::Key;
use crate::origins::{Judge, each_account, outside_org};
use crate::policy::Policy;
use crate::principal::{Form, IdentityKind, Principal, aws};
use crate::{Kind, Zone};

/// The outside names that occur in a document.
#[derive(Debug, Default)]
pub(crate) struct Mentions<'t> {
    pub(crate) accounts: Vec<&'t str>,
    pub(crate) orgs: Vec<&'t str>,
    pub(crate) identities: Vec<Principal<'t>>,
    /// Principals of which only the text is known.
    pub(crate) opaque: Vec<Principal<'t>>,
    /// Trusted accounts that occur.
    pub(crate) own_accounts: Vec<&'t str>,
}

/// More names than any real document has; beyond it nothing is told.
const MANY: usize = 4000;

impl<'t> Mentions<'t> {
    fn collect(policy: &Policy<'t>, zone: &Zone) -> Mentions<'t> {
        let mut accounts = BTreeSet::new();
        let mut own_accounts = BTreeSet::new();
        let mut orgs = BTreeSet::new();
        let mut identities: Vec<Principal<'t>> = Vec::new();
        let mut opaque: Vec<Principal<'t>> = Vec::new();
        let mut account = |text: &'t str| {
            if zone.trusts_account(text) {
                own_accounts.insert(text);
                false
            } else {
                accounts.insert(text);
                true
            }
        };
        let identity = |principal: Principal<'t>, identities: &mut Vec<Principal<'t>>| {
            if identities.len() < MANY && !identities.contains(&principal) {
                identities.push(principal);
            }
        };
        for principal in &policy.principals {
            if let Some(own) = principal.account() {
                if account(own) && !matches!(principal.form, Form::Account(_)) {
                    identity(*principal, &mut identities);
                }
            } else if matches!(
                principal.form,
                Form::UniqueId
                    | Form::OriginAccessIdentity
                    | Form::WildArn
                    | Form::Malformed
                    | Form::Canonical
            ) && opaque.len() < MANY
                && !opaque.contains(principal)
            {
                opaque.push(*principal);
            }
        }
        for condition in &policy.conditions {
            for text in condition.texts() {
                match condition.key {
                    Key::PrincipalOrgId
                    | Key::SourceOrgId
                    | Key::PrincipalOrgPaths
                    | Key::SourceOrgPaths => orgs.extend(outside_org(text, zone)),
                    _ => {
                        let mut outside = false;
                        each_account(text, &mut |own| outside |= account(own));
                        let form = aws(text);
                        if outside
                            && condition.key == Key::PrincipalArn
                            && matches!(form, Form::Identity { .. } | Form::FederatedUser { .. })
                        {
                            identity(Principal { text, form }, &mut identities);
                        }
                    }
                }
            }
        }
        Mentions {
            accounts: accounts.into_iter().collect(),
            orgs: orgs.into_iter().collect(),
            identities,
            opaque,
            own_accounts: own_accounts.into_iter().collect(),
        }
    }
}

/// Makes the callers that have to be judged.
pub(crate) struct Classes<'t> {
    pub(crate) policy: &'t Policy<'t>,
    kind: Kind,
    pub(crate) zone: &'t Zone,
    mentions: OnceCell<Mentions<'t>>,
}

impl<'t> Classes<'t> {
    pub(crate) fn new(policy: &'t Policy<'t>, kind: Kind, zone: &'t Zone) -> Classes<'t> {
        Classes {
            policy,
            kind,
            zone,
            mentions: OnceCell::new(),
        }
    }

    pub(crate) fn mentions(&self) -> &Mentions<'t> {
        self.mentions
            .get_or_init(|| Mentions::collect(self.policy, self.zone))
    }

    /// The outside callers that a principal may stand for.
    pub(crate) fn of(
        &self,
        principal: &Principal<'t>,
        judge: &mut Judge<'_, 't>,
    ) -> ControlFlow<()> {
        match principal.form {
            Form::Everyone => self.everyone(judge),
            Form::Account(account) => {
                if self.zone.trusts_account(account) {
                    return ControlFlow::Continue(());
                }
                self.account(Account::Known(account), judge)?;
                for named in &self.mentions().identities {
                    if named.account() == Some(account) {
                        self.named(named, judge)?;
                    }
                }
                ControlFlow::Continue(())
            }
            Form::Identity { account, .. }
            | Form::Session { account, .. }
            | Form::FederatedUser { account, .. } => {
                if self.zone.trusts_account(account) {
                    return ControlFlow::Continue(());
                }
                self.named(principal, judge)?;
                self.namesakes(principal, account, judge)
            }
            Form::Canonical
                if self
                    .zone
                    .canonical_ids
                    .iter()
                    .any(|id| id == principal.text) =>
            {
                ControlFlow::Continue(())
            }
            Form::Canonical
            | Form::UniqueId
            | Form::OriginAccessIdentity
            | Form::WildArn
            | Form::Malformed => self.opaque(principal.text, judge),
            Form::Federated => self.federated(principal.text, judge),
            Form::Service => ControlFlow::Continue(()),
        }
    }

    /// Every outsider there is.
    pub(crate) fn everyone(&self, judge: &mut Judge<'_, 't>) -> ControlFlow<()> {
        if self.kind.has_anonymous() {
            self.sources(
                Caller::new(Who::Anonymous, Account::Strange, Org::None),
                judge,
            )?;
        }
        self.account(Account::Strange, judge)?;
        let mentions = self.mentions();
        for account in &mentions.accounts {
            self.account(Account::Known(account), judge)?;
        }
        for named in &mentions.identities {
            self.named(named, judge)?;
        }
        for principal in &mentions.opaque {
            if principal.form != Form::Canonical
                || !self
                    .zone
                    .canonical_ids
                    .iter()
                    .any(|id| id == principal.text)
            {
                self.opaque(principal.text, judge)?;
            }
        }
        if self.kind == Kind::Trust {
            for saml in [false, true] {
                let who = Who::ForeignToken { saml };
                self.sources(Caller::new(who, Account::Strange, Org::None), judge)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn account(&self, account: Account<'t>, judge: &mut Judge<'_, 't>) -> ControlFlow<()> {
        let types: &[Who<'t>] = if self.policy.asks.by_type {
            &[Who::Role, Who::User, Who::Root, Who::FederatedUser]
        } else {
            &[Who::Role]
        };
        for partition in self.policy.asks.partitions() {
            for who in types {
                let mut caller = Caller::new(*who, account, Org::None);
                caller.partition = partition;
                self.orgs(caller, judge)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn named(&self, principal: &Principal<'t>, judge: &mut Judge<'_, 't>) -> ControlFlow<()> {
        let arn = principal.text;
        let (who, account) = match principal.form {
            Form::Identity {
                account,
                kind,
                name,
            } => (Who::Named { kind, name, arn }, account),
            Form::Session {
                account,
                role,
                session,
            } => (Who::Session { role, session }, account),
            Form::FederatedUser { account, .. } => (Who::NamedFederatedUser { arn }, account),
            _ => return ControlFlow::Continue(()),
        };
        let mut caller = Caller::new(who, Account::Known(account), Org::None);
        caller.text = arn;
        caller.partition = arn.split(':').nth(1).unwrap_or(caller.partition);
        self.orgs(caller, judge)
    }

    /// Roles of the same name: a session shows its role's name, not its path.
    fn namesakes(
        &self,
        principal: &Principal<'t>,
        account: &str,
        judge: &mut Judge<'_, 't>,
    ) -> ControlFlow<()> {
        let role_name = |one: &Principal<'t>| match one.form {
            Form::Identity {
                kind: IdentityKind::Role,
                name,
                ..
            } => Some(name),
            _ => None,
        };
        let Some(name) = role_name(principal) else {
            return ControlFlow::Continue(());
        };
        for other in &self.mentions().identities {
            let namesake = role_name(other) == Some(name) && other.account() == Some(account);
            if namesake && other.text != principal.text {
                self.named(other, judge)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn opaque(&self, text: &'t str, judge: &mut Judge<'_, 't>) -> ControlFlow<()> {
        let mut caller = Caller::new(Who::Opaque, Account::Hidden, Org::None);
        caller.text = text;
        self.orgs(caller, judge)
    }

    fn federated(&self, text: &'t str, judge: &mut Judge<'_, 't>) -> ControlFlow<()> {
        let by = |saml: bool| {
            let who = Who::ForeignToken { saml };
            let mut caller = Caller::new(who, Account::Strange, Org::None);
            caller.text = text;
            caller
        };
        let mut caller = by(false);
        match Provider::parse(text, self.zone) {
            Provider::Own { .. } => ControlFlow::Continue(()),
            Provider::Outside { saml, account } => {
                caller = by(saml);
                caller.account = Account::Known(account);
                self.sources(caller, judge)
            }
            Provider::Anyone | Provider::Malformed => {
                self.sources(by(false), judge)?;
                self.sources(by(true), judge)
            }
            Provider::Shared(issuer) => {
                let mut token = |guest: bool, own_pool: bool| {
                    caller.who = Who::Token {
                        issuer,
                        guest,
                        own_pool,
                    };
                    self.sources(caller, judge)
                };
                token(false, false)?;
                if issuer.is_cognito() {
                    token(true, false)?;
                    token(true, true)?;
                }
                ControlFlow::Continue(())
            }
        }
    }

    fn orgs(&self, mut caller: Caller<'t>, judge: &mut Judge<'_, 't>) -> ControlFlow<()> {
        if self.kind == Kind::Trust
            && let Account::Known(account) = caller.account
            && let Some(partner) = self.zone.partner(account)
        {
            caller.without_id = partner.external_id.as_deref();
        }
        self.sources(caller, judge)?;
        if !self.policy.asks.by_org {
            return ControlFlow::Continue(());
        }
        caller.org = Org::Strange;
        self.sources(caller, judge)?;
        for org in &self.mentions().orgs {
            caller.org = Org::Known(org);
            self.sources(caller, judge)?;
        }
        ControlFlow::Continue(())
    }

    fn sources(&self, mut caller: Caller<'t>, judge: &mut Judge<'_, 't>) -> ControlFlow<()> {
        if !(judge.of)(caller)? {
            return ControlFlow::Continue(());
        }
        for source in judge.sources.outside() {
            caller.source = source;
            (judge.of)(caller)?;
        }
        ControlFlow::Continue(())
    }
}
