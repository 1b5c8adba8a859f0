//! What a service asks of its policies.

use auditward_policy::{Document, Kind};

use super::Policied;
use crate::arn::partition_of;
use crate::facet::{At, Scene};

/// A service's terms, as plain data: the work below is done once for all services.
pub(super) struct Terms {
    pub kind: Kind,
    pub name: &'static str,
    pub limit: usize,
    /// What a policy is of which nothing is left; `None`: there may be none.
    pub emptied: Option<Document>,
}

impl Terms {
    pub fn of<P: Policied>(scene: Scene<'_>) -> Self {
        let emptied = (!P::MAY_BE_ABSENT)
            .then(|| owner_only(P::POLICY, scene.at))
            .flatten();
        Self {
            kind: P::POLICY,
            name: P::NAME,
            limit: P::LIMIT,
            emptied,
        }
    }
}

/// The document that lets the owner's principals in, as their own policies say,
/// and nobody else.
fn owner_only(kind: Kind, at: &At) -> Option<Document> {
    let partition = partition_of(&at.region);
    let (actions, resource) = match kind {
        // Each takes what it is about and nothing else.
        Kind::Destination => (
            r#""logs:PutSubscriptionFilter""#.into(),
            at.resource.as_str(),
        ),
        Kind::Sink => (r#"["oam:CreateLink","oam:UpdateLink"]"#.into(), "*"),
        _ => (format!(r#""{}:*""#, kind.service()), at.resource.as_str()),
    };
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"OwnerOnly","Effect":"Allow","Principal":{{"AWS":"arn:{partition}:iam::{}:root"}},"Action":{actions},"Resource":"{resource}"}}]}}"#,
        at.account,
    );
    Document::parse(&text).ok()
}
