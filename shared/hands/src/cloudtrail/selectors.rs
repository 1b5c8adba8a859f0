//! Which events a trail selects.

use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::operation::RequestId;
use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::types::{
    AdvancedEventSelector, AdvancedFieldSelector, DataResource as AwsDataResource, EventSelector,
    ReadWriteType, Trail,
};

use auditward_rules::arn::Arn;
use auditward_rules::facet::At;
use auditward_rules::facets::trail::{
    AdvancedSelector, BasicSelector, DataResource, FieldSelector, Form, Selectors, TrailSelectors,
};
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::CloudTrail;

const GET: &str = "cloudtrail:GetEventSelectors";
const PUT: &str = "cloudtrail:PutEventSelectors";

impl Hand<TrailSelectors> for CloudTrail<'_> {
    async fn read(&self, at: &At) -> Result<Option<Selectors>, Failure> {
        let client = self.client(at).await?;
        let request = client.get_event_selectors().trail_name(&at.resource);
        let answer = found(GET, request.send().await, |e| {
            e.is_trail_not_found_exception()
        })?;
        let Some(form) = answer.map(form_of) else {
            return Ok(None);
        };
        let covered_elsewhere = if form.is_full() {
            None
        } else {
            self.covered_elsewhere(&client, at).await
        };
        Ok(Some(Selectors {
            form,
            covered_elsewhere,
        }))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Selectors>,
        to: &Option<Selectors>,
    ) -> Result<Written, Failure> {
        let Some(to) = to else {
            return Err(Failure::other(
                "cloudtrail:DeleteTrail",
                "a trail is never deleted",
            ));
        };
        let request = self
            .client(at)
            .await?
            .put_event_selectors()
            .trail_name(&at.resource);
        let request = match &to.form {
            Form::Basic(list) => {
                request.set_event_selectors(Some(list.iter().map(to_basic).collect()))
            }
            Form::Advanced(list) => {
                let list: Result<Vec<_>, _> = list.iter().map(to_advanced).collect();
                request.set_advanced_event_selectors(Some(
                    list.map_err(|error| Failure::other(PUT, error.to_string()))?,
                ))
            }
        };
        let answer = request
            .send()
            .await
            .map_err(|error| Failure::of(PUT, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

impl CloudTrail<'_> {
    /// Whether another trail that logs and reaches as far selects reading and writing
    /// management events of this account and region. `None` where nobody can tell: this
    /// must not keep the trail itself from being read.
    async fn covered_elsewhere(&self, client: &Client, at: &At) -> Option<bool> {
        let answer = client
            .describe_trails()
            .include_shadow_trails(true)
            .send()
            .await
            .ok()?;
        let all = answer.trail_list();
        let this = all
            .iter()
            .find(|trail| trail.trail_arn() == Some(&at.resource))?;
        let mut unknown = false;
        for trail in all.iter().filter(|trail| reaches_as_far(trail, this)) {
            match self.covers(trail, at).await {
                Some(true) => return Some(true),
                Some(false) => {}
                None => unknown = true,
            }
        }
        (!unknown).then_some(false)
    }

    async fn covers(&self, trail: &Trail, at: &At) -> Option<bool> {
        let arn = trail.trail_arn()?;
        let home = trail.home_region().unwrap_or(&at.region);
        if arn == at.resource || (home != at.region && trail.is_multi_region_trail() != Some(true))
        {
            return Some(false);
        }
        // Asked in its home region and in its owner's name: a member sees the
        // organization's trail, and may not ask about it.
        let owner = Arn::parse(arn)?.account;
        let client = self.client(&At::new(owner, home, arn)).await.ok()?;
        let (status, selectors) = futures_util::join!(
            client.get_trail_status().name(arn).send(),
            client.get_event_selectors().trail_name(arn).send()
        );
        Some(status.ok()?.is_logging() == Some(true) && form_of(selectors.ok()?).is_full())
    }
}

/// Whether a trail records what happens wherever another one does: in all regions
/// and accounts, and in the global services.
fn reaches_as_far(trail: &Trail, other: &Trail) -> bool {
    let reach = |trail: &Trail| {
        [
            trail.is_multi_region_trail(),
            trail.is_organization_trail(),
            trail.include_global_service_events(),
        ]
    };
    let mut pairs = reach(trail).into_iter().zip(reach(other));
    pairs.all(|(has, needs)| has == Some(true) || needs != Some(true))
}

fn form_of(answer: GetEventSelectorsOutput) -> Form {
    match answer.advanced_event_selectors {
        Some(list) if !list.is_empty() => Form::Advanced(list.into_iter().map(advanced).collect()),
        _ => Form::Basic(
            answer
                .event_selectors
                .unwrap_or_default()
                .into_iter()
                .map(basic)
                .collect(),
        ),
    }
}

fn basic(selector: EventSelector) -> BasicSelector {
    let usual = BasicSelector::default();
    let data = |data: AwsDataResource| DataResource {
        kind: data.r#type.unwrap_or_default(),
        values: data.values.unwrap_or_default(),
    };
    BasicSelector {
        read_write_type: selector
            .read_write_type
            .map_or(usual.read_write_type, |kind| kind.as_str().to_owned()),
        include_management_events: selector
            .include_management_events
            .unwrap_or(usual.include_management_events),
        data_resources: selector
            .data_resources
            .unwrap_or_default()
            .into_iter()
            .map(data)
            .collect(),
        exclude_management_event_sources: selector
            .exclude_management_event_sources
            .unwrap_or_default(),
    }
}

pub(super) fn advanced(selector: AdvancedEventSelector) -> AdvancedSelector {
    let field = |field: AdvancedFieldSelector| FieldSelector {
        field: field.field,
        equals: field.equals.unwrap_or_default(),
        starts_with: field.starts_with.unwrap_or_default(),
        ends_with: field.ends_with.unwrap_or_default(),
        not_equals: field.not_equals.unwrap_or_default(),
        not_starts_with: field.not_starts_with.unwrap_or_default(),
        not_ends_with: field.not_ends_with.unwrap_or_default(),
    };
    AdvancedSelector {
        name: selector.name,
        field_selectors: selector.field_selectors.into_iter().map(field).collect(),
    }
}

fn to_basic(selector: &BasicSelector) -> EventSelector {
    let data = |data: &DataResource| {
        AwsDataResource::builder()
            .r#type(&data.kind)
            .set_values(Some(data.values.clone()))
            .build()
    };
    EventSelector::builder()
        .read_write_type(ReadWriteType::from(selector.read_write_type.as_str()))
        .include_management_events(selector.include_management_events)
        .set_data_resources(Some(selector.data_resources.iter().map(data).collect()))
        .set_exclude_management_event_sources(Some(
            selector.exclude_management_event_sources.clone(),
        ))
        .build()
}

pub(super) type Refused = aws_smithy_types::error::operation::BuildError;

pub(super) fn to_advanced(selector: &AdvancedSelector) -> Result<AdvancedEventSelector, Refused> {
    let list = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
    let field = |field: &FieldSelector| {
        AdvancedFieldSelector::builder()
            .field(&field.field)
            .set_equals(list(&field.equals))
            .set_starts_with(list(&field.starts_with))
            .set_ends_with(list(&field.ends_with))
            .set_not_equals(list(&field.not_equals))
            .set_not_starts_with(list(&field.not_starts_with))
            .set_not_ends_with(list(&field.not_ends_with))
            .build()
    };
    let fields: Result<Vec<_>, _> = selector.field_selectors.iter().map(field).collect();
    AdvancedEventSelector::builder()
        .set_name(selector.name.clone())
        .set_field_selectors(Some(fields?))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_selector_is_lost_on_the_way() {
        let data = DataResource {
            kind: "AWS::S3::Object".into(),
            values: vec!["arn:aws:s3:::logs/".into()],
        };
        let one = BasicSelector {
            read_write_type: "WriteOnly".into(),
            include_management_events: false,
            data_resources: vec![data],
            exclude_management_event_sources: vec!["kms.amazonaws.com".into()],
        };
        assert_eq!(basic(to_basic(&one)), one);
        let lists = |n: u32| vec![format!("a{n}"), format!("b{n}")];
        let field = FieldSelector {
            field: "resources.ARN".into(),
            equals: lists(1),
            starts_with: lists(2),
            ends_with: lists(3),
            not_equals: lists(4),
            not_starts_with: lists(5),
            not_ends_with: lists(6),
        };
        let one = AdvancedSelector {
            name: Some("n".into()),
            field_selectors: vec![field],
        };
        assert_eq!(advanced(to_advanced(&one).unwrap()), one);
    }

    #[test]
    fn a_narrower_trail_does_not_stand_in_for_a_wider_one() {
        let trail = |regions, organization, global| {
            Trail::builder()
                .is_multi_region_trail(regions)
                .is_organization_trail(organization)
                .include_global_service_events(global)
                .build()
        };
        let (whole, plain) = (trail(true, true, true), trail(false, false, false));
        assert!(reaches_as_far(&whole, &whole) && reaches_as_far(&whole, &plain));
        assert!(reaches_as_far(&plain, &plain));
        // What is not said is not so.
        assert!(reaches_as_far(&plain, &Trail::builder().build()));
        assert!(!reaches_as_far(&Trail::builder().build(), &whole));
        for narrower in [
            trail(false, true, true),
            trail(true, false, true),
            trail(true, true, false),
        ] {
            assert!(!reaches_as_far(&narrower, &whole), "{narrower:?}");
        }
    }

    #[test]
    fn a_trail_has_either_form() {
        let both = GetEventSelectorsOutput::builder()
            .advanced_event_selectors(to_advanced(&AdvancedSelector::management()).unwrap())
            .build();
        assert_eq!(
            form_of(both),
            Form::Advanced(vec![AdvancedSelector::management()])
        );
        let none = GetEventSelectorsOutput::builder().build();
        assert_eq!(form_of(none), Form::Basic(Vec::new()));
    }
}
