//! Facets of queues: whom the policy lets in and whom it shuts up, and how long
//! what failed is kept.

use crate::facets::attributes::attributes;
use crate::facets::guarded::policies;
use crate::facets::heard::hearers;

policies! {
    /// A queue's policy. SQS takes documents of up to
    /// [8 KB](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html).
    QueuePolicy = "queue-policy", Queue, "the queue's policy", limit 8 * 1024, may_be_absent true;
}

hearers! {
    /// Whether Auditward's own roles may send to a queue.
    QueueSenders = "queue-senders", Queue, "sqs:SendMessage", "the queue's policy";
}

attributes! {
    /// How a queue keeps its messages. Each of these can lose them.
    QueueSettings = "queue-settings", "queue's set of attributes",
        otherwise "compare the queue's attributes with the stack's by hand",
        names [
            "DelaySeconds",
            "KmsMasterKeyId",
            "MaximumMessageSize",
            "MessageRetentionPeriod",
            "RedrivePolicy",
            "VisibilityTimeout",
        ];
}
