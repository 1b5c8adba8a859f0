//! Schedules, through EventBridge Scheduler.

use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::error::BuildError;
use aws_sdk_scheduler::operation::RequestId;
use aws_sdk_scheduler::operation::get_schedule::GetScheduleOutput;
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, DeadLetterConfig, FlexibleTimeWindow, FlexibleTimeWindowMode,
    RetryPolicy, ScheduleState, Target,
};

use auditward_rules::arn::Arn;
use auditward_rules::facet::At;
use auditward_rules::facets::guard::schedule::{Schedule, ScheduleDefinition};
use auditward_rules::inventory::Inventory;
use auditward_rules::settings::Settings;
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::guard::Discovered;
use auditward_runtime::hand::{DISCOVERY, Hand, Permission, Written};
use auditward_runtime::pipeline::Place;

/// Every call this hand makes. A schedule calls as a role, which whoever writes
/// the schedule must be allowed to pass.
pub const PERMISSIONS: &[Permission] = &[
    Permission::read(DISCOVERY, "scheduler:ListSchedules"),
    Permission::read("schedule-definition", "scheduler:GetSchedule"),
    Permission::write("schedule-definition", "scheduler:CreateSchedule").with(&["iam:PassRole"]),
    Permission::write("schedule-definition", "scheduler:UpdateSchedule").with(&["iam:PassRole"]),
];

const GET: &str = "scheduler:GetSchedule";
const CREATE: &str = "scheduler:CreateSchedule";
const UPDATE: &str = "scheduler:UpdateSchedule";

hand! {
    /// The hand for them.
    Scheduler with Client
}

impl Scheduler<'_> {
    /// Finds Auditward's own schedules, in an account and region.
    ///
    /// # Errors
    /// The schedules cannot be listed.
    pub async fn discover(
        &self,
        settings: &Settings,
        _: &Inventory,
        place: &Place,
    ) -> Result<Discovered, Failure> {
        let client = self.client(&place.at("")).await?;
        let mut pages = client.list_schedules().into_paginator().items().send();
        let mut resources = Vec::new();
        while let Some(schedule) = pages.next().await {
            let schedule =
                schedule.map_err(|error| Failure::of("scheduler:ListSchedules", &error))?;
            if let Some(arn) = schedule.arn().filter(|arn| settings.is_own(arn)) {
                resources.push(place.at(arn));
            }
        }
        Ok(resources.into())
    }
}

/// A schedule's group and name: `schedule/<group>/<name>`.
fn parts(at: &At) -> (&str, &str) {
    let resource = Arn::parse(&at.resource).map_or(&*at.resource, |arn| arn.resource);
    let resource = resource.strip_prefix("schedule/").unwrap_or(resource);
    resource.split_once('/').unwrap_or(("default", resource))
}

fn schedule_of(answer: &GetScheduleOutput) -> Schedule {
    let target = answer.target();
    let retry = target.and_then(|target| target.retry_policy());
    let letters = target.and_then(|target| target.dead_letter_config()?.arn());
    let after = answer.action_after_completion();
    let dated = answer.start_date().is_some()
        || answer.end_date().is_some()
        || after.is_some_and(|after| *after == ActionAfterCompletion::Delete);
    let special = target.is_some_and(|target| {
        target.ecs_parameters().is_some()
            || target.event_bridge_parameters().is_some()
            || target.kinesis_parameters().is_some()
            || target.sage_maker_pipeline_parameters().is_some()
            || target.sqs_parameters().is_some()
    });
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    Schedule {
        enabled: answer.state() != Some(&ScheduleState::Disabled),
        expression: answer.schedule_expression().unwrap_or_default().to_owned(),
        timezone: text(answer.schedule_expression_timezone()),
        window: answer
            .flexible_time_window()
            .and_then(FlexibleTimeWindow::maximum_window_in_minutes),
        description: text(answer.description()),
        key: text(answer.kms_key_arn()),
        target: target.map_or("", Target::arn).to_owned(),
        role: target.map_or("", Target::role_arn).to_owned(),
        input: target.and_then(|target| text(target.input())),
        dead_letters: letters.map(str::to_owned),
        retries: retry.and_then(RetryPolicy::maximum_retry_attempts),
        age: retry.and_then(RetryPolicy::maximum_event_age_in_seconds),
        more: dated || special,
    }
}

fn target_of(schedule: &Schedule) -> Result<Target, BuildError> {
    let letters = schedule.dead_letters.as_ref();
    let retries = (schedule.retries.is_some() || schedule.age.is_some()).then(|| {
        RetryPolicy::builder()
            .set_maximum_retry_attempts(schedule.retries)
            .set_maximum_event_age_in_seconds(schedule.age)
            .build()
    });
    Target::builder()
        .arn(&schedule.target)
        .role_arn(&schedule.role)
        .set_input(schedule.input.clone())
        .set_dead_letter_config(letters.map(|arn| DeadLetterConfig::builder().arn(arn).build()))
        .set_retry_policy(retries)
        .build()
}

fn window_of(schedule: &Schedule) -> Result<FlexibleTimeWindow, BuildError> {
    let mode = match schedule.window {
        Some(_) => FlexibleTimeWindowMode::Flexible,
        None => FlexibleTimeWindowMode::Off,
    };
    FlexibleTimeWindow::builder()
        .mode(mode)
        .set_maximum_window_in_minutes(schedule.window)
        .build()
}

impl Hand<ScheduleDefinition> for Scheduler<'_> {
    async fn read(&self, at: &At) -> Result<Option<Schedule>, Failure> {
        let (group, name) = parts(at);
        let asked = self.client(at).await?.get_schedule();
        let answer = asked.group_name(group).name(name).send().await;
        let answer = found(GET, answer, |e| e.is_resource_not_found_exception())?;
        Ok(answer.as_ref().map(schedule_of))
    }

    async fn write(
        &self,
        at: &At,
        from: &Option<Schedule>,
        to: &Option<Schedule>,
    ) -> Result<Written, Failure> {
        let Some(schedule) = to.as_ref().filter(|schedule| !schedule.more) else {
            let why = "a schedule is never deleted, nor made with more than a rate and a target";
            return Err(Failure::other(CREATE, why));
        };
        let (group, name) = parts(at);
        let unusable = |error: BuildError| Failure::other(UPDATE, error.to_string());
        let state = if schedule.enabled {
            ScheduleState::Enabled
        } else {
            ScheduleState::Disabled
        };
        let target = target_of(schedule).map_err(unusable)?;
        let window = window_of(schedule).map_err(unusable)?;
        let client = self.client(at).await?;
        // Both calls take the whole schedule.
        macro_rules! whole {
            ($asked:expr, $call:expr) => {{
                let asked = $asked.group_name(group).name(name);
                let asked = asked
                    .schedule_expression(&schedule.expression)
                    .set_schedule_expression_timezone(schedule.timezone.clone())
                    .set_description(schedule.description.clone())
                    .set_kms_key_arn(schedule.key.clone())
                    .flexible_time_window(window)
                    .state(state)
                    .target(target);
                let answer = asked.send().await;
                let answer = answer.map_err(|error| Failure::of($call, &error))?;
                Ok(Written::default().and(answer.request_id()))
            }};
        }
        match from {
            Some(_) => whole!(client.update_schedule(), UPDATE),
            None => whole!(client.create_schedule(), CREATE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_named_behind_its_group() {
        let arn = "arn:aws:scheduler:eu-west-1:111111111111:schedule/default/auditward-pulse";
        let at = At::new("111111111111", "eu-west-1", arn);
        assert_eq!(parts(&at), ("default", "auditward-pulse"));
    }
}
