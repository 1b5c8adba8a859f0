//! One CloudTrail record, read leniently.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use crate::actor::Actor;
use crate::json::{Json, unquoted};

/// One CloudTrail record, borrowed from the text it came in.
///
/// Every member is optional in the input; what is missing is empty here. Field
/// meanings: [CloudTrail record contents](https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html).
#[derive(Clone, Debug, Default)]
pub struct Record<'a> {
    /// The service, such as `s3.amazonaws.com`.
    pub event_source: Cow<'a, str>,
    /// The call, such as `PutBucketPolicy`.
    pub event_name: Cow<'a, str>,
    /// `AwsApiCall`, `AwsServiceEvent`, `AwsVpceEvent`, …
    pub event_type: Cow<'a, str>,
    /// When the call was made, RFC 3339.
    pub event_time: Cow<'a, str>,
    /// This record's own identifier.
    pub event_id: Cow<'a, str>,
    /// The same in every account that got a copy of one event.
    pub shared_event_id: Cow<'a, str>,
    /// The request's identifier, as the service gave it to the caller.
    pub request_id: Cow<'a, str>,
    /// The region the call was recorded in.
    pub region: Cow<'a, str>,
    /// The account that received this copy.
    pub recipient_account: Cow<'a, str>,
    /// The caller's address, or a service's name.
    pub source_address: Cow<'a, str>,
    /// Present and not empty: the call failed.
    pub error_code: Cow<'a, str>,
    /// What the service said about the failure.
    pub error_message: Cow<'a, str>,
    /// The record as it stands in the input.
    text: &'a str,
    identity: Option<Json<'a>>,
    request: Option<Json<'a>>,
    response: Option<Json<'a>>,
    /// What the request and the response hold, where the record has them as text.
    inner: [OnceLock<String>; 2],
    addendum: Option<Json<'a>>,
    resources: Option<Json<'a>>,
    /// Who called, once somebody asked.
    pub(crate) actor: OnceLock<Box<Actor>>,
}

/// A resource's ARN and owner.
pub type Listed<'a> = (Option<Cow<'a, str>>, Option<Cow<'a, str>>);

impl<'a> Record<'a> {
    /// Reads one bare record.
    ///
    /// # Errors
    /// A sentence saying what is wrong, where the text is no JSON object or has
    /// neither `eventName` nor `eventSource`.
    pub fn read(text: &'a str) -> Result<Self, String> {
        match Json::read(text) {
            Ok(json) => Self::of(json),
            Err(error) => Err(format!("not a CloudTrail record: expected JSON, {error}")),
        }
    }

    /// Reads one bare record out of JSON.
    ///
    /// # Errors
    /// As [`Record::read`].
    pub fn of(json: Json<'a>) -> Result<Self, String> {
        if !json.is_object() {
            return Err("not a CloudTrail record: expected a JSON object".into());
        }
        let mut record = Self::default();
        json.each(&mut |key, value| record.member(key, value));
        record.checked(json)
    }

    /// Takes a member, its key with its quotes.
    pub(crate) fn member(&mut self, key: &'a str, value: Json<'a>) {
        // A key with an escape in it is none of ours.
        let key = unquoted(key);
        if wanted(key) && !self.set(key, value) {
            self.set(canonical(key), value);
        }
    }

    /// Refuses an object that has none of the members that make it a record.
    pub(crate) fn checked(mut self, json: Json<'a>) -> Result<Self, String> {
        self.text = json.text();
        if self.event_source.is_empty() && self.event_name.is_empty() {
            return Err("not a CloudTrail record: expected `eventSource` and `eventName`".into());
        }
        if matches!(&*self.event_source, "aws:sqs" | "aws:s3" | "aws:sns") {
            let source = &self.event_source;
            return Err(format!(
                "not a CloudTrail record: a notification of `{source}`"
            ));
        }
        Ok(self)
    }

