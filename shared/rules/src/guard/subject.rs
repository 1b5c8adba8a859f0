//! What a call on something of Auditward's own is about.

use crate::arn::Arn;
use crate::facet::At;
use crate::rule::{Call, Judged, is_shown};

/// Lambda's event source.
pub(super) const LAMBDA: &str = "lambda.amazonaws.com";
/// EventBridge's event source.
pub(super) const EVENTS: &str = "events.amazonaws.com";

/// Whether something is the guard's: Auditward's own by its name, or named in
/// the settings. Where it matters whom a call lets in, what is merely not known
/// to be somebody else's is not the guard's.
pub(super) fn is_guard(call: &Call<'_>, resource: &str) -> bool {
    call.settings.is_own(resource)
        || (call.settings.given && call.settings.protects(resource, call.inventory))
}

/// A function, and which version or alias of it.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    /// The function as a whole.
    pub at: At,
    /// The version or alias.
    pub qualifier: Option<String>,
}

impl Subject {
    /// The function that a call is about: as the request names it, by name or by
    /// ARN, with or without a version; else as the refusal does.
    pub fn of(call: &Call<'_>) -> Option<Self> {
        let asked = call.shown("functionName");
        let named = asked.as_deref().or_else(|| {
            call.refused("lambda")
                .filter(|arn| arn.contains(":function:"))
        })?;
        let mut subject = Self::named(call, named)?;
        if let Some(qualifier) = call.shown("qualifier") {
            subject.qualifier = Some(qualifier.into_owned());
        }
        Some(subject)
    }

    /// The function of this name or ARN.
    pub fn named(call: &Call<'_>, text: &str) -> Option<Self> {
        let here = call.account();
        let (account, region, name) = match Arn::parse(text) {
            Some(arn) => (
                arn.account,
                arn.region,
                arn.resource.strip_prefix("function:")?,
            ),
            None => match text.split_once(":function:") {
                Some((account, name)) => (account, &*call.record.region, name),
                None => (&*here, &*call.record.region, text),
            },
        };
        let (name, qualifier) = match name.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier.to_owned())),
            None => (name, None),
        };
        let partition = call.partition();
        let arn = format!("arn:{partition}:lambda:{region}:{account}:function:{name}");
        let at = At::new(account, region, arn);
        is_shown(name).then_some(Self { at, qualifier })
    }

    /// The function, where it is guarded; `Err` is the verdict otherwise.
    pub fn guarded(call: &Call<'_>) -> Result<Self, Judged> {
        let subject = Self::of(call);
        let at = subject.as_ref().map(|subject| subject.at.clone());
        call.guarded(at)?;
        subject.ok_or_else(|| call.unnamed())
    }

    /// The function, where it is the guard's; `Err` is the verdict otherwise.
    pub fn guards(call: &Call<'_>) -> Result<Self, Judged> {
        match Self::of(call) {
            None => Err(call.unnamed()),
            Some(subject) if is_guard(call, &subject.at.resource) => Ok(subject),
            Some(_) => Err(Judged::Clean),
        }
    }

    /// The function's name.
    pub fn name(&self) -> &str {
        self.at.name()
    }

    /// The version or alias itself, where the call is about one.
    pub fn qualified(&self) -> At {
        let mut at = self.at.clone();
        if let Some(qualifier) = &self.qualifier {
            at.resource = format!("{}:{qualifier}", at.resource);
        }
        at
    }
}

/// A rule of EventBridge, by the parameter that names it.
pub(super) fn rule_named(call: &Call<'_>, parameter: &str) -> Option<At> {
    let Some(name) = call.shown(parameter) else {
        let arn = call
            .refused("events")
            .filter(|arn| arn.contains(":rule/"))?;
        let parsed = Arn::parse(arn)?;
        return Some(At::new(parsed.account, parsed.region, arn));
    };
    let bus = bus_named(call, "eventBusName")?;
    let resource = match bus.name() {
        "default" => format!("rule/{name}"),
        bus => format!("rule/{bus}/{name}"),
    };
    let (partition, region, account) = (call.partition(), &bus.region, &bus.account);
    let arn = format!("arn:{partition}:events:{region}:{account}:{resource}");
    Some(At::new(account, region, arn))
}

/// An event bus, by the parameter that names it; the default one where none does.
pub(super) fn bus_named(call: &Call<'_>, parameter: &str) -> Option<At> {
    if call.request().is_none() {
        let arn = call
            .refused("events")
            .filter(|arn| arn.contains(":event-bus/"))?;
        let parsed = Arn::parse(arn)?;
        return Some(At::new(parsed.account, parsed.region, arn));
    }
    match call.parameter(parameter) {
        None => Some(call.here(call.arn("events", "event-bus/default"))),
        Some(_) => call.named(parameter, "events", "event-bus/"),
    }
}
