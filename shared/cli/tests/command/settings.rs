//! Settings: checked, shown, described.

use serde_json::Value;

use super::{STOPPED, auditward, folder, stderr, stdout};

#[test]
fn bad_settings_name_file_line_and_field() {
    let folder = folder("settings");
    let file = folder.join("auditward.toml");
    let bad = "[ours]\naccounts = [\"111111111111\", \"12\"]\n\n[mode.rules]\n\"trail.loging-stopped\" = \"enforce\"\n";
    std::fs::write(&file, bad).unwrap();
    let mut command = auditward(&["settings", "check", "auditward.toml"]);
    command.current_dir(&folder);
    insta::assert_snapshot!(stderr(&mut command));
    command.assert().code(1);

    std::fs::write(&file, "[ours]\naccounts = [\"111111111111\"]\nmod = 1\n").unwrap();
    insta::assert_snapshot!(stderr(&mut command));
    auditward(&["replay", "--settings", file.to_str().unwrap(), STOPPED])
        .assert()
        .code(2);
}

#[test]
fn the_example_of_settings_is_right() {
    let file = folder("example").join("auditward.toml");
    std::fs::write(&file, stdout(&mut auditward(&["settings", "example"]))).unwrap();
    auditward(&["settings", "check", file.to_str().unwrap()])
        .assert()
        .code(0);
}

#[test]
fn the_example_mentions_every_setting() {
    fn names(schema: &Value, found: &mut Vec<String>) {
        match schema {
            Value::Object(members) => {
                if let Some(Value::Object(properties)) = members.get("properties") {
                    found.extend(properties.keys().cloned());
                }
                members.values().for_each(|member| names(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| names(item, found)),
            _ => {}
        }
    }
    let schema = serde_json::from_str(&stdout(&mut auditward(&["settings", "schema"]))).unwrap();
    let example = stdout(&mut auditward(&["settings", "example"]));
    let mut wanted = Vec::new();
    names(&schema, &mut wanted);
    assert!(wanted.len() > 60, "{wanted:?}");
    let words: std::collections::BTreeSet<&str> = example
        .lines()
        .filter(|line| !line.starts_with("# "))
        .flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
        .collect();
    wanted.retain(|name| !words.contains(name.as_str()));
    assert_eq!(wanted, Vec::<String>::new());
}

#[test]
fn what_is_hardly_meant_is_told_and_is_no_fault() {
    let file = folder("doubts").join("auditward.toml");
    let text = "[ours]\naccounts = [\"111111111111\", \"111111111111\"]\n";
    std::fs::write(&file, text).unwrap();
    let mut command = auditward(&["settings", "check", file.to_str().unwrap()]);
    let said = stderr(&mut command);
    assert!(
        said.starts_with("beware ") && said.contains("line 2, column 29: ours.accounts"),
        "{said}"
    );
    command.assert().code(0);
}

#[test]
fn the_schema_of_settings_is_json() {
    let schema: Value =
        serde_json::from_str(&stdout(&mut auditward(&["settings", "schema"]))).unwrap();
    assert!(schema["properties"]["ours"].is_object());
}
