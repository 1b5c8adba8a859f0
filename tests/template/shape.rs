//! How the functions are deployed, and what stands around them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;

use auditward_rules::arn::{glob, lead_region, partition_of};
use auditward_rules::inventory::Inventory;
use auditward_rules::rule::Function;
use auditward_rules::settings::Settings;
use auditward_runtime::serve::Environment;
use auditward_tests::binaries::root;
use auditward_tests::stack::{Deployed, Stack, arn_of, list, reference, target, texts};
use serde_json::{Value, json};

use super::{Faults, differences, each_function, queue_of, unlike};

/// How a function is built, run and named.
pub fn settings(stack: &Stack) -> Faults {
    let check = |function: Function, deployed: Deployed| {
        let name = function.name();
        let properties = &deployed.properties;
        let manifest = fs::read_to_string(root().join("functions").join(name).join("Cargo.toml"));
        assert!(
            manifest.unwrap().contains(&format!("name = \"{name}\"")),
            "the binary {name}"
        );
        let mut faults = unlike(
            name,
            "BuildMethod",
            &json!("rust-cargolambda"),
            &deployed.resource["Metadata"]["BuildMethod"],
        );
        for (property, expected) in [
            ("Runtime", json!("provided.al2023")),
            ("Handler", json!("bootstrap")),
            ("Architectures", json!(["arm64"])),
            ("Tracing", json!("Active")),
            (
                "ReservedConcurrentExecutions",
                json!({"Fn::If": ["ReservesConcurrency", reference("ReservedConcurrency"), reference("AWS::NoValue")]}),
            ),
            (
                "FunctionName",
                json!({"Fn::Sub": format!("${{AWS::StackName}}-{name}")}),
            ),
        ] {
            faults.extend(unlike(name, property, &expected, &properties[property]));
        }
        let log = stack.resource(target(&properties["LoggingConfig"]["LogGroup"]));
        let days = &log["Properties"]["RetentionInDays"];
        faults.extend(unlike(
            name,
            "retention",
            &reference("LogRetentionDays"),
            days,
        ));
        // Events of IAM and Organizations arrive in one region only; elsewhere
        // their functions are left out.
        let condition = match function {
            Function::RoleGuard | Function::OrganizationGuard => json!("GuardsRoles"),
            _ => Value::Null,
        };
        let queue = queue_of(&deployed);
        let log = target(&properties["LoggingConfig"]["LogGroup"]);
        for id in [deployed.id.as_str(), &deployed.role, queue, log] {
            faults.extend(unlike(
                id,
                "Condition",
                &condition,
                &stack.resource(id)["Condition"],
            ));
        }
        faults
    };
    let mut faults = each_function(check, stack);
    let deployed = stack
        .functions()
        .map(|one| one.properties["CodeUri"].as_str().unwrap().to_owned());
    let all = Function::ALL.map(|function| format!("functions/{}", function.name()));
    faults.extend(differences("stack", &all.into(), &deployed.collect()));
    faults
}

