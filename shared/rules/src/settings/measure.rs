//! What the power to tamper is measured by.

use auditward_policy::power::Protected;

use super::{Known, Settings};
use crate::arn::Arn;
use crate::inventory::{Inventory, TrailUse};

impl Settings {
    /// What the power to tamper is measured by: every trail; log buckets, their files
    /// and keys; Auditward's own parts; passing or assuming one of the roles that may
    /// hold that power; changing one of those, a deployer, whose changes are accepted,
    /// or an operator, who undoes what Auditward did.
    pub fn measure(&self, inventory: &Inventory) -> Protected {
        let arn = |known: &Known, sorts: &[&str]| {
            let arn = &known.principal;
            let sort = Arn::parse(arn).and_then(|arn| arn.resource.split('/').next());
            let fits = sort.is_some_and(|sort| sorts.contains(&sort));
            fits.then(|| arn.clone())
        };
        let role = |known: &Known| arn(known, &["role"]);
        let known = self.approved.iter().chain(&self.break_glass);
        let trusted = self.deployers.iter().chain(&self.operators);
        let mut measure = Protected {
            privileged_roles: known.filter_map(role).collect(),
            // Grants of `*` are given to everybody who runs something; pipelines are
            // passed and assumed all day, also by name.
            named_roles: self.operators.iter().filter_map(role).collect(),
            changed: trusted
                .filter_map(|known| arn(known, &["role", "user"]))
                .collect(),
            guard: self.own_parts(),
            ..Protected::default()
        };
        for named in &self.protected.resources {
            add(&mut measure, named);
        }
        if self.protected.discover {
            for other in &inventory.others {
                add(&mut measure, other);
            }
            for used in &inventory.trails {
                use_of(&mut measure, used);
            }
        }
        // Many trails deliver to one bucket.
        let Protected {
            buckets,
            objects,
            keys,
            guard,
            ..
        } = &mut measure;
        for list in [buckets, objects, keys, guard] {
            list.sort_unstable();
            list.dedup();
        }
        measure
    }

    /// Auditward's own resources and roles, by the names that the settings give.
    fn own_parts(&self) -> Vec<String> {
        let of_name = |own: &String| {
            [
                format!("arn:*:lambda:*:*:function:{own}"),
                format!("arn:*:events:*:*:rule/{own}"),
                // A rule on a bus of its own has the bus's name before its own.
                format!("arn:*:events:*:*:rule/{own}/*"),
                format!("arn:*:events:*:*:event-bus/{own}"),
                format!("arn:*:scheduler:*:*:schedule/default/{own}"),
                format!("arn:*:sns:*:*:{own}"),
                format!("arn:*:sqs:*:*:{own}"),
                format!("arn:*:dynamodb:*:*:table/{own}"),
                format!("arn:*:cloudformation:*:*:stack/{own}/*"),
            ]
        };
        let roles = self.roles.guard.iter().chain(&self.roles.delivery);
        let roles = roles.map(|name| format!("arn:*:iam::*:role/{name}"));
        let parts = self.protected.own.iter().flat_map(of_name);
        parts.chain(roles).collect()
    }
}

/// One resource or pattern of resources. Trails are left out: every trail counts. Of
/// a bucket that is merely named it is not known whether there are log files in it.
fn add(measure: &mut Protected, arn: &str) {
    let Some(parsed) = Arn::parse(arn) else {
        return;
    };
    match parsed.service {
        "cloudtrail" => {}
        "s3" if parsed.region.is_empty() => {
            let bucket = parsed.resource.split('/').next();
            measure.buckets.extend(bucket.map(str::to_owned));
        }
        "kms" => measure.keys.push(arn.to_owned()),
        _ => measure.guard.push(arn.to_owned()),
    }
}

fn use_of(measure: &mut Protected, used: &TrailUse) {
    let TrailUse {
        bucket,
        key,
        topic,
        log_group,
        log_role,
        ..
    } = used;
    if !bucket.is_empty() {
        measure.buckets.push(bucket.clone());
        measure
            .objects
            .push(format!("{bucket}/{}*", used.key_prefix()));
    }
    measure.keys.extend(key.clone());
    measure.guard.extend(topic.clone());
    measure.guard.extend(log_role.clone());
    // Policies name log groups with `:*` behind them and without.
    if let Some(group) = log_group {
        let plain = group.strip_suffix(":*").unwrap_or(group);
        measure.guard.push(plain.to_owned());
        measure.guard.push(format!("{plain}:*"));
    }
}

#[cfg(test)]
mod tests {
    use auditward_policy::Document;
    use auditward_policy::power::{Verdict, tampering};

    use super::*;

    fn inventory() -> Inventory {
        let used = TrailUse {
            trail: "arn:aws:cloudtrail:eu-west-1:111111111111:trail/audit".into(),
            bucket: "acme-logs".into(),
            key: Some("arn:aws:kms:eu-west-1:111111111111:key/1a2b".into()),
            log_group: Some("arn:aws:logs:eu-west-1:111111111111:log-group:audit:*".into()),
            ..TrailUse::default()
        };
        Inventory {
            trails: vec![used],
            others: ["arn:aws:s3:::acme-replica".to_owned()].into(),
            ..Inventory::default()
        }
    }

    const KNOWN: &str = r#"
        [ours]
        accounts = ["111111111111"]
        [[deployers]]
        principal = "arn:aws:iam::111111111111:role/deploy/pipeline"
        reason = "deploys"
        [[operators]]
        principal = "arn:aws:iam::111111111111:role/operator"
        unique_id = "AROAEXAMPLEOPERATOR01"
        reason = "undoes"
        [[deployers]]
        principal = "arn:aws:iam::111111111111:user/ci/deploy"
        reason = "deploys"
    "#;

