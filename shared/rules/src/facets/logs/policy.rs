//! Resource policies of log delivery.

use crate::facets::guarded::policies;

pub use crate::facets::guarded::PolicyWish;

/// [5,120 bytes](https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html)
/// is what CloudWatch Logs takes.
const LIMIT: usize = 5120;

policies! {
    /// Who may send to a destination. Once there, it can be changed and never deleted.
    DestinationPolicy = "destination-policy", Destination, "the destination's policy", limit super::LIMIT, may_be_absent false;
    /// A resource policy of an account, by its name, or of a log group.
    LogResourcePolicy = "log-resource-policy", Logs, "the resource policy", limit super::LIMIT, may_be_absent true;
    /// Whose vended logs a delivery destination takes.
    DeliveryDestinationPolicy = "delivery-destination-policy", Destination, "the delivery destination's policy", limit 10 * super::LIMIT, may_be_absent true;
    /// Which accounts may link to a sink. It can be changed and never deleted.
    SinkPolicy = "sink-policy", Sink, "the sink's policy", limit 4 * super::LIMIT, may_be_absent false;
}

/// What must hold of a resource policy of this name. CloudWatch Logs itself adds
/// each new delivery of vended logs to [one of its own](https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html),
/// so that an older form of it is nothing to go back to.
pub fn resource_policy_wish(name: &str) -> PolicyWish {
    PolicyWish {
        restore: !name.starts_with("AWSLogDeliveryWrite"),
        ..PolicyWish::whole()
    }
}
