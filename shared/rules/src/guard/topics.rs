//! Rules of topics: Auditward's own, those that trails deliver to, and any that
//! is opened to strangers.

use auditward_policy::{Kind, Tri};

use super::letting::{Subject, Wrote, granted, opened, outsiders, weakened, written};
use crate::arn::{Arn, glob};
use crate::facet::{At, Step};
use crate::facets::guarded::PolicyWish;
use crate::facets::kept::AsRecorded;
use crate::facets::made::Gone;
use crate::facets::topic::attributes;
use crate::facets::topic::{
    SubscriptionSettings, TopicPolicy, TopicPublishers, TopicSettings, TopicSubscription,
};
use crate::rule::{Call, Draft, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

const SNS: &str = "sns.amazonaws.com";

/// Where Amazon Q Developer in chat applications (once AWS Chatbot) has itself
/// told; it takes part in no chat but those of the topic's own account.
const CHAT: &str = "https://global.sns-api.chatbot.amazonaws.com";

/// Rows 244 and 245 of `events/TABLE.md`.
pub static POLICY_OPENED: Rule = Rule {
    id: "topic.policy-opened",
    title: "Topic opened to strangers",
    severity: Severity::Medium,
    why: "whoever may subscribe to a topic reads what is told there, and whoever may publish tells what he likes",
    controls: &["CIS Controls v8: 3.3", "ATT&CK T1530"],
    rows: &[244, 245],
    watches: &[Watch {
        source: SNS,
        names: &["AddPermission", "SetTopicAttributes"],
    }],
    scope: Scope::Any,
    revert: Revert::Live,
    deployers_accepted: false,
    facets: &["topic-policy"],
    proof: Proof::Moto,
    judge: |call| match subject(call, "topicArn") {
        None => call.unnamed(),
        Some(topic) => match wrote(call, &topic) {
            None => Judged::Clean,
            Some(wrote) => opened::<TopicPolicy>(call, &topic, wrote),
        },
    },
    ..Rule::TELLS
};

/// Rows 244 and 246 of `events/TABLE.md`.
pub static POLICY_WEAKENED: Rule = Rule {
    id: "topic.policy-weakened",
    title: "Topic closed to those who publish",
    severity: Severity::High,
    why: "a topic to which Auditward, its alarms or CloudTrail may not publish tells nobody anything",
    controls: &["ATT&CK T1562.001", "ATT&CK T1562.008"],
    rows: &[244, 246],
    watches: &[Watch {
        source: SNS,
        names: &["RemovePermission", "SetTopicAttributes"],
    }],
    revert: Revert::Baseline,
    facets: &["topic-policy", "topic-publishers"],
    proof: Proof::Moto,
    judge: |call| {
        let topic = match guarded(call, "topicArn") {
            Ok(topic) => topic,
            // That the record does not name the topic is another rule's finding.
            Err(_) if call.record.plain_name() == "SetTopicAttributes" => return Judged::Clean,
            Err(judged) => return judged,
        };
        if call.record.plain_name() == "RemovePermission" {
            return lost(call, &topic);
        }
        match wrote(call, &topic) {
            None => Judged::Clean,
            Some(wrote) => weakened::<TopicPolicy, TopicPublishers>(call, &topic, wrote),
        }
    },
    ..Rule::TELLS
};

/// Row 244 of `events/TABLE.md`.
pub static SETTINGS_CHANGED: Rule = Rule {
    id: "topic.settings-changed",
    title: "Key or delivery of a guarded topic changed",
    severity: Severity::High,
    why: "a topic under a key that Auditward may not use, or that gives up at the first failure, tells nobody anything",
    controls: &["ATT&CK T1562.001"],
    rows: &[244],
    watches: &[Watch {
        source: SNS,
        names: &["SetTopicAttributes"],
    }],
    revert: Revert::Baseline,
    facets: &["topic-settings"],
    proof: Proof::Moto,
    judge: |call| {
        let Ok(topic) = guarded(call, "topicArn") else {
            return Judged::Clean;
        };
        let Some(name) = counts(call, attributes::TopicSettings::NAMES) else {
            return Judged::Clean;
        };
        let step = Step::<TopicSettings>::new(topic.at.clone(), AsRecorded::Baseline);
        let summary = format!("attribute {name} of {} was set", topic.called());
        Draft::new(topic.at.resource, summary)
            .step(step)
            .if_live_agrees()
            .into()
    },
    ..Rule::TELLS
};

/// Row 243 of `events/TABLE.md`.
pub static DELETED: Rule = Rule {
    id: "topic.deleted",
    title: "Guarded topic deleted",
    severity: Severity::Critical,
    why: "with its topic Auditward loses everybody whom it tells; people must subscribe anew",
    controls: &["ATT&CK T1562.001", "ATT&CK T1485"],
    rows: &[243],
    watches: &[Watch {
        source: SNS,
        names: &["DeleteTopic"],
    }],
    deployers_accepted: false,
    judge: |call| {
        told(
            call,
            "was deleted, with all its subscriptions; deploy the stack again, and subscribe again",
        )
    },
    ..Rule::TELLS
};

/// Row 247 of `events/TABLE.md`.
pub static SUBSCRIBED: Rule = Rule {
    id: "subscription.made",
    title: "Stranger subscribed to a guarded topic",
    severity: Severity::High,
    why: "alerts and trail notices say what is guarded, how, and what was found: nothing for a stranger",
    controls: &["ATT&CK T1567", "ATT&CK T1114"],
    rows: &[247],
    watches: &[Watch {
        source: SNS,
        names: &["Subscribe"],
    }],
    revert: Revert::Event,
    facets: &["topic-subscription"],
    proof: Proof::Moto,
    judge: subscribed,
    ..Rule::TELLS
};

/// Row 248 of `events/TABLE.md`.
pub static UNSUBSCRIBED: Rule = Rule {
    id: "subscription.removed",
    title: "Subscription to a guarded topic removed",
    severity: Severity::Low,
    why: "somebody is no longer told; whether anybody still is, only the list of subscriptions says",
    controls: &["ATT&CK T1562.001"],
    rows: &[248],
    watches: &[Watch {
        source: SNS,
        names: &["Unsubscribe"],
    }],
    judge: |call| match subscription(call) {
        Err(judged) => judged,
        Ok((topic, _)) => {
            let summary = format!("a subscription to {} was removed", topic.called());
            Draft::new(topic.at.resource, summary).into()
        }
    },
    ..Rule::TELLS
};

/// Row 249 of `events/TABLE.md`.
pub static FILTERED: Rule = Rule {
    id: "subscription.filtered",
    title: "Subscription to a guarded topic muted",
    severity: Severity::High,
    why: "a filter that nothing passes, or no place for what failed, drops alerts in silence",
    controls: &["ATT&CK T1562.001"],
    rows: &[249],
    watches: &[Watch {
        source: SNS,
        names: &["SetSubscriptionAttributes"],
    }],
    revert: Revert::Baseline,
    facets: &["subscription-settings"],
    proof: Proof::Moto,
    judge: |call| {
        let (topic, arn) = match subscription(call) {
            Ok(found) => found,
            Err(judged) => return judged,
        };
        let Some(name) = counts(call, attributes::SubscriptionSettings::NAMES) else {
            return Judged::Clean;
        };
        let At {
            account, region, ..
        } = topic.at.clone();
        let at = At::new(account, region, arn);
        let step = Step::<SubscriptionSettings>::new(at, AsRecorded::Baseline);
        let summary = format!("{name} of a subscription to {} was set", topic.called());
        Draft::new(topic.at.resource, summary)
            .step(step)
            .if_live_agrees()
            .into()
    },
    ..Rule::TELLS
};

/// Row 250 of `events/TABLE.md`.
pub static DATA_PROTECTION: Rule = Rule {
    id: "topic.data-protected",
    title: "Messages of a guarded topic blocked",
    severity: Severity::Low,
    why: "a data protection policy that denies or masks what looks like personal data drops or spoils alerts",
    controls: &["ATT&CK T1562.001"],
    rows: &[250],
    watches: &[Watch {
        source: SNS,
        names: &["PutDataProtectionPolicy"],
    }],
    judge: |call| {
        let topic = match guarded(call, "resourceArn") {
            Ok(topic) => topic,
            Err(judged) => return judged,
        };
        let called = topic.called();
        let Some(blocks) = blocks(call) else {
            let summary = format!(
                "the data protection policy of {called} was replaced, and the record does not say by which"
            );
            return Judged::CannotTell(Draft::new(topic.at.resource, summary));
        };
        if !blocks {
            return Judged::Clean;
        }
        let summary = format!("a data protection policy of {called} blocks or masks messages");
        Draft::new(topic.at.resource, summary).into()
    },
    ..Rule::TELLS
};

/// Row 251 of `events/TABLE.md`.
pub static CREATED_OPEN: Rule = Rule {
    id: "topic.created-open",
    title: "Topic created open to strangers",
    severity: Severity::Medium,
    why: "whoever may subscribe to a topic reads what is told there, and whoever may publish tells what he likes",
    controls: &["CIS Controls v8: 3.3", "ATT&CK T1530"],
    rows: &[251],
    watches: &[Watch {
        source: SNS,
        names: &["CreateTopic"],
    }],
    scope: Scope::Any,
    deployers_accepted: false,
    judge: |call| {
        let Some(at) = call.named("name", "sns", "") else {
            return call.unnamed();
        };
        let topic = topic(at);
        let request = call.request();
        let Some(policy) = request.and_then(|request| request.path(&["attributes", "Policy"]))
        else {
            return Judged::Clean;
        };
        let called = topic.called();
        let Wrote::Whole(document) = written(Some(policy)) else {
            let summary =
                format!("{called} was created with a policy that the record does not show");
            return Judged::CannotTell(Draft::new(topic.at.resource, summary));
        };
        match outsiders(call, &topic, &document) {
            None => Judged::Clean,
            Some((says, _)) => {
                let summary = format!("{called} was created with a policy that {says}");
                Draft::new(topic.at.resource, summary).into()
            }
        }
    },
    ..Rule::TELLS
};

fn topic(at: At) -> Subject {
    Subject {
        at,
        kind: Kind::Topic,
        action: "sns:Publish",
    }
}

fn subject(call: &Call<'_>, parameter: &str) -> Option<Subject> {
    call.named(parameter, "sns", "").map(topic)
}

fn guarded(call: &Call<'_>, parameter: &str) -> Result<Subject, Judged> {
    call.guarded(call.named(parameter, "sns", "")).map(topic)
}

/// The guarded topic of a subscription, and the subscription's ARN.
fn subscription(call: &Call<'_>) -> Result<(Subject, String), Judged> {
    let arn = call
        .shown("subscriptionArn")
        .ok_or_else(|| call.unnamed())?;
    let topic_arn = arn.rsplit_once(':').map_or("", |(topic, _)| topic);
    let of_topic = Arn::parse(topic_arn).map(|one| At::new(one.account, one.region, topic_arn));
    let found = call.guarded(of_topic).map(topic)?;
    Ok((found, arn.into_owned()))
}

fn told(call: &Call<'_>, what: &str) -> Judged {
    match guarded(call, "topicArn") {
        Err(judged) => judged,
        Ok(topic) => {
            let summary = format!("{} {what}", topic.called());
            Draft::new(topic.at.resource, summary).into()
        }
    }
}

/// What a call wrote of a topic's policy; `None`: it is about something else.
fn wrote(call: &Call<'_>, topic: &Subject) -> Option<Wrote> {
    if call.record.plain_name() == "AddPermission" {
        return Some(granted(call, topic, "aWSAccountId", "actionName"));
    }
    match call.shown("attributeName").as_deref() {
        None => Some(Wrote::Unknown),
        Some("Policy") => {
            let policy = call.request()?.get("attributeValue");
            // SNS never has a topic without a policy.
            Some(match written(policy) {
                Wrote::Nothing => Wrote::Unknown,
                other => other,
            })
        }
        Some(_) => None,
    }
}

/// The attribute that a call set, where it is among these.
fn counts(call: &Call<'_>, names: &[&str]) -> Option<String> {
    let name = call.shown("attributeName")?;
    names.contains(&name.as_ref()).then(|| name.into_owned())
}

/// A statement was taken out. Grants to principals are left to their owners;
/// what services need comes back.
fn lost(call: &Call<'_>, topic: &Subject) -> Judged {
    let label = call.shown("label").unwrap_or("?".into());
    let wish = PolicyWish {
        restore: true,
        ..PolicyWish::default()
    };
    let step = Step::<TopicPolicy>::new(topic.at.clone(), wish);
    let summary = format!(
        "statement `{label}` was taken out of the policy of {}",
        topic.called()
    );
    Draft::new(&topic.at.resource, summary).step(step).into()
}

/// Whether a data protection policy does more than audit.
fn blocks(call: &Call<'_>) -> Option<bool> {
    let policy = call.request()?.get("dataProtectionPolicy")?;
    let text = if policy.is_object() {
        policy.text().into()
    } else {
        policy.scalar()?
    };
    let policy: serde_json::Value = serde_json::from_str(&text).ok()?;
    let statements = policy.get("Statement")?;
    let does = |statement: &serde_json::Value| {
        let operation = statement.get("Operation");
        ["Deny", "Deidentify"]
            .iter()
            .any(|what| operation.is_some_and(|operation| operation.get(what).is_some()))
    };
    Some(match statements.as_array() {
        Some(all) => all.iter().any(does),
        None => does(statements),
    })
}

fn subscribed(call: &Call<'_>) -> Judged {
    let topic = match guarded(call, "topicArn") {
        Ok(topic) => topic,
        Err(judged) => return judged,
    };
    let protocol = call.shown("protocol").unwrap_or("?".into());
    let endpoint = call.shown("endpoint");
    let called = topic.called();
    let draft = |who: &str| Draft::new(&topic.at.resource, format!("{who} subscribed to {called}"));
    let expected = &call.settings.alerts.subscribers;
    let Some(endpoint) = endpoint else {
        // Of these there is none that is ours without being listed.
        let nobody = matches!(
            protocol.as_ref(),
            "email" | "email-json" | "sms" | "http" | "https"
        );
        let draft = draft(&format!(
            "somebody whom the record does not name ({protocol})"
        ));
        return if nobody && expected.is_empty() {
            step(call, &topic, draft).into()
        } else {
            Judged::CannotTell(draft)
        };
    };
    if endpoint == CHAT || expected.iter().any(|pattern| glob(pattern, &endpoint)) {
        return Judged::Clean;
    }
    let who = format!("{endpoint} ({protocol})");
    let owner = Arn::parse(&endpoint).map(|arn| arn.account.to_owned());
    let owner = owner.filter(|_| !matches!(protocol.as_ref(), "http" | "https" | "email" | "sms"));
    let partner = |account: &str| {
        call.settings
            .partners
            .iter()
            .any(|one| one.account == account)
    };
    match owner {
        Some(account) if partner(&account) => Judged::Clean,
        Some(account) => match call.is_ours(&account) {
            Tri::Yes => Judged::Clean,
            Tri::CannotTell => Judged::CannotTell(draft(&who)),
            Tri::No => step(call, &topic, draft(&who)).into(),
        },
        None => step(call, &topic, draft(&who)).into(),
    }
}

/// What waits for its confirmation has no ARN yet, and nothing to remove.
fn step(call: &Call<'_>, topic: &Subject, draft: Draft) -> Draft {
    let made = call
        .record
        .response()
        .and_then(|response| response.string("subscriptionArn"))
        .filter(|arn| Arn::parse(arn).is_some());
    match made {
        None => draft,
        Some(arn) => {
            let gone = Gone { at: call.time() };
            draft.step(Step::<TopicSubscription>::new(
                topic.at.clone().item(arn),
                gone,
            ))
        }
    }
}
