//! Guards buckets: those that trails deliver to, and every bucket's policy.

use auditward_hands::s3::S3;
use auditward_rules::inventory::Inventory;
use auditward_rules::plan::Plan;
use auditward_rules::rule::Function;
use auditward_rules::settings::Settings;
use auditward_runtime::failure::Failure;
use auditward_runtime::guard::{Discovered, Guard, Touch, Touched};
use auditward_runtime::serve::{self, serve};
use auditward_runtime::store::BoxFuture;

struct BucketGuard {
    buckets: S3<'static>,
}

impl Guard for BucketGuard {
    fn function(&self) -> Function {
        Function::BucketGuard
    }

    fn touch<'a>(
        &'a self,
        plan: &'a Plan,
        touch: Touch<'a>,
    ) -> Option<BoxFuture<'a, Result<Touched, Failure>>> {
        Some(match plan {
            Plan::BucketPolicy(step) => touch.with(&self.buckets, step),
            Plan::BucketPublicAccess(step) => touch.with(&self.buckets, step),
            Plan::AccountPublicAccess(step) => touch.with(&self.buckets, step),
            Plan::BucketAcl(step) => touch.with(&self.buckets, step),
            Plan::BucketOwnership(step) => touch.with(&self.buckets, step),
            Plan::BucketVersioning(step) => touch.with(&self.buckets, step),
            Plan::BucketEncryption(step) => touch.with(&self.buckets, step),
            Plan::BucketLifecycle(step) => touch.with(&self.buckets, step),
            Plan::BucketExistence(step) => touch.with(&self.buckets, step),
            _ => return None,
        })
    }

    fn discover<'a>(
        &'a self,
        settings: &'a Settings,
        inventory: Inventory,
    ) -> BoxFuture<'a, Result<Discovered, Failure>> {
        Box::pin(self.buckets.discover(settings, inventory))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    serve(|sessions| BucketGuard {
        buckets: S3 { sessions },
    })
    .await
}
