//! Deliveries as plans keep them.

use auditward_policy::cloudtrail::Delivery;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
#[derive(Default)]
struct Form {
    bucket: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<String>,
    trail_arn: String,
    owner_account: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    org_id: Option<String>,
}

pub fn serialize<S: Serializer>(all: &[Delivery], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(all.iter().cloned().map(|delivery| {
        let Delivery {
            bucket,
            prefix,
            trail_arn,
            owner_account,
            org_id,
        } = delivery;
        Form {
            bucket,
            prefix,
            trail_arn,
            owner_account,
            org_id,
        }
    }))
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Delivery>, D::Error> {
    let all = Vec::<Form>::deserialize(deserializer)?.into_iter();
    Ok(all
        .map(
            |Form {
                 bucket,
                 prefix,
                 trail_arn,
                 owner_account,
                 org_id,
             }| {
                Delivery {
                    bucket,
                    prefix,
                    trail_arn,
                    owner_account,
                    org_id,
                }
            },
        )
        .collect())
}
