use auditward_policy::*;
#[test]
fn show() {
    let text = std::fs::read_to_string(std::env::var("CASES").unwrap()).unwrap();
    let (mut w, mut n) = (0, 0);
    for line in text.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let kind: Kind = case["kind"].as_str().unwrap().parse().unwrap();
        let zone = Zone::new(
            case["trusted"]["accounts"]
                .as_array()
                .unwrap()
                .iter()
                .map(|a| a.as_str().unwrap().to_owned()),
            case["trusted"]["org_id"].as_str(),
        );
        let doc = Document::parse(&case["policy"].to_string()).unwrap();
        let a = analyze(&doc, kind, &zone);
        if let Foreign::CannotTell(why) = &a.foreign {
            println!("{} ?? {why}", case["id"]);
        }
        for ad in &a.admissions {
            if a.foreign == Foreign::Yes {
                n += 1;
                if ad.witness.is_some() {
                    w += 1
                }
            }
            println!(
                "{} {:?} {:?} {}\n    {:?}",
                case["id"],
                ad.kind,
                ad.principals,
                ad.why,
                ad.witness
                    .as_ref()
                    .map(|w| serde_json::to_string(w).unwrap())
            );
        }
        let nar = narrow(&doc, kind, &zone);
        let b = analyze(&nar.document, kind, &zone);
        if !b.admissions.is_empty() {
            println!("NARROW FAIL {} {}", case["id"], nar.document);
        }
        let again = narrow(&nar.document, kind, &zone);
        if again.changed {
            println!("NARROW TWICE {} {}", case["id"], nar.document);
        }
        if nar.changed {
            println!("    narrowed {} {:?}", nar.document, nar.removed);
        }
    }
    println!("{w}/{n} witnesses");
}