    /// Who called; see [`crate::actor::Actor`].
    pub fn identity(&self) -> Option<Json<'a>> {
        self.identity
    }

    /// What was asked; `None` where it is absent, `null`, no object, or was left
    /// out for its size.
    pub fn request(&self) -> Option<Json<'_>> {
        let [text, _] = &self.inner;
        object(self.request?, text).filter(|request| !is_omitted(*request))
    }

    /// What was answered; `None` where it is absent, `null`, no object, or was
    /// left out for its size.
    pub fn response(&self) -> Option<Json<'_>> {
        let [_, text] = &self.inner;
        object(self.response?, text).filter(|response| !is_omitted(*response))
    }

    /// The ARNs and owners of the resources that the service named; either may be
    /// missing. They stand there even where the request was left out.
    pub fn resources(&self) -> Vec<Listed<'a>> {
        let items = self.resources.map(Json::items).unwrap_or_default();
        let read = |item: Json<'a>| {
            let [arn, lower_arn, account, lower_account] =
                item.pick(["ARN", "arn", "accountId", "accountid"]);
            let text = |json: Option<Json<'a>>| json.and_then(Json::scalar);
            (text(arn.or(lower_arn)), text(account.or(lower_account)))
        };
        items.into_iter().map(read).collect()
    }

    /// Whether CloudTrail left the request out because it was too large. An
    /// attacker can force that with padding, so it is never "no change".
    pub fn request_omitted(&self) -> bool {
        let [text, _] = &self.inner;
        self.request
            .and_then(|request| object(request, text))
            .is_some_and(is_omitted)
    }

    /// Whether this is what the owner of a VPC endpoint gets to see of a call that
    /// went through it: the call has a record of its own.
    pub fn is_network_activity(&self) -> bool {
        self.event_type == "AwsVpceEvent"
    }

    /// Whether the call failed.
    pub fn failed(&self) -> bool {
        !self.error_code.is_empty()
    }

    /// The identifier of the event this record corrects, where it is an updated copy.
    pub fn original_event_id(&self) -> Option<Cow<'a, str>> {
        let [id, lower] = self.addendum?.pick(["originalEventID", "originaleventid"]);
        id.or(lower)?.scalar().filter(|id| !id.is_empty())
    }

    /// What all copies of one event have in common: the shared, else the
    /// original, else the own identifier; where none is there, a hash of the
    /// record. Never the request's, which several records may share.
    pub fn identifier(&self) -> Cow<'a, str> {
        if !self.shared_event_id.is_empty() {
            return self.shared_event_id.clone();
        }
        match self.original_event_id() {
            Some(original) => original,
            None if self.event_id.is_empty() => Cow::Owned(hash(self.text)),
            None => self.event_id.clone(),
        }
    }

    /// The account in which it happened: the recipient (else the envelope's, see
    /// [`Self::delivered_to`]), else the caller's.
    pub fn account(&self) -> Cow<'a, str> {
        if !self.recipient_account.is_empty() {
            return self.recipient_account.clone();
        }
        let account = self.identity.and_then(|identity| {
            let [account, lower] = identity.pick(["accountId", "accountid"]);
            account.or(lower)?.scalar()
        });
        account.unwrap_or_default()
    }

    /// The record, received in the account of its envelope where it names none itself.
    #[must_use]
    pub fn delivered_to(mut self, account: Option<Json<'a>>) -> Self {
        if self.recipient_account.is_empty() {
            self.recipient_account = account.and_then(Json::scalar).unwrap_or_default();
        }
        self
    }

    /// The event name without the API version that Lambda appends (`20150331v2`).
    pub fn plain_name(&self) -> &str {
        plain_name(&self.event_name)
    }

    /// Whether the key is known.
    fn set(&mut self, key: &str, json: Json<'a>) -> bool {
        if json.is_null() {
            return true;
        }
        let text = match key {
            "eventSource" => &mut self.event_source,
            "eventName" => &mut self.event_name,
            "eventType" => &mut self.event_type,
            "eventTime" => &mut self.event_time,
            "eventID" => &mut self.event_id,
            "sharedEventID" => &mut self.shared_event_id,
            "requestID" => &mut self.request_id,
            "awsRegion" => &mut self.region,
            "recipientAccountId" => &mut self.recipient_account,
            "sourceIPAddress" => &mut self.source_address,
            "errorCode" => &mut self.error_code,
            "errorMessage" => &mut self.error_message,
            _ => {
                let whole = match key {
                    "userIdentity" => &mut self.identity,
                    "requestParameters" => &mut self.request,
                    "responseElements" => &mut self.response,
                    "addendum" => &mut self.addendum,
                    "resources" => &mut self.resources,
                    _ => return false,
                };
                *whole = Some(json);
                return true;
            }
        };
        if let Some(said) = json.scalar() {
            *text = said;
        }
        true
    }
}

/// Whether a service writes its API's version behind the names of its calls. Of
/// many calls several versions are in use side by side, and new ones come.
pub fn has_versions(source: &str) -> bool {
    source == "lambda.amazonaws.com"
}

