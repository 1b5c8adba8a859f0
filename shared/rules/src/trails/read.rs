//! What records say about trails.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::arn::Arn;
use crate::facet::At;
use crate::facets::trail::{
    AdvancedSelector, BasicSelector, DataResource, FieldSelector, Form, Selectors, TrailField,
    TrailSettings,
};
use crate::inventory::{Switches, TrailUse};
use crate::json::Json;
use crate::rule::{Call, is_shown};

/// Every field of a trail's configuration.
pub(super) const ALL: [TrailField; 10] = [
    TrailField::MultiRegion,
    TrailField::GlobalEvents,
    TrailField::Validation,
    TrailField::Organization,
    TrailField::Deliveries,
    TrailField::Bucket,
    TrailField::Prefix,
    TrailField::Topic,
    TrailField::Key,
    TrailField::LogGroup,
];

/// The resource of CloudTrail that a refusal names.
pub(super) fn refused_at(call: &Call<'_>) -> Option<At> {
    let arn = call.refused("cloudtrail")?;
    let parsed = Arn::parse(arn)?;
    Some(At::new(parsed.account, parsed.region, arn))
}

/// The trail that a call is about: as the answer names it; else as the request
/// does, by ARN, or by name in the record's account and region; else as the
/// refusal does. A call that failed may have asked in another region than that
/// of the trail it meant.
pub(super) fn trail(call: &Call<'_>, parameter: &str) -> Option<At> {
    let answered = call
        .record
        .response()
        .and_then(|response| response.string("trailARN"));
    let asked = || call.parameter(parameter);
    let refused = || call.refused("cloudtrail").map(Cow::Borrowed);
    let named = [answered, asked(), refused()]
        .into_iter()
        .flatten()
        .find(|name| is_shown(name))?;
    if let Some(arn) = Arn::parse(&named) {
        let name = arn.resource.strip_prefix("trail/");
        let meant = name.and_then(|name| meant(call, &named, name));
        return Some(meant.unwrap_or_else(|| At::new(arn.account, arn.region, named.as_ref())));
    }
    let (partition, region, account) = (call.partition(), &call.record.region, call.account());
    let here = format!("arn:{partition}:cloudtrail:{region}:{account}:trail/{named}");
    Some(meant(call, &here, &named).unwrap_or_else(|| call.here(here)))
}

/// The trail that a call which failed meant, where none of that name is known in
/// the account and region in which it asked: one of that name in another region, or
/// the organization's, which every member sees.
fn meant(call: &Call<'_>, here: &str, name: &str) -> Option<At> {
    if !call.record.failed() {
        return None;
    }
    let account = Arn::parse(here)?.account;
    let found = call.inventory.used().map(|used| &used.trail);
    let named = call.settings.protected.resources.iter();
    let known: Vec<_> = found
        .chain(named)
        .filter_map(|text| {
            let arn = Arn::parse(text).filter(|arn| arn.service == "cloudtrail")?;
            let is_it = arn.resource.strip_prefix("trail/") == Some(name);
            (is_it && !arn.region.contains(['*', '?'])).then_some((text, arn))
        })
        .collect();
    if known.iter().any(|(text, _)| *text == here) {
        return None;
    }
    // Any account may have a trail of that name: one that discovery knows to be one
    // account's alone is not meant.
    let of_organization = |text: &str| {
        let mut uses = call.inventory.used().filter(|used| used.trail == text);
        call.inventory.of_trail(text).is_none() || uses.any(|used| used.organization.is_some())
    };
    let mut all = known.iter();
    let own = known.iter().find(|(_, arn)| arn.account == account);
    let (text, arn) = own.or_else(|| {
        all.find(|(text, arn)| crate::arn::is_account(arn.account) && of_organization(text))
    })?;
    Some(At::new(arn.account, arn.region, text.as_str()))
}

