//! Rules of what a bucket gives to browsers: websites and cross-origin calls.

use super::{Bucket, HIDDEN, S3, owned, unreadable};
use crate::facet::Step;
use crate::facets::bucket::{BucketWebsite, Redirect, Route, Website};
use crate::facets::kept::AsRecorded;
use crate::json::Json;
use crate::rule::{Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

/// Row 55 of `events/TABLE.md`.
pub static CORS_OPENED: Rule = Rule {
    id: "bucket.cors-opened",
    title: "Web pages may read a guarded bucket",
    severity: Severity::Low,
    why: "any page that a person with access opens can then read the logs in that person's name",
    controls: &["ATT&CK T1530"],
    rows: &[55],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["PutBucketCors"],
    }],
    judge: |call| {
        let bucket = match Bucket::guarded(call) {
            Ok(bucket) => bucket,
            Err(judged) => return judged,
        };
        let rules = call
            .request()
            .and_then(|request| request.path(&["CORSConfiguration", "CORSRule"]))
            .filter(|rules| !rules.text().contains(HIDDEN));
        let Some(rules) = rules else {
            return Judged::CannotTell(unreadable(&bucket, "the cross-origin rules"));
        };
        let origins = rules
            .items()
            .into_iter()
            .filter_map(|rule| rule.get("AllowedOrigin"))
            .flat_map(Json::items)
            .filter_map(Json::scalar);
        let any = origins
            .filter(|origin| matches!(&**origin, "*" | "http://*" | "https://*"))
            .count()
            > 0;
        // No page has any business with a log bucket.
        if !any && bucket.deliveries.is_empty() {
            return Judged::Clean;
        }
        let whom = if any { "any web page" } else { "web pages" };
        let what = format!("{} answers calls from {whom}", bucket.called());
        bucket.draft(what).into()
    },
    ..Rule::TELLS
};

/// Row 56 of `events/TABLE.md`.
pub static CORS_DELETED: Rule = Rule {
    id: "bucket.cors-deleted",
    title: "Cross-origin rules of a guarded bucket deleted",
    severity: Severity::Low,
    why: "a page that shows logs stops working; nobody gains access",
    rows: &[56],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["DeleteBucketCors"],
    }],
    judge: |call| match Bucket::guarded(call) {
        Err(judged) => judged,
        Ok(bucket) => {
            let what = format!("the cross-origin rules of {} were deleted", bucket.called());
            bucket.draft(what).into()
        }
    },
    ..Rule::TELLS
};

/// Row 57 of `events/TABLE.md`.
pub static WEBSITE_SERVED: Rule = Rule {
    id: "bucket.website-served",
    title: "Guarded bucket turned into a website",
    severity: Severity::Medium,
    why: "a website hands out a bucket's objects by plain HTTP, or sends its readers on to somebody else",
    controls: &["ATT&CK T1530"],
    rows: &[57],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["PutBucketWebsite"],
    }],
    scope: Scope::Protected,
    revert: Revert::Desired,
    deployers_accepted: true,
    facets: &["bucket-website"],
    proof: Proof::Moto,
    judge: |call| {
        let bucket = match Bucket::guarded(call) {
            Ok(bucket) => bucket,
            Err(judged) => return judged,
        };
        let step = Step::<BucketWebsite>::new(bucket.at.clone(), AsRecorded::Baseline);
        let asked = call
            .request()
            .and_then(|request| request.get("WebsiteConfiguration"));
        let step = match asked.filter(|asked| !asked.text().contains(HIDDEN)) {
            Some(asked) => step.wrote(website(asked)),
            None => step,
        };
        let what = format!("{} was turned into a website", bucket.called());
        // The baseline may know it as one.
        bucket.draft(what).step(step).if_live_agrees().into()
    },
};

/// Row 58 of `events/TABLE.md`.
pub static WEBSITE_DELETED: Rule = Rule {
    id: "bucket.website-deleted",
    title: "Website of a guarded bucket deleted",
    severity: Severity::Low,
    why: "a page that people read is gone; nobody gains access",
    rows: &[58],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["DeleteBucketWebsite"],
    }],
    judge: |call| match Bucket::guarded(call) {
        Err(judged) => judged,
        Ok(bucket) => {
            let what = format!("the website of {} was deleted", bucket.called());
            bucket.draft(what).into()
        }
    },
    ..Rule::TELLS
};

fn website(asked: Json<'_>) -> Website {
    let redirect = |json: Json<'_>| Redirect {
        host: owned(json, "HostName"),
        protocol: owned(json, "Protocol"),
        code: owned(json, "HttpRedirectCode"),
        prefix: owned(json, "ReplaceKeyPrefixWith"),
        key: owned(json, "ReplaceKeyWith"),
    };
    let routes = asked.path(&["RoutingRules", "RoutingRule"]);
    let route = |json: Json<'_>| {
        let on = |name| json.get("Condition").and_then(|json| owned(json, name));
        Route {
            on_error: on("HttpErrorCodeReturnedEquals"),
            on_prefix: on("KeyPrefixEquals"),
            to: json.get("Redirect").map(redirect).unwrap_or_default(),
        }
    };
    let routes = routes.map(Json::items).unwrap_or_default();
    Website {
        index: asked
            .get("IndexDocument")
            .and_then(|json| owned(json, "Suffix")),
        error: asked
            .get("ErrorDocument")
            .and_then(|json| owned(json, "Key")),
        redirect_all: asked.get("RedirectAllRequestsTo").map(redirect),
        routes: routes.into_iter().map(route).collect(),
    }
}
