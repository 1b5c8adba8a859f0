//! Guards trust policies, the power to change trails, and Auditward's own roles.

use auditward_hands::iam::Iam;
use auditward_rules::inventory::Inventory;
use auditward_rules::plan::Plan;
use auditward_rules::rule::Function;
use auditward_rules::settings::Settings;
use auditward_runtime::failure::Failure;
use auditward_runtime::guard::{Discovered, Guard, Touch, Touched};
use auditward_runtime::serve::{self, serve};
use auditward_runtime::store::BoxFuture;

struct RoleGuard {
    principals: Iam<'static>,
}

impl Guard for RoleGuard {
    fn function(&self) -> Function {
        Function::RoleGuard
    }

    fn touch<'a>(
        &'a self,
        plan: &'a Plan,
        touch: Touch<'a>,
    ) -> Option<BoxFuture<'a, Result<Touched, Failure>>> {
        Some(match plan {
            Plan::RoleTrust(step) => touch.with(&self.principals, step),
            Plan::RoleSessions(step) => touch.with(&self.principals, step),
            Plan::RoleInlinePolicies(step) => touch.with(&self.principals, step),
            Plan::RoleBoundary(step) => touch.with(&self.principals, step),
            Plan::RoleTags(step) => touch.with(&self.principals, step),
            Plan::RoleSettings(step) => touch.with(&self.principals, step),
            Plan::Attachments(step) => touch.with(&self.principals, step),
            _ => return None,
        })
    }

    fn discover<'a>(
        &'a self,
        settings: &'a Settings,
        inventory: Inventory,
    ) -> BoxFuture<'a, Result<Discovered, Failure>> {
        Box::pin(self.principals.discover(settings, inventory))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    serve(|sessions| RoleGuard {
        principals: Iam { sessions },
    })
    .await
}
