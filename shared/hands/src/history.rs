//! The event history of CloudTrail: what AWS itself keeps, whatever became of trails.

use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};

use auditward_runtime::failure::Failure;
use auditward_runtime::guard::{Gap, Happened};
use auditward_runtime::hand::{HISTORY, Permission};
use auditward_runtime::sessions::Sessions;

const LOOKUP: &str = "cloudtrail:LookupEvents";

/// Every call that asks the event history.
pub const PERMISSIONS: &[Permission] = &[Permission::read(HISTORY, LOOKUP)];

/// How long before and after its own time an event is looked for, in seconds.
const AROUND: i64 = 15 * 60;

/// How many pages of history one invocation reads: AWS answers two a second.
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
    for _ in 0..PAGES {
        let answer = client
            .lookup_events()
            .lookup_attributes(writes.clone())
            .start_time(DateTime::from_secs(gap.from.timestamp()))
            .end_time(DateTime::from_secs(gap.to.timestamp()))
            .set_next_token(next)
            .send()
            .await
            .map_err(|error| Failure::of(LOOKUP, &error))?;
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

/// Whether the event history has an event of this ID, service, call and time.
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
    let answer = Client::new(&config)
        .lookup_events()
        .lookup_attributes(attribute)
        .start_time(DateTime::from_secs(seconds - AROUND))
        .end_time(DateTime::from_secs(seconds + AROUND))
        .send()
        .await
        .map_err(|error| Failure::of(LOOKUP, &error))?;
    Ok(answer.events().iter().any(|event| {
        event.event_id() == Some(&happened.event_id)
            && event.event_source() == Some(&happened.source)
            && event.event_name() == Some(&happened.name)
    }))
}
