//! Which insights a trail gives.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudtrail::operation::RequestId;
use aws_sdk_cloudtrail::types::{InsightSelector, InsightType, SourceEventCategory};

use auditward_rules::facet::At;
use auditward_rules::facets::trail::TrailInsights;
use auditward_runtime::failure::Failure;
use auditward_runtime::hand::{Hand, Written};

use super::CloudTrail;

const PUT: &str = "cloudtrail:PutInsightSelectors";
/// What CloudTrail takes for a category that is left out.
const USUAL: &str = "Management";

type Insights = BTreeMap<String, BTreeSet<String>>;

impl Hand<TrailInsights> for CloudTrail<'_> {
    async fn read(&self, at: &At) -> Result<Option<Insights>, Failure> {
        let request = self
            .client(at)
            .await?
            .get_insight_selectors()
            .trail_name(&at.resource);
        match request.send().await {
            Ok(answer) => Ok(Some(insights_of(answer.insight_selectors()))),
            Err(error) => match error.as_service_error() {
                Some(e) if e.is_insight_not_enabled_exception() => Ok(Some(Insights::new())),
                Some(e) if e.is_trail_not_found_exception() => Ok(None),
                _ => Err(Failure::of("cloudtrail:GetInsightSelectors", &error)),
            },
        }
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Insights>,
        to: &Option<Insights>,
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
            .put_insight_selectors()
            .trail_name(&at.resource);
        let answer = request
            .set_insight_selectors(Some(selectors_of(to)))
            .send()
            .await
            .map_err(|error| Failure::of(PUT, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

fn insights_of(selectors: &[InsightSelector]) -> Insights {
    let mut insights = Insights::new();
    for selector in selectors {
        let Some(kind) = selector.insight_type() else {
            continue;
        };
        let categories = insights.entry(kind.as_str().to_owned()).or_default();
        categories.extend(
            selector
                .event_categories()
                .iter()
                .map(|category| category.as_str().to_owned()),
        );
        if categories.is_empty() {
            categories.insert(USUAL.to_owned());
        }
    }
    insights
}

fn selectors_of(insights: &Insights) -> Vec<InsightSelector> {
    let selector = |(kind, categories): (&String, &BTreeSet<String>)| {
        let named = categories
            .iter()
            .map(|category| SourceEventCategory::from(category.as_str()));
        let usual = categories.iter().all(|category| category == USUAL);
        InsightSelector::builder()
            .insight_type(InsightType::from(kind.as_str()))
            .set_event_categories((!usual).then(|| named.collect()))
            .build()
    };
    insights.iter().map(selector).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_that_is_left_out_means_management_events() {
        let bare = InsightSelector::builder()
            .insight_type(InsightType::ApiCallRateInsight)
            .build();
        let both = InsightSelector::builder()
            .insight_type(InsightType::ApiErrorRateInsight)
            .event_categories(SourceEventCategory::Data)
            .event_categories(SourceEventCategory::Management)
            .build();
        let insights = insights_of(&[bare.clone(), both.clone()]);
        assert_eq!(
            insights["ApiCallRateInsight"],
            BTreeSet::from(["Management".to_owned()])
        );
        assert_eq!(selectors_of(&insights), [bare, both]);
    }
}
