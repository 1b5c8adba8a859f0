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
    assert!(wrote.skips_deliveries, "{wrote:?}");
    // It may be repeated by whoever left them out all along.
    let skips_deliveries = true;
    let before = Switches {
        skips_deliveries,
        ..Switches::default()
    };
    assert_eq!(updated(Some(before)).verdict(), Verdict::Clean);
    assert!(!updated(None).findings[0].certain);
}