/// What an `UpdateTrail` did.
#[derive(Debug, Default)]
pub(super) struct Update {
    /// What it switched off.
    pub switched_off: Vec<TrailField>,
    /// Where it may have moved the trail's deliveries.
    pub moved: Vec<TrailField>,
    /// Whether the record alone proves that it weakened the trail. A request
    /// may repeat what was there before.
    pub certain: bool,
    /// What it did, in words.
    pub told: Vec<String>,
    /// The whole new configuration, from the answer.
    pub wrote: Option<TrailSettings>,
}

/// The request's names of what can be switched off, and whether it was on.
type Switch = (&'static str, TrailField, fn(Switches) -> bool, &'static str);
const RECURSIVE: &str = "recursiveLogging";
const SWITCHES: [Switch; 5] = [
    (
        "isMultiRegionTrail",
        TrailField::MultiRegion,
        |on| on.multi_region,
        "it logs one region only",
    ),
    (
        "includeGlobalServiceEvents",
        TrailField::GlobalEvents,
        |on| on.global_events,
        "global services are left out",
    ),
    (
        "enableLogFileValidation",
        TrailField::Validation,
        |on| on.validation,
        "log files are no longer validated",
    ),
    (
        "isOrganizationTrail",
        TrailField::Organization,
        |on| on.organization,
        "the accounts of the organization are left out",
    ),
    (
        RECURSIVE,
        TrailField::Deliveries,
        |on| !on.skips_deliveries,
        "CloudTrail's own deliveries are left out",
    ),
];

/// The request's names of what can be moved.
const PLACES: [(&str, TrailField, &str); 6] = [
    ("s3BucketName", TrailField::Bucket, "bucket"),
    ("s3KeyPrefix", TrailField::Prefix, "prefix"),
    ("snsTopicName", TrailField::Topic, "topic"),
    ("kmsKeyId", TrailField::Key, "key"),
    (
        "cloudWatchLogsLogGroupArn",
        TrailField::LogGroup,
        "log group",
    ),
    ("cloudWatchLogsRoleArn", TrailField::LogGroup, "log role"),
];

/// Reads an `UpdateTrail`; `None` where the record does not have the request.
pub(super) fn update(call: &Call<'_>, trail: &str) -> Option<Update> {
    let request = call.request()?;
    let mut update = Update {
        wrote: call.record.response().and_then(settings),
        ..Update::default()
    };
    let used = call.inventory.of_trail(trail);
    let on = used.and_then(|used| used.switches);
    // Where the answer does not speak of it the request does; where neither does, it is
    // as it was.
    let asked = request.get(RECURSIVE).and_then(Json::boolean);
    let skips = asked.map_or_else(|| on.map(|on| on.skips_deliveries), |on| Some(!on));
    if let Some(wrote) = &mut update.wrote {
        wrote.skips_deliveries = wrote.skips_deliveries.or(skips);
    }
    for (name, field, was_on, told) in SWITCHES {
        if request.get(name).and_then(Json::boolean) != Some(false) {
            continue;
        }
        // Many a tool repeats every field: what was off all along is nothing new, and
        // where nobody knows what it was, the live state and the baseline must tell.
        let was_on = on.map(was_on);
        if was_on == Some(false) {
            continue;
        }
        update.switched_off.push(field);
        update.told.push(told.into());
        update.certain |= was_on == Some(true);
    }
    for (name, field, what) in PLACES {
        let Some(value) = request.string(name) else {
            continue;
        };
        let value = in_full(trail, update.wrote.as_ref(), name, value);
        let moved = moved(call, used, name, &value);
        if moved == Some(false) {
            continue;
        }
        update.certain |= moved == Some(true);
        if !update.moved.contains(&field) {
            update.moved.push(field);
        }
        let to = if value.is_empty() { "none" } else { &value };
        update.told.push(format!("{what} is set to {to}"));
    }
    Some(update)
}