/// What cannot be delivered or done is kept, and somebody is told of it.
pub fn failures(stack: &Stack) -> Faults {
    let check = |function: Function, deployed: Deployed| {
        let name = function.name();
        let properties = &deployed.properties;
        let kept = json!({"OnFailure": {"Type": "SQS", "Destination": arn_of("Failed")}});
        let found = &properties["EventInvokeConfig"]["DestinationConfig"];
        let mut faults = unlike(name, "DestinationConfig", &kept, found);
        let schedules = ["Pulse", "Sweep"].map(|id| {
            let event = &deployed.properties["Events"][id];
            (id, &event["Properties"])
        });
        for (id, properties) in deployed.rules().chain(schedules) {
            let undelivered = json!({"Arn": arn_of("Undelivered")});
            let what = format!("DeadLetterConfig of {id}");
            faults.extend(unlike(
                name,
                &what,
                &undelivered,
                &properties["DeadLetterConfig"],
            ));
        }
        for (id, properties) in schedules {
            let what = format!("the role of {id}");
            let role = arn_of("Schedules");
            faults.extend(unlike(name, &what, &role, &properties["RoleArn"]));
        }
        let id = queue_of(&deployed);
        let queue = &stack.resource(id)["Properties"];
        let letters = &queue["RedrivePolicy"]["deadLetterTargetArn"];
        faults.extend(unlike(
            name,
            "the queue's dead letters",
            &arn_of("Failed"),
            letters,
        ));
        // By this name, `auditward undo` finds it.
        let called = json!({"Fn::Sub": format!("${{AWS::StackName}}-{name}")});
        faults.extend(unlike(
            name,
            "the queue's name",
            &called,
            &queue["QueueName"],
        ));
        let timeout = properties["Timeout"].as_u64().expect("a timeout");
        let patience = json!(6 * timeout);
        faults.extend(unlike(
            name,
            "VisibilityTimeout",
            &patience,
            &queue["VisibilityTimeout"],
        ));
        // A sweep of thousands of accounts leaves half of the function to events.
        let half = json!({"MaximumConcurrency": 10});
        let again = json!({"Queue": arn_of(id), "BatchSize": 1, "ScalingConfig": half});
        let again = json!({"Type": "SQS", "Properties": again});
        faults.extend(unlike(
            name,
            "Again",
            &again,
            &properties["Events"]["Again"],
        ));
        faults
    };
    let mut faults = each_function(check, stack);
    for queue in ["Undelivered", "Failed"] {
        let told = stack.of_type("AWS::CloudWatch::Alarm").any(|(_, alarm)| {
            let properties = &alarm["Properties"];
            target(&properties["Dimensions"][0]["Value"]) == queue
                && list(&properties["AlarmActions"]).contains(&reference("AlertTopic"))
        });
        faults.extend((!told).then(|| format!("{queue}: nobody is told of dead letters")));
    }
    faults
}

/// Each function looks by itself, and somebody is told when one does not.
pub fn looks(stack: &Stack) -> Faults {
    let mut faults = each_function(
        |function, deployed| {
            let name = function.name();
            let look = |id: &str, every: &str| {
                let event = &deployed.properties["Events"][id];
                let asked = json!({"auditward": id.to_lowercase()}).to_string();
                // By its name self-guard knows a schedule as Auditward's own.
                let named = format!("${{AWS::StackName}}-{name}-{}", id.to_lowercase());
                let found = json!([
                    event["Type"],
                    event["Properties"]["Name"],
                    event["Properties"]["ScheduleExpression"],
                    event["Properties"]["Input"]
                ]);
                let expected = json!(["ScheduleV2", {"Fn::Sub": named}, every, asked]);
                unlike(name, id, &expected, &found)
            };
            [
                look("Pulse", "rate(1 minute)"),
                look("Sweep", "rate(1 hour)"),
            ]
            .concat()
        },
        stack,
    );
    for function in Function::ALL {
        let alarm = format!("{function:?}Silent");
        let found = &stack.resource(&alarm)["Properties"];
        let heard = json!([
            found["MetricName"],
            found["Dimensions"][0]["Value"],
            found["TreatMissingData"],
            found["AlarmActions"],
        ]);
        let expected = json!([
            "Heartbeats",
            function.name(),
            "breaching",
            [reference("AlertTopic")],
        ]);
        faults.extend(unlike(&alarm, "what it hears", &expected, &heard));
    }
    faults
}

/// Nothing of what Auditward keeps can be read without its key.
pub fn encryption(stack: &Stack) -> Faults {
    let key = reference("Key");
    let table = json!({"SSEEnabled": true, "SSEType": "KMS", "KMSMasterKeyId": key});
    let kinds = [
        ("AWS::SQS::Queue", "KmsMasterKeyId", &key),
        ("AWS::SNS::Topic", "KmsMasterKeyId", &key),
        ("AWS::DynamoDB::Table", "SSESpecification", &table),
    ];
    let mut faults = unlike(
        "Key",
        "EnableKeyRotation",
        &json!(true),
        &stack.resource("Key")["Properties"]["EnableKeyRotation"],
    );
    for (kind, property, expected) in kinds {
        let mut all = stack.of_type(kind).peekable();
        assert!(all.peek().is_some(), "the stack has a {kind}");
        faults.extend(
            all.flat_map(|(id, one)| unlike(id, property, expected, &one["Properties"][property])),
        );
    }
    faults
}

