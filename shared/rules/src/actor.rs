//! Who made a call.

use serde::{Deserialize, Serialize};

use crate::json::Json;
use crate::record::Record;

/// The caller of a record.
///
/// Trust is only ever given to what the caller cannot choose: the issuing
/// role's ARN and unique ID. Session names, user agents and the like are shown
/// to people and never matched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Actor {
    /// `IAMUser`, `AssumedRole`, `Root`, `AWSService`, …; empty where the record has none.
    pub kind: String,
    /// The ARN as the record has it: with the session's name for role sessions.
    pub arn: String,
    /// The ARN of the role (with its path) whose session this is, else of the caller itself.
    pub issuer: String,
    /// The issuer's `AROA…` or `AIDA…`: unique for all time, unlike names. Of those
    /// who have none, what AWS calls them instead: an identity provider's subject,
    /// a user ID of Identity Center.
    pub unique_id: String,
    /// The caller's account.
    pub account: String,
    /// The AWS service that called on the caller's behalf. Never a proof of innocence.
    pub invoked_by: String,
    /// Where the call came from.
    pub source: String,
}

impl Actor {
    /// The caller of a record, read when first asked for.
    pub fn of<'r>(record: &'r Record<'_>) -> &'r Self {
        record.actor.get_or_init(|| Box::new(Self::read(record)))
    }

    fn read(record: &Record<'_>) -> Self {
        let source = record.source_address.to_string();
        let Some(identity) = record.identity() else {
            return Self {
                source,
                ..Self::default()
            };
        };
        // Exports of tables have the keys in lower case.
        let [
            kind,
            arn,
            id,
            account,
            invoked_by,
            context,
            on_behalf_of,
            lower_id,
            lower_account,
            lower_invoked_by,
            lower_context,
        ] = identity.pick([
            "type",
            "arn",
            "principalId",
            "accountId",
            "invokedBy",
            "sessionContext",
            "onBehalfOf",
            "principalid",
            "accountid",
            "invokedby",
            "sessioncontext",
        ]);
        let arn = text(arn);
        let issuer = context.or(lower_context).and_then(|context| {
            let [issuer, lower] = context.pick(["sessionIssuer", "sessionissuer"]);
            issuer.or(lower)
        });
        let [issuer, issuer_id, lower_issuer_id] = issuer.map_or([None; 3], |issuer| {
            issuer.pick(["arn", "principalId", "principalid"])
        });
        let ids = [
            text(issuer_id.or(lower_issuer_id)),
            without_session(text(id.or(lower_id))),
        ];
        let unique_id = ids.into_iter().find(|id| !id.is_empty());
        let user = || text(on_behalf_of.and_then(|user| user.get("userId")));
        let issuer = Some(text(issuer)).filter(|issuer| !issuer.is_empty());
        Self {
            kind: text(kind),
            issuer: issuer.unwrap_or_else(|| arn.clone()),
            unique_id: unique_id.unwrap_or_else(user),
            account: text(account.or(lower_account)),
            invoked_by: text(invoked_by.or(lower_invoked_by)),
            arn,
            source,
        }
    }

    /// How a person would name the caller.
    pub fn name(&self) -> &str {
        let names = [
            &self.arn,
            &self.invoked_by,
            &self.unique_id,
            &self.account,
            &self.kind,
        ];
        names
            .into_iter()
            .find(|name| !name.is_empty())
            .map_or("unknown", String::as_str)
    }
}

/// A scalar, and nothing for anything else.
fn text(json: Option<Json<'_>>) -> String {
    let scalar = json.and_then(Json::scalar);
    scalar.unwrap_or_default().into_owned()
}

