//! Times as services tell them.

use aws_smithy_types::DateTime;
use chrono::Utc;

/// A time as plain data.
pub(crate) fn moment(time: &DateTime) -> Option<chrono::DateTime<Utc>> {
    chrono::DateTime::from_timestamp(time.secs(), time.subsec_nanos())
}
