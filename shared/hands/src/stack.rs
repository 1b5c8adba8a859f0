//! The stack that a resource is of, as CloudFormation knows it.

use aws_sdk_cloudformation::Client;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use auditward_runtime::failure::{Failure, found};
use auditward_runtime::guard::Deployed;
use auditward_runtime::hand::{Permission, STACK};
use auditward_runtime::sessions::Sessions;

const DESCRIBE: &str = "cloudformation:DescribeStackResources";

/// Every call that asks for a stack.
pub const PERMISSIONS: &[Permission] = &[Permission::read(STACK, DESCRIBE)];

/// The name of the stack that has a resource, also of one that was deleted with it
/// ([90 days](https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResources.html)).
///
/// # Errors
/// CloudFormation cannot be asked.
pub async fn name(sessions: &Sessions, deployed: &Deployed) -> Result<Option<String>, Failure> {
    for region in &deployed.regions {
        let config = sessions.of(&deployed.account, region).await?;
        let client = Client::new(&config);
        for name in &deployed.names {
            let request = client.describe_stack_resources();
            let answer = request.physical_resource_id(name).send().await;
            // No stack has such a resource: CloudFormation has no error of its own for that.
            let answer = found(DESCRIBE, answer, |e| e.code() == Some("ValidationError"))?;
            let first = answer
                .as_ref()
                .and_then(|answer| answer.stack_resources().first());
            if let Some(stack) = first.and_then(|resource| resource.stack_name()) {
                return Ok(Some(stack.to_owned()));
            }
        }
    }
    Ok(None)
}