/// What a function reads of its environment is what the stack sets, with the
/// values that it means.
#[test]
fn functions_find_what_they_need_in_their_environment() {
    let stack = Stack::read();
    for function in Function::ALL {
        let deployed = stack.function(function.name());
        let variables = deployed.properties["Environment"]["Variables"]
            .as_object()
            .unwrap();
        let asked = RefCell::new(BTreeSet::new());
        let value = |name: &str| {
            asked.borrow_mut().insert(name.to_owned());
            // Lambda itself sets this one.
            if name == "AWS_REGION" {
                return Some("eu-west-1".to_owned());
            }
            let variable = variables.get(name)?;
            if let Some(all) = variable["Fn::Join"][1].as_array() {
                // What stands there under a condition alone is its second of three.
                let always = |one: &Value| target(&one["Fn::If"][1]).to_owned();
                let named = all.iter().map(|one| match target(one) {
                    "" => always(one),
                    named => named.to_owned(),
                });
                let named: Vec<_> = named.collect();
                return Some(named.join(","));
            }
            let named = target(variable);
            let default = stack.0["Parameters"][named]["Default"].as_str();
            Some(default.unwrap_or(named).to_owned())
        };
        let environment = Environment::read(value).unwrap();
        assert_eq!(environment.table, "Table");
        assert_eq!(environment.topic, "AlertTopic");
        assert_eq!(environment.chat.as_deref(), Some("ChatTopic"));
        assert_eq!(
            stack.resource(&environment.queue)["Type"],
            "AWS::SQS::Queue"
        );
        assert_eq!(environment.home.member_role, "auditward-member");
        let drives = function == Function::SelfGuard;
        let expected: &[&str] = if drives {
            &["Failed", "Undelivered"]
        } else {
            &[]
        };
        assert_eq!(environment.dead, expected);
        let roles: Vec<_> = Function::ALL
            .map(|all| stack.function(all.name()).role)
            .into();
        let said: Vec<_> = environment.functions.iter().collect();
        let same: BTreeSet<_> = roles.iter().collect();
        assert_eq!(said.into_iter().collect::<BTreeSet<_>>(), same);
        let mut asked = asked.into_inner();
        assert!(asked.remove("AWS_REGION"));
        if !drives {
            asked.remove("AUDITWARD_DEAD_LETTER_QUEUE_URLS");
        }
        let set = variables.keys().cloned().collect();
        assert_eq!(differences(function.name(), &asked, &set), Faults::new());
    }
}

#[test]
fn the_table_is_as_the_store_uses_it() {
    let table = &Stack::read().resource("Table")["Properties"];
    assert_eq!(
        table["KeySchema"],
        json!([{"AttributeName": "key", "KeyType": "HASH"}])
    );
    let index = &table["GlobalSecondaryIndexes"][0];
    assert_eq!(index["IndexName"], "by-time");
    let keys: Vec<_> = list(&index["KeySchema"])
        .iter()
        .map(|key| key["AttributeName"].clone())
        .collect();
    assert_eq!(keys, ["list", "at"]);
    let expires = json!({"AttributeName": "expires", "Enabled": true});
    assert_eq!(table["TimeToLiveSpecification"], expires);
}

