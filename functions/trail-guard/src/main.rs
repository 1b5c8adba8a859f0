//! Guards trails and the keys they use.

use auditward_hands::cloudtrail::{self, CloudTrail};
use auditward_rules::plan::Plan;
use auditward_rules::rule::Function;
use auditward_runtime::failure::Failure;
use auditward_runtime::guard::{Guard, Touch, Touched};
use auditward_runtime::hand::Permission;
use auditward_runtime::serve::serve;
use auditward_runtime::store::BoxFuture;

struct TrailGuard {
    trails: CloudTrail<'static>,
}

impl Guard for TrailGuard {
    fn function(&self) -> Function {
        Function::TrailGuard
    }

    fn touch<'a>(&'a self, plan: &'a Plan, touch: Touch<'a>) -> Option<BoxFuture<'a, Result<Touched, Failure>>> {
        Some(match plan {
            Plan::TrailLogging(step) => touch.with(&self.trails, step),
            _ => return None,
        })
    }

    fn permissions(&self) -> Vec<Permission> {
        cloudtrail::PERMISSIONS.to_vec()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), auditward_runtime::serve::Error> {
    serve(|sessions| TrailGuard { trails: CloudTrail { sessions } }).await
}
