//! Whether a bucket serves a website.

use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::operation::RequestId;
use aws_sdk_s3::types::{
    self as s3, Condition, ErrorDocument, IndexDocument, Protocol, RedirectAllRequestsTo,
    RoutingRule, WebsiteConfiguration,
};

use auditward_rules::facet::At;
use auditward_rules::facets::bucket::{BucketWebsite, Redirect, Route, Website};
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::{S3, says};

const READ: &str = "s3:GetBucketWebsite";
const WRITE: &str = "s3:PutBucketWebsite";
const DELETE: &str = "s3:DeleteBucketWebsite";

impl Hand<BucketWebsite> for S3<'_> {
    async fn read(&self, at: &At) -> Result<Website, Failure> {
        let request = self
            .client(at)
            .await?
            .get_bucket_website()
            .bucket(at.name());
        let own = |text: Option<&str>| text.map(str::to_owned);
        let answer = request.expected_bucket_owner(&at.account).send().await;
        let answer = found(READ, answer, |e| says(e, "NoSuchWebsiteConfiguration"))?;
        Ok(answer.map_or_else(Website::default, |answer| Website {
            index: own(answer.index_document().map(IndexDocument::suffix)),
            error: own(answer.error_document().map(ErrorDocument::key)),
            redirect_all: answer.redirect_all_requests_to().map(|to| Redirect {
                host: Some(to.host_name().to_owned()),
                protocol: own(to.protocol().map(Protocol::as_str)),
                ..Redirect::default()
            }),
            routes: answer.routing_rules().iter().map(route_of).collect(),
        }))
    }

    async fn write(&self, at: &At, _: &Website, to: &Website) -> Result<Written, Failure> {
        let client = self.client(at).await?;
        if !to.is_served() {
            let request = client.delete_bucket_website().bucket(at.name());
            let answer = request.expected_bucket_owner(&at.account).send().await;
            let answer = answer.map_err(|error| Failure::of(DELETE, &error))?;
            return Ok(Written::default().and(answer.request_id()));
        }
        let configuration =
            website_to(to).map_err(|error| Failure::other(WRITE, error.to_string()))?;
        let request = client
            .put_bucket_website()
            .bucket(at.name())
            .website_configuration(configuration);
        let answer = request.expected_bucket_owner(&at.account).send().await;
        let answer = answer.map_err(|error| Failure::of(WRITE, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

fn route_of(rule: &RoutingRule) -> Route {
    let own = |text: Option<&str>| text.map(str::to_owned);
    let on = rule.condition();
    let to = rule.redirect().map(|to| Redirect {
        host: own(to.host_name()),
        protocol: own(to.protocol().map(Protocol::as_str)),
        code: own(to.http_redirect_code()),
        prefix: own(to.replace_key_prefix_with()),
        key: own(to.replace_key_with()),
    });
    Route {
        on_error: own(on.and_then(Condition::http_error_code_returned_equals)),
        on_prefix: own(on.and_then(Condition::key_prefix_equals)),
        to: to.unwrap_or_default(),
    }
}

fn route_to(route: &Route) -> RoutingRule {
    let to = &route.to;
    let redirect = s3::Redirect::builder()
        .set_host_name(to.host.clone())
        .set_protocol(to.protocol.as_deref().map(Protocol::from))
        .set_http_redirect_code(to.code.clone())
        .set_replace_key_prefix_with(to.prefix.clone())
        .set_replace_key_with(to.key.clone());
    let condition = route
        .on_error
        .as_ref()
        .or(route.on_prefix.as_ref())
        .map(|_| {
            Condition::builder()
                .set_http_error_code_returned_equals(route.on_error.clone())
                .set_key_prefix_equals(route.on_prefix.clone())
                .build()
        });
    RoutingRule::builder()
        .set_condition(condition)
        .redirect(redirect.build())
        .build()
}

fn website_to(website: &Website) -> Result<WebsiteConfiguration, BuildError> {
    let index = website
        .index
        .as_ref()
        .map(|suffix| IndexDocument::builder().suffix(suffix).build());
    let error = website
        .error
        .as_ref()
        .map(|key| ErrorDocument::builder().key(key).build());
    let all = website.redirect_all.as_ref().map(|to| {
        RedirectAllRequestsTo::builder()
            .set_host_name(to.host.clone())
            .set_protocol(to.protocol.as_deref().map(Protocol::from))
            .build()
    });
    let routes: Vec<_> = website.routes.iter().map(route_to).collect();
    Ok(WebsiteConfiguration::builder()
        .set_index_document(index.transpose()?)
        .set_error_document(error.transpose()?)
        .set_redirect_all_requests_to(all.transpose()?)
        .set_routing_rules((!routes.is_empty()).then_some(routes))
        .build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_survives_the_way_there_and_back() {
        let route = Route {
            on_error: Some("404".into()),
            on_prefix: Some("docs/".into()),
            to: Redirect {
                host: Some("acme-corp.example".into()),
                protocol: Some("https".into()),
                code: Some("301".into()),
                prefix: Some("documents/".into()),
                key: None,
            },
        };
        assert_eq!(route_of(&route_to(&route)), route);
        assert_eq!(route_of(&route_to(&Route::default())), Route::default());
    }
}