/// What is kept for each function is more than the messages of its own queue take; or
/// nothing, where an account has little.
#[test]
fn concurrency_is_reserved_unless_an_account_has_too_little() {
    let stack = Stack::read();
    let parameter = &stack.0["Parameters"]["ReservedConcurrency"];
    let allowed: Vec<_> = list(&parameter["AllowedValues"])
        .iter()
        .map(|number| number.as_u64().unwrap())
        .collect();
    assert!(
        allowed.iter().all(|number| *number == 0 || *number >= 20),
        "{allowed:?}"
    );
    assert!(allowed.contains(&0) && parameter["Default"] == 20);
    let nothing = json!({"Fn::Equals": [reference("ReservedConcurrency"), 0]});
    let reserves = &stack.0["Conditions"]["ReservesConcurrency"];
    assert_eq!(*reserves, json!({"Fn::Not": [nothing]}));
}

#[test]
fn role_guard_stands_in_a_lead_region_or_says_why_not() {
    let rule = &Stack::read().0["Rules"]["RoleGuardInLeadRegion"];
    let asked = json!({"Fn::Equals": [reference("WithRoleGuard"), "yes"]});
    assert_eq!(rule["RuleCondition"], asked);
    assert_eq!(Stack::read().0["Conditions"]["GuardsRoles"], asked);
    let assertion = &rule["Assertions"][0];
    let sentence = assertion["AssertDescription"].as_str().unwrap();
    assert!(
        sentence.starts_with("role-guard must stand where IAM's events arrive"),
        "{sentence}"
    );
    let contains = &assertion["Assert"]["Fn::Contains"];
    assert_eq!(contains[1], reference("AWS::Region"));
    let allowed: BTreeSet<_> = texts(&contains[0]).into_iter().collect();
    let partitions = [
        "aws",
        "aws-cn",
        "aws-us-gov",
        "aws-iso",
        "aws-iso-b",
        "aws-iso-e",
        "aws-iso-f",
        "aws-eusc",
    ];
    let lead = partitions.map(|partition| lead_region(partition).to_owned());
    assert_eq!(allowed, lead.into());
    assert!(
        allowed
            .iter()
            .all(|region| lead_region(partition_of(region)) == region)
    );
}

/// The functions know their own roles by name, and so does the role in member
/// accounts, which lets nobody else in.
#[test]
fn roles_are_known_by_their_names() {
    let stack = Stack::read();
    let members = stack.members();
    let trust = &members.resource("Role")["Properties"]["AssumeRolePolicyDocument"];
    let [statement] = list(&trust["Statement"]).try_into().unwrap();
    let home = json!({"Fn::Sub": "arn:${AWS::Partition}:iam::${HomeAccount}:root"});
    assert_eq!(statement["Principal"], json!({"AWS": home}));
    let trusted = statement["Condition"]["ArnLike"]["aws:PrincipalArn"]["Fn::Sub"]
        .as_str()
        .unwrap();
    let trusted = trusted
        .replace("${AWS::Partition}", "aws")
        .replace("${HomeAccount}", "111111111111");

    let arn = |name: &str| format!("arn:aws:iam::111111111111:role/{name}");
    let guards = |role: &str| Settings::default().is_guard_role(role, &Inventory::default());
    for function in Function::ALL {
        let role = stack.function(function.name()).role;
        let name = stack.resource(&role)["Properties"]["RoleName"]["Fn::Sub"]
            .as_str()
            .unwrap();
        let role = arn(&name.replace("${AWS::Region}", "ap-southeast-99"));
        assert!(
            role.len() <= arn("").len() + 64,
            "IAM takes no longer names: {role}"
        );
        assert!(guards(&role) && glob(&trusted, &role), "{role}");
    }
    let member = arn(stack.0["Parameters"]["MemberRoleName"]["Default"]
        .as_str()
        .unwrap());
    assert!(guards(&member) && !glob(&trusted, &member), "{member}");
}

#[test]
fn outputs_are_what_people_and_the_command_need() {
    let outputs = &Stack::read().0["Outputs"];
    for name in ["Table", "AlertTopic"] {
        assert_eq!(outputs[name]["Value"], reference(name));
    }
    // The command takes the stack to be called as it is deployed by default.
    let samconfig = fs::read_to_string(root().join("samconfig.toml")).unwrap();
    assert!(
        samconfig.contains("stack_name = \"auditward\""),
        "{samconfig}"
    );
}