/// Cuts a trailing `20\d{6}(v\d+)?` off an event name.
pub fn plain_name(name: &str) -> &str {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let dated = match name.rsplit_once('v') {
        Some((head, version)) if is_digits(version) => head,
        _ => name,
    };
    match dated
        .len()
        .checked_sub(8)
        .and_then(|at| dated.split_at_checked(at))
    {
        Some((head, date)) if date.starts_with("20") && is_digits(date) && !head.is_empty() => head,
        _ => name,
    }
}

/// The object that parameters are; exports of tables have it as text, which then
/// stays in `text`.
fn object<'r>(parameters: Json<'r>, text: &'r OnceLock<String>) -> Option<Json<'r>> {
    let json = if parameters.is_string() {
        Json::parse(text.get_or_init(|| parameters.scalar().unwrap_or_default().into_owned()))?
    } else {
        parameters
    };
    json.is_object().then_some(json)
}

/// What tells a record without any identifier from all others.
fn hash(text: &str) -> String {
    let mut hash = String::from("sha256:");
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing into a string cannot fail.
        let _ = write!(hash, "{byte:02x}");
    }
    hash
}

/// The marker that stands in the place of parameters over 100 KB.
fn is_omitted(json: Json<'_>) -> bool {
    // Every rule asks, and hardly any request has the word.
    memchr::memmem::find(json.text().as_bytes(), b"omitted").is_some()
        && json.get("omitted").and_then(Json::boolean) == Some(true)
}

/// The spelling of CloudTrail for a key in lower case (as exports of tables have it).
fn canonical(key: &str) -> &str {
    const NAMES: [&str; 17] = [
        "eventSource",
        "eventName",
        "eventType",
        "eventTime",
        "eventID",
        "sharedEventID",
        "requestID",
        "awsRegion",
        "recipientAccountId",
        "sourceIPAddress",
        "errorCode",
        "errorMessage",
        "userIdentity",
        "requestParameters",
        "responseElements",
        "addendum",
        "resources",
    ];
    if key.bytes().any(|b| b.is_ascii_uppercase()) {
        return key;
    }
    NAMES
        .into_iter()
        .find(|name| name.eq_ignore_ascii_case(key))
        .unwrap_or(key)
}

