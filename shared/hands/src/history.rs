//! The event history of CloudTrail: what AWS itself keeps, whatever became of trails.

use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};

use auditward_rules::record::Record;
use auditward_runtime::failure::Failure;
use auditward_runtime::guard::{Gap, Happened};
use auditward_runtime::hand::{HISTORY, Permission};
use auditward_runtime::sessions::Sessions;

const LOOKUP: &str = "cloudtrail:LookupEvents";

/// Every call that asks the event history.
pub const PERMISSIONS: &[Permission] = &[Permission::read(HISTORY, LOOKUP)];

/// How long before and after its own time an event is looked for, in seconds.
const AROUND: i64 = 15 * 60;

/// How many pages of history one invocation reads to judge them: AWS answers two a
/// second, and each has fifty records.
const JUDGED: usize = 4;
/// How many it looks through for one event.
const PAGES: usize = 20;

/// The records of calls that changed something in an account and region, within
/// a time, as CloudTrail's own history has them; and where to go on.
///
/// # Errors
/// The history cannot be asked.
pub async fn between(
    sessions: &Sessions,
    gap: &Gap,
) -> Result<(Vec<String>, Option<String>), Failure> {
    let config = sessions.of(&gap.place.account, &gap.place.region).await?;
    let client = Client::new(&config);
    let writes = LookupAttribute::builder()
        .attribute_key(LookupAttributeKey::ReadOnly)
        .attribute_value("false")
        .build()
        .map_err(|error| Failure::other(LOOKUP, error.to_string()))?;
    let (mut records, mut next) = (Vec::new(), gap.next.clone());
    for _ in 0..JUDGED {
        let asked = next;
        let answer = client
            .lookup_events()
            .lookup_attributes(writes.clone())
            .start_time(DateTime::from_secs(gap.from.timestamp()))
            .end_time(DateTime::from_secs(gap.to.timestamp()))
            .set_next_token(asked.clone())
            .send()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            // What was read is judged, and the rest asked for by the next invocation.
            Err(_) if !records.is_empty() => return Ok((records, asked)),
            Err(error) => return Err(Failure::of(LOOKUP, &error)),
        };
        let found = answer.events.unwrap_or_default();
        records.extend(
            found
                .into_iter()
                .filter_map(|event| event.cloud_trail_event),
        );
        next = answer.next_token;
        if next.is_none() {
            break;
        }
    }
    Ok((records, next))
}

/// Whether the event history has an event of this ID, service, call and time, and,
/// where the call may have found things as it leaves them, nothing that says so.
/// It shows events a few minutes late, so that "no" may become "yes".
///
/// # Errors
/// The history cannot be asked.
pub async fn confirms(sessions: &Sessions, happened: &Happened) -> Result<bool, Failure> {
    let Ok(time) = chrono::DateTime::parse_from_rfc3339(&happened.time) else {
        return Ok(false);
    };
    if happened.event_id.is_empty() {
        return Ok(false);
    }
    let config = sessions.of(&happened.account, &happened.region).await?;
    let attribute = LookupAttribute::builder()
        .attribute_key(LookupAttributeKey::EventId)
        .attribute_value(&happened.event_id)
        .build()
        .map_err(|error| Failure::other(LOOKUP, error.to_string()))?;
    let seconds = time.timestamp();
    let client = Client::new(&config);
    let answer = client
        .lookup_events()
        .lookup_attributes(attribute)
        .start_time(DateTime::from_secs(seconds - AROUND))
        .end_time(DateTime::from_secs(seconds + AROUND))
        .send()
        .await
        .map_err(|error| Failure::of(LOOKUP, &error))?;
    let event = answer.events().iter().find(|event| {
        event.event_id() == Some(&happened.event_id)
            && event.event_source() == Some(&happened.source)
            && event.event_name() == Some(&happened.name)
    });
    let Some(event) = event else {
        return Ok(false);
    };
    let Some((_, undoing)) = REPEATABLE.iter().find(|(name, _)| *name == happened.name) else {
        return Ok(true);
    };
    let Some(asked) = event.cloud_trail_event().and_then(parameters) else {
        return Ok(false);
    };
    let before = Times {
        from: seconds - KEPT,
        to: seconds - 1,
    };
    let there_since = match last(&client, &happened.name, &asked, before).await? {
        Last::Never => return Ok(true),
        Last::Unknown => return Ok(false),
        Last::At(from) => from,
    };
    let since = Times {
        from: there_since,
        ..before
    };
    Ok(matches!(
        last(&client, undoing, &asked, since).await?,
        Last::At(_)
    ))
}

/// Calls that succeed and change nothing where what they add is there already, each
/// with the call that takes it away. That one of them happened does not prove that
/// it added anything: the history must have none before it that still held.
const REPEATABLE: &[(&str, &str)] = &[
    ("AttachRolePolicy", "DetachRolePolicy"),
    ("AttachUserPolicy", "DetachUserPolicy"),
    ("AttachGroupPolicy", "DetachGroupPolicy"),
    ("AddUserToGroup", "RemoveUserFromGroup"),
    (
        "AddClientIDToOpenIDConnectProvider",
        "RemoveClientIDFromOpenIDConnectProvider",
    ),
];

/// How far the event history goes back, in seconds.
const KEPT: i64 = 90 * 24 * 60 * 60;

/// From one second to another, both included.
#[derive(Clone, Copy)]
struct Times {
    from: i64,
    to: i64,
}

/// When a call was last made.
enum Last {
    At(i64),
    Never,
    /// There are too many of its kind to look through.
    Unknown,
}

/// When a call with these parameters last succeeded within a time.
async fn last(
    client: &Client,
    name: &str,
    asked: &[(String, String)],
    times: Times,
) -> Result<Last, Failure> {
    let attribute = LookupAttribute::builder()
        .attribute_key(LookupAttributeKey::EventName)
        .attribute_value(name)
        .build()
        .map_err(|error| Failure::other(LOOKUP, error.to_string()))?;
    let mut next = None;
    for _ in 0..PAGES {
        let answer = client
            .lookup_events()
            .lookup_attributes(attribute.clone())
            .start_time(DateTime::from_secs(times.from))
            .end_time(DateTime::from_secs(times.to))
            .set_next_token(next)
            .send()
            .await
            .map_err(|error| Failure::of(LOOKUP, &error))?;
        // The newest come first.
        let same = answer.events().iter().find(|event| {
            let found = event.cloud_trail_event().and_then(parameters);
            found.is_some_and(|found| found == asked)
        });
        if let Some(event) = same {
            let time = event.event_time().map_or(times.from, |time| time.secs());
            return Ok(Last::At(time));
        }
        next = answer.next_token;
        if next.is_none() {
            return Ok(Last::Never);
        }
    }
    Ok(Last::Unknown)
}

/// What a call that succeeded asked for.
fn parameters(record: &str) -> Option<Vec<(String, String)>> {
    let record = Record::read(record)
        .ok()
        .filter(|record| !record.failed())?;
    let members = record.request()?.members().into_iter();
    let mut asked: Vec<_> = members
        .map(|(name, value)| (name.into_owned(), value.text().to_owned()))
        .collect();
    asked.sort_unstable();
    Some(asked)
}
