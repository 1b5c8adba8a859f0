//! A concrete outside request for a verdict: built from the class of callers
//! that gets in, and checked against the document before it is shown.

use std::borrow::Cow;

use crate::analysis::{Engine, Finding};
use crate::caller::{Account, Caller, Org, Who};
use crate::cover::{Entry, all_actions, left_open};
use crate::glob::has_wildcard;
use crate::key::Key;
use crate::operator::{Base, SetOp};
use crate::policy::{Condition, Stmt};
use crate::principal::{IdentityKind, Principal, arn_account, is_account};
use crate::request::{Ask, Asker, Context, Known};
use crate::val::Level;
use crate::verdict::Witness;
use crate::{Kind, Tri};

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

/// Repairs after which the search for a witness is given up.
const REPAIRS: usize = 24;

/// A request of the finding's worst grant that the document surely allows.
pub(crate) fn find<'t>(engine: &Engine<'t>, finding: &Finding<'t>) -> Option<Witness> {
    let stmt = engine.policy.statements.get(finding.index)?;
    let grant = finding.worst()?;
    Search {
        engine,
        stmt,
        caller: &grant.caller,
    }
    .run()
}

struct Search<'s, 't> {
    engine: &'s Engine<'t>,
    stmt: &'s Stmt<'t>,
    caller: &'s Caller<'t>,
}

