//! Guards trails and the keys they use.

use auditward_hands::cloudtrail::CloudTrail;
use auditward_hands::kms::Kms;
use auditward_hands::s3::S3;
use auditward_rules::inventory::Inventory;
use auditward_rules::plan::Plan;
use auditward_rules::rule::Function;
use auditward_rules::settings::Settings;
use auditward_runtime::failure::Failure;
use auditward_runtime::guard::{Discovered, Guard, Touch, Touched};
use auditward_runtime::serve::{self, serve};
use auditward_runtime::store::BoxFuture;

struct TrailGuard {
    trails: CloudTrail<'static>,
    keys: Kms<'static>,
    buckets: S3<'static>,
}

impl Guard for TrailGuard {
    fn function(&self) -> Function {
        Function::TrailGuard
    }

    fn touch<'a>(
        &'a self,
        plan: &'a Plan,
        touch: Touch<'a>,
    ) -> Option<BoxFuture<'a, Result<Touched, Failure>>> {
        Some(match plan {
            Plan::TrailConfig(step) => touch.with(&self.trails, step),
            Plan::TrailSelectors(step) => touch.with(&self.trails, step),
            Plan::TrailInsights(step) => touch.with(&self.trails, step),
            Plan::TrailLogging(step) => touch.with(&self.trails, step),
            Plan::KeyState(step) => touch.with(&self.keys, step),
            Plan::KeyPolicy(step) => touch.with(&self.keys, step),
            Plan::BucketPolicy(step) => touch.with(&self.buckets, step),
            _ => return None,
        })
    }

    fn discover<'a>(
        &'a self,
        settings: &'a Settings,
        inventory: Inventory,
    ) -> BoxFuture<'a, Result<Discovered, Failure>> {
        Box::pin(self.trails.discover(settings, inventory))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    serve(|sessions| TrailGuard {
        trails: CloudTrail { sessions },
        keys: Kms { sessions },
        buckets: S3 { sessions },
    })
    .await
}
