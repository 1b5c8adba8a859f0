//! Dates and moments of the settings.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::de::{Deserialize, Deserializer, Error};

/// A moment: `2026-12-31T18:00:00Z`, or `2026-12-31` for the end of that day in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct When(pub DateTime<Utc>);

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = toml::value::Datetime::deserialize(deserializer)?.to_string();
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "`{text}` is no moment: expected a date such as 2026-12-31, or a time with its offset such as 2026-12-31T18:00:00Z"
            ))
        })
    }
}

impl When {
    /// Reads a date or an RFC 3339 moment.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(moment) = DateTime::parse_from_rfc3339(&text.replace(' ', "T")) {
            return Some(Self(moment.with_timezone(&Utc)));
        }
        let date: NaiveDate = text.parse().ok()?;
        let end = NaiveTime::from_hms_opt(23, 59, 59)?;
        Some(Self(date.and_time(end).and_utc()))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for When {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "When".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A TOML date (the end of that day, UTC) or date-time with offset."
        })
    }
}