impl<'t> Search<'_, 't> {
    fn run(&self) -> Option<Witness> {
        let policy = self.engine.policy;
        let account = self.account();
        let arn = self.arn(&account);
        let (action, resource) = self.target()?;
        let mut context = self.identity(&account, arn.as_deref());
        self.sources(&mut context, &account);
        let principal = match self.caller.who {
            Who::Anonymous => "anonymous".to_owned(),
            Who::Token { .. } | Who::ForeignToken | Who::Opaque => {
                if self.caller.text.is_empty() {
                    return None;
                }
                self.caller.text.to_owned()
            }
            _ => arn.clone()?,
        };
        let mut own = policy.conditions_of(self.stmt).iter();
        for condition in own.by_ref() {
            self.satisfy(condition, &mut context);
        }
        for _ in 0..REPAIRS {
            let asker = match self.caller.who {
                Who::Anonymous => Asker::Anonymous,
                Who::Token { .. } | Who::ForeignToken | Who::Opaque => Asker::Text(&principal),
                _ => Asker::Iam(Principal::parse("AWS", &principal)),
            };
            let ask = Ask {
                asker,
                action: &action,
                resource: &resource,
                context: context.clone(),
                known: Known::All,
            };
            // The statement itself has to let the request in.
            if ask.holds(policy, self.engine.world.kind, self.stmt).lo != Level::Always {
                return None;
            }
            if ask.decide(policy, self.engine.world.kind, false) == Tri::Yes {
                return Some(Witness {
                    principal,
                    action,
                    resource,
                    context: context.named(),
                });
            }
            let hit = self
                .engine
                .denies()
                .iter()
                .find(|deny| ask.holds(policy, self.engine.world.kind, deny).can_hold())?;
            if !self.evade(hit, &ask, &mut context) {
                return None;
            }
        }
        None
    }

    fn account(&self) -> String {
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
    fn shaped(&self, first: Key<'_>, second: Key<'_>) -> Option<String> {
        let conditions = self.engine.policy.conditions_of(self.stmt);
        for condition in conditions {
            if condition.operator.negated {
                continue;
            }
            for text in condition.texts() {
                let pattern = if condition.key == first || condition.key == second {
                    text
                } else if condition.key == Key::PrincipalArn {
                    match text.splitn(6, ':').nth(4) {
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

    fn arn(&self, account: &str) -> Option<String> {
        let partition = self.engine.policy.partition;
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
    fn example_arn(&self, account: &str, sort: &str) -> Option<String> {
        let partition = self.engine.policy.partition;
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
                        resource: "",
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

    /// An action and a resource that no sure Deny covers.
    fn target(&self) -> Option<(String, String)> {
        let kind = self.engine.world.kind;
        let entry = self.engine.entry(self.caller);
        let denies: Vec<&Stmt<'t>> = self
            .engine
            .denies()
            .iter()
            .filter(|deny| self.engine.fires(deny, self.caller).lo == Level::Always)
            .map(|deny| &**deny)
            .collect();
        let (action, resource) = left_open(
            kind,
            self.engine.world.variables,
            self.stmt,
            entry,
            &denies,
            self.engine.budget(),
        )?;
        let action = match entry {
            Entry::Only("sts:assumerole") => "sts:AssumeRole".to_owned(),
            Entry::Only("sts:assumerolewithsaml") => "sts:AssumeRoleWithSAML".to_owned(),
            Entry::Only(_) => "sts:AssumeRoleWithWebIdentity".to_owned(),
            Entry::Any => self.action(kind, &action, &resource),
        };
        let resource = if kind == Kind::Trust {
            "the role".to_owned()
        } else {
            self.resource(kind, &resource)
        };
        Some((action, resource))
    }

    /// A real action that fits the pattern, where one comes to mind.
    fn action(&self, kind: Kind, pattern: &str, resource: &str) -> String {
        if !has_wildcard(pattern) {
            return pattern.to_owned();
        }
        let on_bucket = kind == Kind::Bucket && !resource.contains('/') && resource != "*";
        let usual: &[&str] = match kind {
            Kind::Trust => &["sts:AssumeRole"],
            Kind::Bucket if on_bucket => &[
                "s3:ListBucket",
                "s3:GetBucketPolicy",
                "s3:PutBucketPolicy",
                "s3:DeleteBucket",
            ],
            Kind::Bucket => &[
                "s3:GetObject",
                "s3:PutObject",
                "s3:DeleteObject",
                "s3:ListBucket",
            ],
            Kind::Key => &[
                "kms:Decrypt",
                "kms:Encrypt",
                "kms:DescribeKey",
                "kms:CreateGrant",
            ],
            Kind::Topic => &["sns:Publish", "sns:Subscribe", "sns:GetTopicAttributes"],
            Kind::Queue => &[
                "sqs:SendMessage",
                "sqs:ReceiveMessage",
                "sqs:GetQueueAttributes",
            ],
            Kind::Destination | Kind::Logs => &["logs:PutSubscriptionFilter", "logs:PutLogEvents"],
            Kind::Bus => &["events:PutEvents", "events:PutRule"],
            Kind::Function => &["lambda:InvokeFunction", "lambda:GetFunction"],
            Kind::Store => &["cloudtrail:StartQuery", "cloudtrail:GetEventDataStore"],
            Kind::Table => &["dynamodb:GetItem", "dynamodb:PutItem"],
        };
        let policy = self.engine.policy;
        let fits = |action: &str| {
            let listed = self
                .stmt
                .actions()
                .any(|one| crate::glob::surely_matches(one, action, true));
            let denied = self.engine.denies().iter().any(|deny| {
                policy.conditions_of(deny).is_empty()
                    && deny
                        .actions()
                        .any(|one| crate::glob::surely_matches(one, action, true))
                        != deny.not_action
            });
            crate::glob::surely_matches(pattern, action, true)
                && listed != self.stmt.not_action
                && !denied
        };
        match usual.iter().find(|action| fits(action)) {
            Some(action) => (*action).to_owned(),
            None => {
                let all = all_actions(kind);
                let wide = if pattern.contains(':') { pattern } else { all };
                filled(wide, "X")
            }
        }
    }

    fn resource(&self, kind: Kind, pattern: &str) -> String {
        let partition = self.engine.policy.partition;
        let owner = self.engine.world.zone.owner().unwrap_or("000000000000");
        if pattern != "*" {
            let mut text = pattern.to_owned();
            if self.engine.world.variables {
                while let Some((before, after)) = text.split_once("${") {
                    let tail = after.split_once('}').map_or("", |(_, tail)| tail);
                    text = format!("{before}stranger{tail}");
                }
            }
            return filled(&text, "x");
        }
        match kind {
            Kind::Trust => "the role".to_owned(),
            Kind::Bucket => format!("arn:{partition}:s3:::the-bucket/the-object"),
            Kind::Key => format!("arn:{partition}:kms:us-east-1:{owner}:key/the-key"),
            Kind::Topic => format!("arn:{partition}:sns:us-east-1:{owner}:the-topic"),
            Kind::Queue => format!("arn:{partition}:sqs:us-east-1:{owner}:the-queue"),
            Kind::Destination => {
                format!("arn:{partition}:logs:us-east-1:{owner}:destination:the-destination")
            }
            Kind::Logs => format!("arn:{partition}:logs:us-east-1:{owner}:log-group:the-group:*"),
            Kind::Bus => format!("arn:{partition}:events:us-east-1:{owner}:event-bus/the-bus"),
            Kind::Function => {
                format!("arn:{partition}:lambda:us-east-1:{owner}:function:the-function")
            }
            Kind::Store => {
                format!("arn:{partition}:cloudtrail:us-east-1:{owner}:eventdatastore/the-store")
            }
            Kind::Table => format!("arn:{partition}:dynamodb:us-east-1:{owner}:table/the-table"),
        }
    }

    /// The keys that follow from who asks.
    fn identity(&self, account: &str, arn: Option<&str>) -> Context {
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
            Who::ForeignToken => return context,
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
                let partition = self.engine.policy.partition;
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
                    _ => format!("{account}:stranger"),
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

    fn org(&self, org: Org<'t>) -> Option<String> {
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
    fn org_path(&self, key: Key<'_>, org: &str) -> String {
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

    /// Makes a key of the caller's choice, which a value refers to, say the
    /// same as the key that it is compared with.
    fn echo(&self, condition: &Condition<'t>, context: &mut Context) {
        if !self.engine.world.variables {
            return;
        }
        let Some(own) = context
            .get(condition.key_text)
            .and_then(|all| all.first())
            .cloned()
        else {
            return;
        };
        for text in condition.texts() {
            let name = text
                .strip_prefix("${")
                .and_then(|rest| rest.strip_suffix('}'));
            let Some(name) = name.map(|name| name.split(',').next().unwrap_or(name).trim()) else {
                continue;
            };
            if self.is_chosen(Key::parse(name)) && context.get(name).is_none() {
                context.set(name, &own);
            }
        }
    }

    /// The source keys of a request that comes through a service.
    fn sources(&self, context: &mut Context, account: &str) {
        let source = self.caller.source;
        let account = match source.account {
            Account::Known(account) => account,
            _ => account,
        };
        for (bit, key) in [(1, "aws:SourceAccount"), (16, "aws:SourceOwner")] {
            if source.bits & bit != 0 {
                context.set(key, account);
            }
        }
        if source.bits & 2 != 0 {
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
            if source.bits & 4 != 0 {
                context.set("aws:SourceOrgID", &org);
            }
            if source.bits & 8 != 0 {
                let path = self.org_path(Key::SourceOrgPaths, &org);
                context.set("aws:SourceOrgPaths", &path);
            }
        }
    }

    /// Gives a key of the caller's choice the value that a condition wants.
    fn satisfy(&self, condition: &Condition<'t>, context: &mut Context) {
        if !condition.operator.negated {
            self.echo(condition, context);
        }
        if !self.is_chosen(condition.key) {
            return;
        }
        let operator = condition.operator;
        if operator.base == Base::Null {
            let absent = condition
                .texts()
                .any(|text| text.eq_ignore_ascii_case("true"));
            if absent {
                context.remove(condition.key_text);
            } else if context.get(condition.key_text).is_none() {
                context.set(condition.key_text, "stranger");
            }
            return;
        }
        if operator.negated || operator.if_exists || operator.set == SetOp::All {
            // An absent key satisfies it; a present one may not.
            if !self.holds(condition, context) {
                context.remove(condition.key_text);
                if !self.holds(condition, context) {
                    context.set(condition.key_text, "stranger");
                }
            }
            return;
        }
        if self.holds(condition, context) {
            return;
        }
        for text in condition.texts() {
            for value in self.examples(condition, text, context) {
                context.set(condition.key_text, &value);
                if self.holds(condition, context) {
                    return;
                }
            }
        }
    }

    fn examples(&self, condition: &Condition<'t>, text: &str, context: &Context) -> Vec<String> {
        let mut text = text.to_owned();
        if self.engine.world.variables {
            while let Some((before, after)) = text.split_once("${") {
                let Some((name, tail)) = after.split_once('}') else {
                    break;
                };
                let known = context.get(name.trim()).and_then(|values| values.first());
                text = match name {
                    "*" | "?" | "$" => format!("{before}{name}{tail}"),
                    _ => format!("{before}{}{tail}", known.map_or("stranger", String::as_str)),
                };
            }
        }
        match condition.operator.base {
            Base::Text { like: true, .. } | Base::Arn => {
                // Fixed parts may be demanded elsewhere, so several fillings.
                vec![
                    filled(&text, "stranger"),
                    filled(&text, "x"),
                    filled(&text, ""),
                ]
            }
            Base::Ip => {
                let address = text.split('/').next().unwrap_or(&text);
                vec![address.to_owned()]
            }
            Base::Numeric(_) => {
                let number: i64 = text.parse().unwrap_or(0);
                vec![text, (number - 1).to_string(), (number + 1).to_string()]
            }
            _ => vec![text],
        }
    }

    fn holds(&self, condition: &Condition<'t>, context: &Context) -> bool {
        Ask {
            asker: Asker::Anonymous,
            action: "",
            resource: "",
            context: context.clone(),
            known: Known::All,
        }
        .meets(condition, self.engine.world.variables)
    }

    /// Whether the caller (or its surroundings) decide what the key says.
    fn is_chosen(&self, key: Key<'_>) -> bool {
        let iam = self.caller.is_iam();
        let signed = iam || self.caller.who == Who::Opaque;
        match key {
            Key::PrincipalTag => signed && self.caller.who != Who::Root,
            Key::UserName => self.caller.who == Who::User,
            Key::UserId => iam && !matches!(self.caller.who, Who::Root),
            Key::Session | Key::ExternalId | Key::CredentialArn => signed,
            Key::Claim(..) => self.caller.is_token(),
            Key::FederatedProvider => signed,
            Key::SourceIp
            | Key::SourceVpc
            | Key::ViaAwsService
            | Key::AccessPointAccount
            | Key::AccessPointArn
            | Key::RoleSessionName
            | Key::EncryptionContext
            | Key::SecureTransport
            | Key::CallerAccount
            | Key::Other => !(key == Key::CallerAccount && self.engine.world.kind == Kind::Key),
            _ => false,
        }
    }

    /// Changes a key of the caller's choice so that a Deny no longer fires.
    fn evade(&self, deny: &Stmt<'t>, ask: &Ask<'_>, context: &mut Context) -> bool {
        let variables = self.engine.world.variables;
        let own = self.engine.policy.conditions_of(self.stmt);
        for condition in self.engine.policy.conditions_of(deny) {
            let before = context.clone();
            if condition.operator.negated {
                self.echo(condition, context);
                let mut again = ask.clone();
                again.context = context.clone();
                let kept = own.iter().all(|one| again.meets(one, variables));
                if kept && !again.can_meet(condition, variables) {
                    return true;
                }
                *context = before.clone();
            }
            if !self.is_chosen(condition.key) {
                continue;
            }
            let mut values: Vec<Option<String>> = vec![None];
            values.push(Some("stranger".to_owned()));
            values.push(Some("198.51.100.7".to_owned()));
            values.push(Some("2001:db8::7".to_owned()));
            values.push(Some("true".to_owned()));
            values.push(Some("false".to_owned()));
            values.push(Some("1".to_owned()));
            for text in condition.texts().take(20) {
                for example in self.examples(condition, text, context) {
                    values.push(Some(example));
                }
            }
            for value in values {
                match value {
                    None => context.remove(condition.key_text),
                    Some(value) => context.set(condition.key_text, &value),
                }
                let mut again = ask.clone();
                again.context = context.clone();
                let kept = own
                    .iter()
                    .all(|condition| again.meets(condition, variables));
                if kept && !again.can_meet(condition, variables) {
                    return true;
                }
            }
            *context = before;
        }
        false
    }
}

/// A text that a pattern matches: each `*` as `star`, each `?` as `x`.
fn filled(pattern: &str, star: &str) -> String {
    pattern.replace('*', star).replace('?', "x")
}
