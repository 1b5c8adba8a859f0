//! Access points, as S3 Control's calls are logged.

use serde_json::Value;

use super::write_xml;

/// Method, target and body of a call about an access point.
pub(super) fn call(name: &str, asked: &Value) -> Option<(String, String)> {
    let point = asked["name"].as_str()?;
    let place = format!("/v20180820/accesspoint/{point}");
    let (verb, place) = match name {
        "CreateAccessPoint" => ("PUT", place),
        "DeleteAccessPoint" => ("DELETE", place),
        "PutAccessPointPolicy" => ("PUT", format!("{place}/policy")),
        "DeleteAccessPointPolicy" => ("DELETE", format!("{place}/policy")),
        _ => return None,
    };
    let mut body = String::new();
    let request = format!("{name}Request");
    if let Some(value) = asked.get(&request) {
        write_xml(&request, value, &mut body);
    }
    Some((format!("{verb} {place}"), body))
}
