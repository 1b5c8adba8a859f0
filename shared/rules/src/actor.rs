//! Who made a call.

use std::borrow::Cow;

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
    /// `AROA…` or `AIDA…`: unique for all time, unlike names.
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
        let [kind, arn, id, account, invoked_by, context] = identity.pick([
            "type",
            "arn",
            "principalId",
            "accountId",
            "invokedBy",
            "sessionContext",
        ]);
        let text = |json: Option<Json<'_>>| {
            let scalar = json.and_then(Json::scalar);
            scalar.unwrap_or_default().into_owned()
        };
        let arn = text(arn);
        let issuer = context.and_then(|context| context.get("sessionIssuer"));
        let issuer_arn = issuer.and_then(|issuer| issuer.string("arn"));
        Self {
            kind: text(kind),
            issuer: issuer_arn.map_or_else(|| arn.clone(), Cow::into_owned),
            unique_id: text(id).split(':').next().unwrap_or_default().to_owned(),
            account: text(account),
            invoked_by: text(invoked_by),
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
