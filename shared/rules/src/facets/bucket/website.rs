//! Whether a bucket serves a website.

use serde::{Deserialize, Serialize};

use crate::facet::{Scene, Standing};
use crate::facets::kept::{Keep, Kept};

/// The website that a bucket serves.
pub type BucketWebsite = Kept<Served>;

/// Keeps [`BucketWebsite`].
#[derive(Debug)]
pub struct Served;

/// A website, with all that its configuration says; none where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Website {
    /// The page of a folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// The page of an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Where everything is sent on to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_all: Option<Redirect>,
    /// Where something is sent on to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
}

/// What is sent on, and where to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Route {
    /// Only where this error would be answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_error: Option<String>,
    /// Only keys that begin so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_prefix: Option<String>,
    /// Where to.
    pub to: Redirect,
}

/// Where a reader is sent on to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Redirect {
    /// The host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// `http` or `https`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// The status of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What stands for the prefix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// What stands for the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl Keep for Served {
    const KIND: &'static str = "bucket-website";
    const WHAT: &'static str = "bucket's website configuration";
    const OTHERWISE: &'static str = "delete the website unless it is meant";
    type State = Website;

    /// A guarded bucket serves no website.
    fn usual(_: &Website, _: Scene<'_>) -> Option<Website> {
        Some(Website::default())
    }

    fn compare(live: &Website, known: &Website) -> Standing {
        match (live.is_served(), known.is_served()) {
            _ if live == known => Standing::Equal,
            (false, _) => Standing::Stronger,
            (true, false) => Standing::Weaker,
            (true, true) => Standing::Incomparable,
        }
    }

    fn tell(site: &Website) -> String {
        match (&site.redirect_all, &site.index) {
            _ if !site.is_served() => "no website".into(),
            (Some(Redirect { host, .. }), _) => {
                format!(
                    "a website that sends on to {}",
                    host.as_deref().unwrap_or("?")
                )
            }
            (None, index) => format!("a website with {}", index.as_deref().unwrap_or("routes")),
        }
    }
}

impl Website {
    /// Whether there is one.
    pub fn is_served(&self) -> bool {
        *self != Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facets::bucket::law::keeps_the_law;
    use crate::facets::kept::AsRecorded;
    use proptest::prelude::*;

    fn any_state() -> impl Strategy<Value = Website> {
        let index = prop::sample::select(vec![None, Some("index.html"), Some("index.htm")]);
        index.prop_map(|index| Website {
            index: index.map(str::to_owned),
            ..Website::default()
        })
    }

    proptest! {
        #[test]
        fn websites_keep_the_law(
            live in any_state(), baseline in proptest::option::of(any_state()),
        ) {
            keeps_the_law::<BucketWebsite>(&live, &AsRecorded::Baseline, baseline.as_ref())?;
        }
    }
}
