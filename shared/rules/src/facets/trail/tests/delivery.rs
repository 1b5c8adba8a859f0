use super::*;

fn any_error() -> impl Strategy<Value = Option<String>> {
    proptest::option::of("AccessDenied|NoSuchBucket")
}

prop_compose! {
    fn any_errors()(
        files in any_error(), digests in any_error(), notifications in any_error(), log_group in any_error(),
    ) -> DeliveryErrors {
        DeliveryErrors { files, digests, notifications, log_group }
    }
}

proptest! {
    #[test]
    fn delivery_keeps_the_law(live in proptest::option::of(any_errors()), known in proptest::option::of(any_errors())) {
        keeps_the_law::<TrailDelivery>(&stage(), &live, &DeliveryWish::Delivers, Some(&known))?;
    }
}

#[test]
fn whatever_does_not_arrive_is_told_with_what_to_do() {
    let decide =
        |errors| TrailDelivery::decide(&errors, &DeliveryWish::Delivers, None, stage().scene());
    assert_eq!(decide(None), Decision::Safe);
    assert_eq!(decide(Some(DeliveryErrors::default())), Decision::Safe);
    let errors = DeliveryErrors {
        files: Some("AccessDenied".into()),
        digests: Some("NoSuchBucket".into()),
        ..DeliveryErrors::default()
    };
    let Decision::ByHand(why) = decide(Some(errors)) else {
        panic!("a person must look")
    };
    assert!(
        why.contains("log files (AccessDenied), digests (NoSuchBucket)"),
        "{why}"
    );
    assert_eq!(why.matches("see that the bucket").count(), 1, "{why}");
}
