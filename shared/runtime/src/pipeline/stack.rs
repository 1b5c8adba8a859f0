//! Which stack a change came from that was made through CloudFormation: the event
//! does not say it, and whoever is woken has to know.

use auditward_rules::arn::Arn;
use auditward_rules::facet::At;

use super::job::Job;
use crate::alert::CLOUDFORMATION;
use crate::guard::Deployed;

impl Job<'_> {
    /// Asks CloudFormation for the stack, once a case. That it does not answer is
    /// noted, and holds nothing up: the alert says how to ask.
    pub(super) async fn name_stack(&mut self, notes: &mut Vec<String>) {
        let case = &self.case.value;
        if case.actor.invoked_by != CLOUDFORMATION || case.stack.is_some() {
            return;
        }
        let Some(arn) = Arn::parse(&case.resource) else {
            return;
        };
        let deployed = Deployed {
            account: case.account.clone(),
            regions: self.regions(arn.service),
            names: physical(&arn, &case.resource, &case.region),
        };
        match self.pipeline.guard.stack(&deployed).await {
            Ok(name) => self.case.value.stack = name,
            Err(failure) => notes.push(format!("the stack is not known: {failure}")),
        }
    }

    /// Where the stack may be: in the event's region, but for services whose events
    /// all come from one.
    fn regions(&self, service: &str) -> Vec<String> {
        let mut regions = Vec::new();
        if matches!(service, "iam" | "organizations") {
            regions.push(self.pipeline.guard.home().region);
            regions.extend(self.known.settings.ours.regions.iter().cloned());
        }
        regions.push(self.case.value.region.clone());
        let mut distinct = Vec::new();
        for region in regions {
            if !region.is_empty() && !distinct.contains(&region) {
                distinct.push(region);
            }
        }
        distinct
    }
}

/// How CloudFormation may call a resource: by its name, by its ARN, or a queue by
/// its URL.
fn physical(arn: &Arn<'_>, resource: &str, region: &str) -> Vec<String> {
    let name = At::new("", "", resource).name().to_owned();
    match arn.service {
        "sns" => vec![resource.to_owned()],
        "sqs" => vec![format!(
            "https://sqs.{region}.amazonaws.com/{}/{name}",
            arn.account
        )],
        _ => vec![name, resource.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cloudformation_calls_things_by_names_of_its_own() {
        let names = |arn: &str| physical(&Arn::parse(arn).unwrap(), arn, "eu-west-1");
        assert_eq!(names("arn:aws:s3:::logs"), ["logs", "arn:aws:s3:::logs"]);
        assert_eq!(
            names("arn:aws:sqs:eu-west-1:111111111111:letters"),
            ["https://sqs.eu-west-1.amazonaws.com/111111111111/letters"]
        );
        let topic = "arn:aws:sns:eu-west-1:111111111111:alerts";
        assert_eq!(names(topic), [topic]);
    }
}