/// A role's unique ID without the name of the session that stands behind it, which
/// the caller chooses.
fn without_session(id: String) -> String {
    match id.split_once(':') {
        Some((role, _)) if role.starts_with("AROA") => role.to_owned(),
        _ => id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The caller of a record with this `userIdentity`.
    fn caller(identity: &str) -> Actor {
        let text = format!(
            r#"{{"eventName":"X","sourceIPAddress":"198.51.100.7","userIdentity":{identity}}}"#
        );
        Actor::of(&Record::read(&text).unwrap()).clone()
    }

    /// Who it is: type, issuer, unique ID, account, and how a person would say it.
    fn told(identity: &str) -> [String; 5] {
        let actor = caller(identity);
        let name = actor.name().to_owned();
        [
            actor.kind,
            actor.issuer,
            actor.unique_id,
            actor.account,
            name,
        ]
    }

    #[test]
    fn a_session_is_its_role_whatever_its_name() {
        let session = r#"{"type":"AssumedRole","principalId":"AROAEXAMPLE:AROAOTHER:deploy","arn":"arn:aws:sts::111111111111:assumed-role/deploy/AROAOTHER:deploy","accountId":"111111111111","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE","arn":"arn:aws:iam::111111111111:role/ops/deploy","accountId":"111111111111","userName":"deploy"},"attributes":{"mfaAuthenticated":"false"}}}"#;
        let role = [
            "AssumedRole",
            "arn:aws:iam::111111111111:role/ops/deploy",
            "AROAEXAMPLE",
            "111111111111",
            "arn:aws:sts::111111111111:assumed-role/deploy/AROAOTHER:deploy",
        ];
        assert_eq!(told(session), role);
        // As the usual table of an export has it.
        let lower = session
            .replace("principalId", "principalid")
            .replace("accountId", "accountid")
            .replace("sessionContext", "sessioncontext")
            .replace("sessionIssuer", "sessionissuer");
        assert_eq!(told(&lower), role);
        // Flags are text for some services and booleans for others.
        let flags = session.replace(
            r#""mfaAuthenticated":"false""#,
            r#""mfaAuthenticated":false},"sessionCredentialFromConsole":{"x":true"#,
        );
        assert_eq!(told(&flags), role);
    }

    #[test]
    fn without_an_issuer_the_caller_stands_for_itself() {
        for issuer in ["{}", "null", r#"{"arn":""}"#, r#""text""#] {
            let identity = format!(
                r#"{{"type":"AssumedRole","principalId":"AROAEXAMPLE:me","arn":"arn:aws:sts::111111111111:assumed-role/deploy/me","accountId":"111111111111","sessionContext":{{"sessionIssuer":{issuer}}}}}"#
            );
            let actor = caller(&identity);
            assert_eq!(
                (&*actor.issuer, &*actor.unique_id),
                (
                    "arn:aws:sts::111111111111:assumed-role/deploy/me",
                    "AROAEXAMPLE"
                ),
                "{issuer}"
            );
        }
    }

    #[test]
    fn a_caller_that_is_not_told_is_nobody() {
        for identity in ["null", "{}", "[]", r#""text""#, "7"] {
            let actor = caller(identity);
            let nobody = Actor {
                source: "198.51.100.7".into(),
                ..Actor::default()
            };
            assert_eq!(actor, nobody, "{identity}");
            assert_eq!(actor.name(), "unknown");
        }
        let absent = Record::read(r#"{"eventName":"X"}"#).unwrap();
        assert_eq!(Actor::of(&absent), &Actor::default());
    }

    #[test]
    fn who_has_no_arn_is_named_by_what_there_is() {
        for (identity, name) in [
            (
                r#"{"accountId":"111111111111","invokedBy":"AWS Internal"}"#,
                "AWS Internal",
            ),
            (r#"{"accountId":"111111111111"}"#, "111111111111"),
            (
                r#"{"type":"Unknown","principalId":"","accountId":"","userName":""}"#,
                "Unknown",
            ),
            (
                r#"{"type":"AWSService","invokedBy":"config.amazonaws.com"}"#,
                "config.amazonaws.com",
            ),
            (
                r#"{"type":"AWSAccount","principalId":"AIDAEXAMPLE","accountId":"333333333333"}"#,
                "AIDAEXAMPLE",
            ),
            (
                r#"{"type":"WebIdentityUser","principalId":"accounts.google.com:acme:11","userName":"11","identityProvider":"accounts.google.com"}"#,
                "accounts.google.com:acme:11",
            ),
            (
                r#"{"type":"IdentityCenterUser","accountId":"111111111111","onBehalfOf":{"userId":"92c5a404-f0d1","identityStoreArn":"arn:aws:identitystore::111111111111:identitystore/d-9"},"credentialId":"7d30"}"#,
                "92c5a404-f0d1",
            ),
        ] {
            assert_eq!(caller(identity).name(), name, "{identity}");
        }
    }

    #[test]
    fn an_aws_service_has_neither_account_nor_arn() {
        let service = r#"{"type":"AWSService","invokedBy":"config.amazonaws.com"}"#;
        assert_eq!(
            told(service),
            ["AWSService", "", "", "", "config.amazonaws.com"]
        );
    }

    #[test]
    fn a_federated_user_is_whoever_asked_for_the_session() {
        let identity = r#"{"type":"FederatedUser","principalId":"111111111111:helpdesk","arn":"arn:aws:sts::111111111111:federated-user/helpdesk","accountId":"111111111111","sessionContext":{"sessionIssuer":{"type":"IAMUser","principalId":"AIDAEXAMPLE","arn":"arn:aws:iam::111111111111:user/tobias","accountId":"111111111111","userName":"tobias"}}}"#;
        assert_eq!(
            told(identity),
            [
                "FederatedUser",
                "arn:aws:iam::111111111111:user/tobias",
                "AIDAEXAMPLE",
                "111111111111",
                "arn:aws:sts::111111111111:federated-user/helpdesk",
            ]
        );
    }

    #[test]
    fn a_service_that_a_user_called_through_does_not_hide_the_user() {
        let identity = r#"{"type":"IAMUser","principalId":"AIDAEXAMPLE","arn":"arn:aws:iam::111111111111:user/tobias","accountId":"111111111111","userName":"tobias","invokedBy":"signin.amazonaws.com"}"#;
        let actor = caller(identity);
        assert_eq!(actor.invoked_by, "signin.amazonaws.com");
        assert_eq!(actor.name(), "arn:aws:iam::111111111111:user/tobias");
        assert_eq!(actor.issuer, "arn:aws:iam::111111111111:user/tobias");
        let root = r#"{"type":"Root","principalId":"111111111111","arn":"arn:aws:iam::111111111111:root","accountId":"111111111111"}"#;
        assert_eq!(caller(root).issuer, "arn:aws:iam::111111111111:root");
    }

    #[test]
    fn an_address_is_shown_as_it_stands() {
        for address in [
            "225.178.039.250",
            "AWS Internal",
            "config.amazonaws.com",
            "",
        ] {
            let text = format!(r#"{{"eventName":"X","sourceIPAddress":"{address}"}}"#);
            let record = Record::read(&text).unwrap();
            assert_eq!(Actor::of(&record).source, address);
        }
    }
}
