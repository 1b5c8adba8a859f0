//! A trail of whose configuration nothing is recorded.

use super::config::{TrailField, TrailSettings};
use crate::facet::{Decision, Scene};

/// The decision about a trail of which nothing is recorded.
pub(super) fn unrecorded(
    live: &TrailSettings,
    fields: &[TrailField],
    scene: Scene<'_>,
) -> Decision<Option<TrailSettings>> {
    let mut to = live.clone();
    let mut open = Vec::new();
    for field in fields {
        let (name, now) = match field {
            TrailField::MultiRegion => {
                to.multi_region = true;
                to.global_events = true;
                continue;
            }
            TrailField::GlobalEvents => {
                to.global_events = true;
                continue;
            }
            TrailField::Validation => {
                to.validation = true;
                continue;
            }
            TrailField::Deliveries => {
                to.skips_deliveries = Some(false);
                continue;
            }
            TrailField::Organization if live.organization => continue,
            TrailField::Organization => {
                let seen = scene.inventory.of_trail(&scene.at.resource);
                let seen = seen.and_then(|used| used.switches);
                return if seen.is_some_and(|seen| seen.organization) {
                    Decision::ByHand(
                        "it is no organization trail any longer, and nothing records that it was right as one; if it was, update it with --is-organization-trail".into(),
                    )
                } else {
                    Decision::CannotTell(
                        "it is no organization trail, and nothing records whether it was one; if it was, update it with --is-organization-trail".into(),
                    )
                };
            }
            TrailField::Bucket => ("bucket", Some(live.bucket.as_str())),
            TrailField::Prefix => ("prefix", live.prefix.as_deref()),
            TrailField::Topic => ("topic", live.topic.as_deref()),
            TrailField::Key => ("key", live.key.as_deref()),
            TrailField::LogGroup => ("log group", live.log_group.as_deref()),
        };
        open.push((name, now));
    }
    if let Some((name, _)) = open
        .iter()
        .find(|(name, now)| *name != "prefix" && now.is_none())
    {
        return Decision::ByHand(format!(
            "it has no {name} any longer, and nothing records which it had; set it again with update-trail"
        ));
    }
    if !open.is_empty() {
        let told: Vec<_> = open
            .iter()
            .map(|(name, now)| format!("{name} {}", now.unwrap_or("none")))
            .collect();
        return Decision::CannotTell(format!(
            "nothing records where it delivered before; see whether this is right: {}",
            told.join(", ")
        ));
    }
    if to == *live {
        return Decision::Safe;
    }
    let why = format!("switch {} on again", to.told_from(live));
    Decision::change(Some(to), why)
}
