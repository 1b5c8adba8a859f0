//! Exports of log groups.

use std::collections::BTreeMap;

use aws_sdk_cloudwatchlogs::operation::RequestId;
use aws_sdk_cloudwatchlogs::types::{ExportTask as Task, ExportTaskStatusCode};
use chrono::DateTime;

use auditward_rules::facet::At;
use auditward_rules::facets::logs::ExportTask;
use auditward_rules::facets::made::Thing;
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::{Logs, is_gone};

const CANCEL: &str = "logs:CancelExportTask";

impl Hand<ExportTask> for Logs<'_> {
    /// What is done with, one way or another, is no longer there.
    async fn read(&self, at: &At) -> Result<Option<Thing>, Failure> {
        let id = at.item.clone().unwrap_or_default();
        let request = self.client(at).await?.describe_export_tasks();
        let answer = request.task_id(id).send().await;
        let answer = found("logs:DescribeExportTasks", answer, is_gone)?;
        Ok(answer.and_then(|answer| answer.export_tasks().iter().find_map(running)))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Thing>,
        to: &Option<Thing>,
    ) -> Result<Written, Failure> {
        if to.is_some() {
            return Err(Failure::other(CANCEL, "an export is never begun again"));
        }
        let id = at.item.clone().unwrap_or_default();
        let request = self.client(at).await?.cancel_export_task();
        let answer = request.task_id(id).send().await;
        let answer = answer.map_err(|error| Failure::of(CANCEL, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

fn running(task: &Task) -> Option<Thing> {
    let code = task.status().and_then(|status| status.code());
    matches!(
        code,
        Some(ExportTaskStatusCode::Pending | ExportTaskStatusCode::Running)
    )
    .then(|| Thing {
        created: task
            .execution_info()
            .and_then(|info| DateTime::from_timestamp_millis(info.creation_time()?)),
        detail: BTreeMap::from_iter(task.destination().map(|to| ("to".into(), to.to_owned()))),
    })
}
