//! A bucket's policy.

use crate::facets::guarded::policies;

pub use crate::facets::guarded::PolicyWish;

policies! {
    /// A bucket's policy. S3 refuses documents of more than
    /// [20 KB](https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html).
    BucketPolicy = "bucket-policy", Bucket, "the bucket's policy", limit 20 * 1024, may_be_absent true;
}

#[cfg(test)]
mod tests;
