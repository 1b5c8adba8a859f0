//! The least that a Lambda function in Rust can be: it gives back what it gets.
//!
//! The harness is tested with it, and the functions' speed is measured in
//! multiples of its own.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        Ok::<_, Error>(event.payload)
    }))
    .await
}