/// Whether a key may be one of ours: cheap enough for every key of every record.
fn wanted(key: &str) -> bool {
    matches!(
        key.as_bytes().first(),
        Some(b'e' | b'r' | b'u' | b'a' | b's')
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambda_names_lose_their_api_version_and_no_other_name_changes() {
        assert_eq!(plain_name("AddPermission20150331v2"), "AddPermission");
        assert_eq!(plain_name("DeleteFunction20150331"), "DeleteFunction");
        assert_eq!(
            plain_name("UpdateFunctionConfiguration20150331v2"),
            "UpdateFunctionConfiguration"
        );
        assert_eq!(plain_name("PutBucketPolicy"), "PutBucketPolicy");
        assert_eq!(plain_name("20150331"), "20150331");
    }

    #[test]
    fn an_empty_error_code_is_a_call_that_succeeded() {
        let record = Record::read(r#"{"eventName":"X","errorCode":""}"#).unwrap();
        assert!(!record.failed());
        let record = Record::read(r#"{"eventName":"X","errorMessage":"odd"}"#).unwrap();
        assert!(!record.failed());
    }

    #[test]
    fn keys_in_lower_case_are_read() {
        let record =
            Record::read(r#"{"eventname":"StopLogging","awsregion":"eu-west-1"}"#).unwrap();
        assert_eq!(
            (&*record.event_name, &*record.region),
            ("StopLogging", "eu-west-1")
        );
    }

    #[test]
    fn one_identifier_for_all_copies_of_an_event() {
        let read = |text| Record::read(text).unwrap().identifier().into_owned();
        assert_eq!(
            read(r#"{"eventName":"X","eventID":"own","sharedEventID":"shared"}"#),
            "shared"
        );
        let updated = r#"{"eventName":"X","eventID":"own","addendum":{"originalEventID":"first"}}"#;
        assert_eq!(read(updated), "first");
        assert_eq!(read(r#"{"eventName":"X","eventID":"own"}"#), "own");
    }

    #[test]
    fn without_any_identifier_the_whole_record_tells_it_from_others() {
        let record = |name: &str| {
            let text = format!(
                r#"{{"eventSource":"s3.amazonaws.com","requestID":"r","eventID":"","requestParameters":{{"bucketName":"{name}"}}}}"#
            );
            Record::read(&text).unwrap().identifier().into_owned()
        };
        assert_ne!(record("a"), record("b"), "one request, two records");
        assert_eq!(record("a"), record("a"), "delivered twice");
        let known = Record::read(r#"{"eventName":"X"}"#).unwrap();
        assert_eq!(
            known.identifier(),
            "sha256:aafa0d3164c0eb6626917c581a4cf04fb0dfc699017a482f09525f0cd59b2d82",
            "the same by whatever build it is read"
        );
    }

    #[test]
    fn the_account_is_the_recipients_or_the_envelopes_or_the_callers() {
        let caller = r#"{"eventName":"X","userIdentity":{"accountId":"222222222222"}}"#;
        let read = |text| Record::read(text).unwrap();
        assert_eq!(read(caller).account(), "222222222222");
        let envelope = Json::parse(r#""111111111111""#);
        assert_eq!(
            read(caller).delivered_to(envelope).account(),
            "111111111111"
        );
        let named = r#"{"eventName":"X","recipientAccountId":"333333333333"}"#;
        assert_eq!(read(named).delivered_to(envelope).account(), "333333333333");
        let lower = r#"{"eventname":"X","useridentity":{"accountid":"222222222222"}}"#;
        assert_eq!(read(lower).account(), "222222222222");
    }

    #[test]
    fn parameters_left_out_for_their_size_are_no_parameters() {
        for marker in [
            r#"{"omitted":true,"originalSize":120000}"#,
            r#"{"omitted":"true","originalSize":"120000"}"#,
            r#"{"omitted":"True","reason":"requestParameters too large"}"#,
            r#""{\"omitted\":true}""#,
        ] {
            let text = format!(
                r#"{{"eventName":"X","requestParameters":{marker},"responseElements":{marker}}}"#
            );
            let record = Record::read(&text).unwrap();
            assert!(record.request_omitted(), "{marker}");
            assert!(record.request().is_none(), "{marker}");
            assert!(record.response().is_none(), "{marker}");
        }
        let text = r#"{"eventName":"X","requestParameters":{"omitted":false,"name":"a"}}"#;
        assert!(!Record::read(text).unwrap().request_omitted());
    }

    #[test]
    fn parameters_as_text_are_the_object_in_it() {
        let text = r#"{"eventname":"X","requestparameters":"{\"name\": \"a\"}","responseelements":"{\"arn\": \"b\"}"}"#;
        let record = Record::read(text).unwrap();
        assert_eq!(record.request().unwrap().string("name").unwrap(), "a");
        assert_eq!(record.response().unwrap().string("arn").unwrap(), "b");
    }

    #[test]
    fn parameters_that_are_no_object_are_no_parameters() {
        for odd in [
            r#""null""#,
            r#""""#,
            r#""text""#,
            "null",
            "7",
            "[]",
            r#""[1]""#,
        ] {
            let text = format!(
                r#"{{"eventName":"X","requestParameters":{odd},"responseElements":{odd}}}"#
            );
            let record = Record::read(&text).unwrap();
            assert!(record.request().is_none(), "{odd}");
            assert!(record.response().is_none(), "{odd}");
            assert!(!record.request_omitted(), "{odd}");
        }
        let record = Record::read(r#"{"eventName":"X"}"#).unwrap();
        assert!(record.request().is_none() && record.response().is_none());
    }

    #[test]
    fn resources_are_read_in_every_spelling() {
        let text = r#"{"eventName":"X","resources":[{"ARN":"a","accountId":"1"},{"arn":"b","accountid":"2"},{"type":"T"}]}"#;
        let record = Record::read(text).unwrap();
        let own =
            |(arn, account): Listed<'_>| (arn.map(Cow::into_owned), account.map(Cow::into_owned));
        let some = |text: &str| Some(text.to_owned());
        let resources: Vec<_> = record.resources().into_iter().map(own).collect();
        assert_eq!(
            resources,
            [(some("a"), some("1")), (some("b"), some("2")), (None, None)]
        );
    }

    #[test]
    fn notifications_of_other_services_are_not_records() {
        assert!(
            Record::read(r#"{"eventSource":"aws:s3","eventName":"ObjectCreated:Put"}"#).is_err()
        );
        assert!(Record::read(r#"{"hello":1}"#).is_err());
        assert!(Record::read("[]").is_err());
    }
}