    fn gives(inventory: &Inventory, action: &str, on: &str) -> bool {
        let settings = Settings::parse(KNOWN).unwrap();
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{action}","Resource":"{on}"}}}}"#
        );
        let document = Document::parse(&text).unwrap();
        let verdict = tampering(&document, &settings.measure(inventory));
        matches!(verdict, Verdict::Yes(_))
    }

    #[test]
    fn a_grant_on_exactly_what_is_protected_is_power() {
        for (action, on) in [
            ("s3:PutBucketPolicy", "arn:aws:s3:::acme-logs"),
            ("s3:PutBucketPolicy", "arn:aws:s3:::acme-replica"),
            ("s3:DeleteObject*", "arn:aws:s3:::acme-logs/*"),
            (
                "s3:PutObject",
                "arn:aws:s3:::acme-logs/AWSLogs/111111111111/*",
            ),
            (
                "kms:DisableKey",
                "arn:aws:kms:eu-west-1:111111111111:key/1a2b",
            ),
            ("kms:DisableKey", "arn:aws:kms:*:*:key/*"),
            (
                "logs:DeleteLogGroup",
                "arn:aws:logs:*:111111111111:log-group:audit",
            ),
            (
                "lambda:DeleteFunction",
                "arn:aws:lambda:*:*:function:auditward-*",
            ),
            (
                "lambda:DeleteFunction",
                "arn:aws:lambda:eu-west-1:111111111111:function:auditward-self-guard",
            ),
            (
                "events:DisableRule",
                "arn:aws:events:eu-west-1:111111111111:rule/auditward-*",
            ),
            ("dynamodb:PutItem", "arn:aws:dynamodb:*:*:table/auditward"),
            (
                "iam:PutRolePolicy",
                "arn:aws:iam::111111111111:role/auditward-*",
            ),
            (
                "cloudtrail:StopLogging",
                "arn:aws:cloudtrail:*:*:trail/another",
            ),
            (
                "iam:UpdateAssumeRolePolicy",
                "arn:aws:iam::111111111111:role/deploy/pipeline",
            ),
            (
                "iam:AttachRolePolicy",
                "arn:aws:iam::111111111111:role/operator",
            ),
            ("sts:AssumeRole", "arn:aws:iam::111111111111:role/operator"),
            ("iam:PassRole", "arn:aws:iam::111111111111:role/operator"),
            (
                "iam:CreateAccessKey",
                "arn:aws:iam::111111111111:user/ci/deploy",
            ),
            ("iam:*LoginProfile", "arn:aws:iam::*:user/ci/*"),
            // Who changes their own policies has any permission.
            (
                "iam:PutUserPolicy",
                "arn:aws:iam::111111111111:user/${aws:username}",
            ),
            (
                "iam:AttachUserPolicy",
                "arn:aws:iam::*:user/${aws:username}",
            ),
            (
                "iam:DeleteUserPermissionsBoundary",
                "arn:aws:iam::111111111111:user/ci/${aws:UserName}",
            ),
        ] {
            assert!(gives(&inventory(), action, on), "{action} on {on}");
        }
    }

    #[test]
    fn a_grant_on_something_else_is_everyday_work() {
        for (action, on) in [
            ("s3:PutBucketPolicy", "arn:aws:s3:::acme-website"),
            ("s3:PutObject", "arn:aws:s3:::acme-logs/app/*"),
            ("s3:PutObject", "arn:aws:s3:::acme-website/*"),
            (
                "kms:DisableKey",
                "arn:aws:kms:eu-west-1:111111111111:key/3c4d",
            ),
            (
                "logs:DeleteLogGroup",
                "arn:aws:logs:*:*:log-group:audit-of-books:*",
            ),
            (
                "sts:AssumeRole",
                "arn:aws:iam::111111111111:role/deploy/pipeline",
            ),
            ("iam:PassRole", "arn:aws:iam::111111111111:role/deploy/*"),
            // Wide grants are given every day, and name nobody.
            ("iam:PassRole", "*"),
            ("sts:AssumeRole", "*"),
            ("iam:PassRole", "arn:aws:iam::111111111111:role/*"),
            ("sts:AssumeRole", "arn:aws:iam::*:role/op*"),
            (
                "sts:AssumeRole",
                "arn:aws:iam::111111111111:role/${aws:PrincipalTag/team}",
            ),
            // Everybody's own keys.
            (
                "iam:CreateAccessKey",
                "arn:aws:iam::111111111111:user/${aws:username}",
            ),
            (
                "iam:CreateAccessKey",
                "arn:aws:iam::111111111111:user/ci/${aws:UserName}",
            ),
            (
                "iam:CreateAccessKey",
                "arn:aws:iam::111111111111:user/webshop",
            ),
            (
                "iam:UpdateAssumeRolePolicy",
                "arn:aws:iam::111111111111:role/webshop",
            ),
            // Patterns whose wildcards could reach over everything, were ARNs mere text.
            (
                "lambda:DeleteFunction",
                "arn:aws:lambda:*:*:function:webshop-*",
            ),
            ("events:PutRule", "arn:aws:events:*:*:rule/webshop-*"),
            (
                "scheduler:UpdateSchedule",
                "arn:aws:scheduler:*:*:schedule/default/webshop-*",
            ),
            ("sqs:PurgeQueue", "arn:aws:sqs:*:*:webshop-*"),
            (
                "iam:PutRolePolicy",
                "arn:aws:iam::*:role/service-role/webshop-*",
            ),
        ] {
            assert!(!gives(&inventory(), action, on), "{action} on {on}");
        }
    }
}
