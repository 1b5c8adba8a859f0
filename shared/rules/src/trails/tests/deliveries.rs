use super::*;

fn updated(switches: Option<Switches>) -> Judgement {
    let mut inventory = inventory();
    inventory.trails[0].switches = switches;
    let rest = format!(
        r#""requestParameters":{{"name":"org-trail","recursiveLogging":false}},"responseElements":{{"trailARN":"{TRAIL}","s3BucketName":"acme-org-trail-logs"}}"#
    );
    judged(
        &event("cloudtrail", "UpdateTrail", &rest),
        &settings(),
        &inventory,
    )
}

#[test]
fn a_trail_that_no_longer_logs_its_deliveries_is_weakened() {
    let judgement = updated(Some(Switches::default()));
    let finding = &judgement.findings[0];
    assert!(finding.certain && finding.summary.contains("deliveries"));
    let Plan::TrailConfig(step) = &finding.plan[0] else {
        panic!("{finding:?}")
    };
    assert_eq!(step.wish, TrailWish::Hold(vec![TrailField::Deliveries]));
    let wrote = step.wrote.clone().flatten().unwrap();
    assert_eq!(wrote.skips_deliveries, Some(true));
    // It may be repeated by whoever left them out all along.
    let skips_deliveries = true;
    let before = Switches {
        skips_deliveries,
        ..Switches::default()
    };
    assert_eq!(updated(Some(before)).verdict(), Verdict::Clean);
    assert!(!updated(None).findings[0].certain);
}

#[test]
fn what_a_deployer_does_not_speak_of_is_recorded_as_it_was() {
    let wrote = |skips: Option<bool>, asked: &str, answered: &str| {
        let mut inventory = inventory();
        inventory.trails[0].switches = skips.map(|skips_deliveries| Switches {
            skips_deliveries,
            ..Switches::default()
        });
        let rest = format!(
            r#""requestParameters":{{"name":"org-trail","s3BucketName":"elsewhere"{asked}}},"responseElements":{{"trailARN":"{TRAIL}","s3BucketName":"elsewhere"{answered}}}"#
        );
        let event = event("cloudtrail", "UpdateTrail", &rest);
        let judgement = judged(&event, &settings(), &inventory);
        let Plan::TrailConfig(step) = &judgement.findings[0].plan[0] else {
            panic!("{judgement:?}")
        };
        step.wrote.clone().flatten().unwrap().skips_deliveries
    };
    let (on, off) = (
        r#","recursiveLogging":true"#,
        r#","recursiveLogging":false"#,
    );
    assert_eq!(wrote(Some(true), "", ""), Some(true));
    assert_eq!(wrote(Some(false), "", ""), Some(false));
    assert_eq!(wrote(None, "", ""), None);
    assert_eq!(wrote(Some(true), on, ""), Some(false));
    assert_eq!(wrote(Some(true), "", on), Some(false));
    assert_eq!(wrote(None, "", off), Some(true));
}
