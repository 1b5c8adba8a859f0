//! Rules of organizational units and of tags.

use super::{ORGANIZATIONS, TELLS, is_guarded, of_organization, organization, target};
use crate::facet::At;
use crate::json::Json;
use crate::rule::{Call, Draft, Judged, Rule, Severity, Watch, is_shown};

/// Row 163 of `events/TABLE.md`.
pub static DELETED: Rule = Rule {
    id: "organizational-unit.deleted",
    title: "Organizational unit deleted",
    severity: Severity::Low,
    why: "a unit that guardrails were attached to is gone with its attachments; a new one of its name has none",
    controls: &["ATT&CK T1666"],
    rows: &[163],
    watches: &[Watch {
        source: ORGANIZATIONS,
        names: &["DeleteOrganizationalUnit"],
    }],
    judge: |call| unit(call, "was deleted"),
    ..TELLS
};

/// Row 164 of `events/TABLE.md`.
pub static RENAMED: Rule = Rule {
    id: "organizational-unit.renamed",
    title: "Organizational unit renamed",
    severity: Severity::Low,
    why: "people and tools that know a unit by its name take it for another one",
    controls: &["ATT&CK T1036"],
    rows: &[164],
    watches: &[Watch {
        source: ORGANIZATIONS,
        names: &["UpdateOrganizationalUnit"],
    }],
    judge: |call| {
        if call.parameter("name").is_none() && !call.record.request_omitted() {
            return Judged::Clean;
        }
        let name = call.shown("name").unwrap_or_default();
        unit(call, format!("was renamed to {name}").trim_end())
    },
    ..TELLS
};

/// Row 166 of `events/TABLE.md`.
pub static TAGGED: Rule = Rule {
    id: "organization.tagged",
    title: "Protective tag set",
    severity: Severity::Low,
    why: "access that depends on a tag changes hands with it",
    controls: &["ATT&CK T1098"],
    rows: &[166],
    watches: &[Watch {
        source: ORGANIZATIONS,
        names: &["TagResource"],
    }],
    judge: |call| {
        let tags = call.request().and_then(|asked| asked.get("tags"));
        let keys = tags.map(|tags| {
            let tags = tags.items().into_iter();
            tags.filter_map(|tag| tag.string("key"))
                .map(std::borrow::Cow::into_owned)
                .collect()
        });
        tags_changed(call, keys, "set")
    },
    ..TELLS
};

/// Row 167 of `events/TABLE.md`.
pub static UNTAGGED: Rule = Rule {
    id: "organization.untagged",
    title: "Protective tag removed",
    severity: Severity::Low,
    why: "access that depends on a tag changes hands with it",
    controls: &["ATT&CK T1098"],
    rows: &[167],
    watches: &[Watch {
        source: ORGANIZATIONS,
        names: &["UntagResource"],
    }],
    judge: |call| {
        let keys = call.request().and_then(|asked| asked.get("tagKeys"));
        let keys = keys.map(|keys| {
            let keys = keys.items().into_iter();
            keys.filter_map(Json::scalar)
                .map(std::borrow::Cow::into_owned)
                .collect()
        });
        tags_changed(call, keys, "removed")
    },
    ..TELLS
};

fn unit(call: &Call<'_>, what: &str) -> Judged {
    let at = call
        .shown("organizationalUnitId")
        .and_then(|id| target(call, &id));
    match at {
        _ if !is_guarded(call) => Judged::Clean,
        None => call.unnamed(),
        Some(at) => {
            let what = format!("organizational unit {} {what}", at.name());
            Draft::new(at.resource, what).into()
        }
    }
}

/// Of all tags only those count that access depends on. Without settings, where
/// none is named, all do.
fn tags_changed(call: &Call<'_>, keys: Option<Vec<String>>, what: &str) -> Judged {
    let protective = &call.settings.organization.protective_tags;
    if !is_guarded(call) || (call.settings.given && protective.is_empty()) {
        return Judged::Clean;
    }
    let Some((id, keys)) = call.shown("resourceId").zip(keys) else {
        return call.unnamed();
    };
    let counts = |key: &String| !call.settings.given || protective.contains(key) || !is_shown(key);
    let changed: Vec<_> = keys.into_iter().filter(counts).collect();
    if changed.is_empty() {
        return Judged::Clean;
    }
    let tags = changed.join(", ");
    Draft::new(
        named(call, &id).resource,
        format!("tag {tags} of {id} was {what}"),
    )
    .into()
}

/// What a tag is on: a root, a unit, an account, a policy or the organization's policy.
fn named(call: &Call<'_>, id: &str) -> At {
    target(call, id).unwrap_or_else(|| {
        if id.starts_with("p-") {
            of_organization(call, "policy", &[id])
        } else {
            organization(call)
        }
    })
}
