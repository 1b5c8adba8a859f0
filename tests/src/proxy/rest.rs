//! Services that have no action on the wire: it is method and path.

/// The action of a request to Lambda or EventBridge Scheduler.
pub fn action(service: &str, method: &str, target: &str) -> Option<String> {
    let path = target.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    // Behind the version of the API.
    let parts: &[&str] = match service {
        "lambda" => parts.get(1..)?,
        "scheduler" => &parts,
        _ => return None,
    };
    let (noun, listed, one) = match parts {
        ["functions"] => ("Function", true, false),
        ["functions", _, "concurrency"] => ("FunctionConcurrency", false, true),
        ["functions", _, "url"] => ("FunctionUrlConfig", false, method != "POST"),
        ["functions", _, "event-invoke-config"] => ("FunctionEventInvokeConfig", false, true),
        ["functions", _, "policy"] if method == "GET" => ("Policy", false, true),
        ["functions", _, "policy"] => return Some("AddPermission".into()),
        ["functions", _, "policy", _] => return Some("RemovePermission".into()),
        ["functions", _, "aliases"] => ("Alias", true, false),
        ["functions", _, "aliases", _] => ("Alias", false, true),
        ["event-source-mappings"] => ("EventSourceMapping", true, false),
        ["event-source-mappings", _] => ("EventSourceMapping", false, true),
        ["schedules"] => ("Schedule", true, false),
        ["schedules", _] => ("Schedule", false, method != "POST"),
        _ => return None,
    };
    let puts = matches!(noun, "FunctionConcurrency" | "FunctionEventInvokeConfig");
    Some(match (method, one) {
        ("GET", _) if listed && noun == "Alias" => "ListAliases".into(),
        ("GET", _) if listed => format!("List{noun}s"),
        ("GET", _) => format!("Get{noun}"),
        ("DELETE", _) => format!("Delete{noun}"),
        ("PUT", true) if puts => format!("Put{noun}"),
        (_, true) => format!("Update{noun}"),
        _ => format!("Create{noun}"),
    })
}

#[cfg(test)]
mod tests {
    use super::action;

    #[test]
    fn actions_are_read_from_method_and_path() {
        for (start, expected) in [
            ("GET /2015-03-31/functions/", "ListFunctions"),
            (
                "GET /2019-09-30/functions/f/concurrency",
                "GetFunctionConcurrency",
            ),
            (
                "PUT /2017-10-31/functions/f/concurrency",
                "PutFunctionConcurrency",
            ),
            (
                "DELETE /2017-10-31/functions/f/concurrency",
                "DeleteFunctionConcurrency",
            ),
            (
                "PUT /2021-10-31/functions/f/url?Qualifier=live",
                "UpdateFunctionUrlConfig",
            ),
            ("GET /2015-03-31/functions/f/policy", "GetPolicy"),
            ("POST /2015-03-31/functions/f/policy", "AddPermission"),
            (
                "DELETE /2015-03-31/functions/f/policy/sid",
                "RemovePermission",
            ),
            ("GET /2015-03-31/functions/f/aliases", "ListAliases"),
            ("POST /2015-03-31/functions/f/aliases", "CreateAlias"),
            ("PUT /2015-03-31/functions/f/aliases/live", "UpdateAlias"),
            (
                "GET /2015-03-31/event-source-mappings?FunctionName=f",
                "ListEventSourceMappings",
            ),
            (
                "POST /2015-03-31/event-source-mappings",
                "CreateEventSourceMapping",
            ),
            (
                "PUT /2015-03-31/event-source-mappings/id",
                "UpdateEventSourceMapping",
            ),
            (
                "PUT /2019-09-25/functions/f/event-invoke-config",
                "PutFunctionEventInvokeConfig",
            ),
        ] {
            let (method, target) = start.split_once(' ').unwrap();
            assert_eq!(
                action("lambda", method, target).as_deref(),
                Some(expected),
                "{start}"
            );
        }
        for (start, expected) in [
            ("GET /schedules", "ListSchedules"),
            ("GET /schedules/s?groupName=default", "GetSchedule"),
            ("POST /schedules/s", "CreateSchedule"),
            ("PUT /schedules/s", "UpdateSchedule"),
        ] {
            let (method, target) = start.split_once(' ').unwrap();
            assert_eq!(
                action("scheduler", method, target).as_deref(),
                Some(expected),
                "{start}"
            );
        }
        assert_eq!(action("iam", "POST", "/"), None);
    }
}