/// A place by its ARN, where the request names it otherwise: as the answer has it;
/// else the bare name of a topic is one in the trail's own account and region.
fn in_full<'a>(
    trail: &str,
    wrote: Option<&TrailSettings>,
    name: &str,
    value: Cow<'a, str>,
) -> Cow<'a, str> {
    if value.is_empty() {
        return value;
    }
    let answered = wrote.and_then(|wrote| match name {
        "snsTopicName" => wrote.topic.clone(),
        "kmsKeyId" => wrote.key.clone(),
        _ => None,
    });
    if let Some(arn) = answered {
        return arn.into();
    }
    let bare = name == "snsTopicName" && is_shown(&value) && !value.contains(':');
    match Arn::parse(trail).filter(|_| bare) {
        Some(Arn {
            partition,
            region,
            account,
            ..
        }) => format!("arn:{partition}:sns:{region}:{account}:{value}").into(),
        None => value,
    }
}

/// Whether a place that the request names differs from the one known before;
/// `None`: that is not known.
fn moved(call: &Call<'_>, used: Option<&TrailUse>, name: &str, value: &str) -> Option<bool> {
    if !value.is_empty() && !is_shown(value) {
        return None;
    }
    let foreign = Arn::parse(value).is_some_and(|arn| {
        let ours = &call.settings.ours;
        !arn.account.is_empty()
            && arn.account != call.account()
            && !ours
                .accounts
                .iter()
                .chain(&ours.log_archives)
                .any(|own| own == arn.account)
    });
    let Some(used) = used else {
        // Without an organization's list of accounts, "not ours" proves little.
        return (foreign && call.settings.ours.organization.is_none()).then_some(true);
    };
    // A key by an alias may be any.
    if name == "kmsKeyId" && value.contains("alias/") {
        return None;
    }
    if is_at(used, name, value) {
        return Some(false);
    }
    // It was moved there before, and nobody said that this is right.
    let mut moved = call.inventory.moved.iter();
    let repeats = moved.any(|one| one.trail == used.trail && is_at(one, name, value));
    (!repeats).then_some(true)
}

/// Whether a place that a request names is the one that a trail uses.
fn is_at(used: &TrailUse, name: &str, value: &str) -> bool {
    let known = match name {
        "s3BucketName" => Some(used.bucket.as_str()),
        "s3KeyPrefix" => used.prefix.as_deref(),
        "snsTopicName" => used.topic.as_deref(),
        "kmsKeyId" => used.key.as_deref(),
        "cloudWatchLogsLogGroupArn" => used.log_group.as_deref(),
        _ => used.log_role.as_deref(),
    };
    let known = known.unwrap_or_default();
    let (value, known) = match name {
        "s3KeyPrefix" => (value.trim_matches('/'), known.trim_matches('/')),
        "cloudWatchLogsLogGroupArn" => (value.trim_end_matches(":*"), known.trim_end_matches(":*")),
        _ => (value, known),
    };
    // Keys go by their ARN, or by what stands at its end and is no other's.
    let tail = |arn: &str| !value.is_empty() && arn.rsplit('/').next() == Some(value);
    value == known || (name == "kmsKeyId" && tail(known))
}

/// The configuration as `CreateTrail` and `UpdateTrail` answer with it.
fn settings(answer: Json<'_>) -> Option<TrailSettings> {
    let text = |name| {
        answer
            .string(name)
            .filter(|text| is_shown(text))
            .map(Cow::into_owned)
    };
    let on = |name| answer.get(name).and_then(Json::boolean).unwrap_or_default();
    Some(TrailSettings {
        bucket: text("s3BucketName")?,
        prefix: text("s3KeyPrefix").map(|prefix| prefix.trim_matches('/').to_owned()),
        topic: text("snsTopicARN"),
        multi_region: on("isMultiRegionTrail"),
        global_events: on("includeGlobalServiceEvents"),
        validation: on("logFileValidationEnabled"),
        organization: on("isOrganizationTrail"),
        skips_deliveries: answer.get(RECURSIVE).and_then(Json::boolean).map(|on| !on),
        key: text("kmsKeyId"),
        log_group: text("cloudWatchLogsLogGroupArn"),
        log_role: text("cloudWatchLogsRoleArn"),
        tags: BTreeMap::new(),
    })
}

/// The strings of a list; `None` where anything else stands in it.
fn texts(json: Option<Json<'_>>) -> Option<Vec<String>> {
    let items = json.map(Json::items).unwrap_or_default();
    items
        .into_iter()
        .map(|item| {
            item.scalar()
                .filter(|text| is_shown(text))
                .map(Cow::into_owned)
        })
        .collect()
}

