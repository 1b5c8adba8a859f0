use auditward_policy::*;
#[test]
fn shared_cases() {
    let text = std::fs::read_to_string(std::env::var("CASES").unwrap()).unwrap();
    let (mut bad, mut n) = (0, 0);
    for line in text.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let kind: Kind = case["kind"].as_str().unwrap().parse().unwrap();
        let mut zone = Zone::default();
        zone.accounts = case["trusted"]["accounts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| a.as_str().unwrap().to_owned())
            .collect();
        zone.org_id = case["trusted"]["org_id"].as_str().map(str::to_owned);
        let doc = Document::parse(&case["policy"].to_string()).unwrap();
        let a = analyze(&doc, kind, &zone);
        n += 1;
        let mut wrong = a.foreign.as_bool() != case["foreign"].as_bool();
        if let Some(d) = case["deputy"].as_str() {
            wrong |= serde_json::to_value(a.deputy).unwrap() != d;
        }
        if let Some(s) = case["statements"].as_array() {
            let got: Vec<u64> = a.admissions.iter().map(|a| a.index as u64).collect();
            let want: Vec<u64> = s.iter().map(|v| v.as_u64().unwrap()).collect();
            wrong |= got != want;
        }
        if wrong {
            bad += 1;
            println!(
                "WRONG {} want {} {} {} got {:?} {:?} {:?}",
                case["id"],
                case["foreign"],
                case["deputy"],
                case["statements"],
                a.foreign,
                a.deputy,
                a.admissions.iter().map(|a| a.index).collect::<Vec<_>>()
            );
        }
    }
    println!("{n} cases, {bad} wrong");
    assert_eq!(bad, 0);
}