/// The objects of a list; `None` where anything else stands in it.
fn objects<'a>(json: Option<Json<'a>>) -> Option<Vec<Json<'a>>> {
    let items = json.map(Json::items).unwrap_or_default();
    items.iter().all(|item| item.is_object()).then_some(items)
}

/// The selectors that a `PutEventSelectors` set: as the answer has them, else as
/// the request does; `None` where the record does not say.
pub(super) fn selectors(call: &Call<'_>) -> Option<Selectors> {
    let either = [call.record.response(), call.request()];
    let form = either.into_iter().flatten().find_map(|json| {
        let advanced = json
            .get("advancedEventSelectors")
            .filter(|list| !list.items().is_empty());
        if let Some(list) = advanced {
            return advanced_selectors(list).map(Form::Advanced);
        }
        let list = json.get("eventSelectors")?;
        objects(Some(list))?
            .into_iter()
            .map(basic_selector)
            .collect::<Option<_>>()
            .map(Form::Basic)
    })?;
    Some(Selectors {
        form,
        covered_elsewhere: None,
    })
}

/// A list of advanced selectors; `None` where it does not show all of them.
pub(super) fn advanced_selectors(list: Json<'_>) -> Option<Vec<AdvancedSelector>> {
    objects(Some(list))?
        .into_iter()
        .map(advanced_selector)
        .collect()
}

fn basic_selector(json: Json<'_>) -> Option<BasicSelector> {
    let usual = BasicSelector::default();
    let data = |json: Json<'_>| {
        let kind = json.string("type").unwrap_or_default().into_owned();
        Some(DataResource {
            kind,
            values: texts(json.get("values"))?,
        })
    };
    Some(BasicSelector {
        read_write_type: json
            .string("readWriteType")
            .map_or(usual.read_write_type, Cow::into_owned),
        include_management_events: match json.get("includeManagementEvents") {
            Some(include) => include.boolean()?,
            None => usual.include_management_events,
        },
        data_resources: objects(json.get("dataResources"))?
            .into_iter()
            .map(data)
            .collect::<Option<_>>()?,
        exclude_management_event_sources: texts(json.get("excludeManagementEventSources"))?,
    })
}

fn advanced_selector(json: Json<'_>) -> Option<AdvancedSelector> {
    let field = |json: Json<'_>| {
        Some(FieldSelector {
            field: json.string("field")?.into_owned(),
            equals: texts(json.get("equals"))?,
            starts_with: texts(json.get("startsWith"))?,
            ends_with: texts(json.get("endsWith"))?,
            not_equals: texts(json.get("notEquals"))?,
            not_starts_with: texts(json.get("notStartsWith"))?,
            not_ends_with: texts(json.get("notEndsWith"))?,
        })
    };
    let fields = objects(json.get("fieldSelectors"))?
        .into_iter()
        .map(field)
        .collect::<Option<Vec<_>>>()?;
    let name = json.string("name").map(Cow::into_owned);
    // A selector without conditions would select everything; AWS has none.
    (!fields.is_empty()).then_some(AdvancedSelector {
        name,
        field_selectors: fields,
    })
}

/// The insights that a `PutInsightSelectors` set; `None` where the record does
/// not say.
pub(super) fn insights(call: &Call<'_>) -> Option<BTreeMap<String, BTreeSet<String>>> {
    let either = [call.record.response(), call.request()];
    let list = either
        .into_iter()
        .flatten()
        .find_map(|json| json.get("insightSelectors"))?;
    let one = |json: Json<'_>| {
        let kind = json
            .string("insightType")
            .filter(|kind| is_shown(kind))?
            .into_owned();
        let categories = texts(json.get("eventCategories"))?;
        // What is left out means management events.
        let usual = categories.is_empty().then(|| "Management".to_owned());
        Some((kind, categories.into_iter().chain(usual).collect()))
    };
    objects(Some(list))?.into_iter().map(one).collect()
}
