//! What Auditward would do, as data: dry runs, cases, alerts and hands read the same plan.

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::facet::{At, Decision, Facet, Scene, Standing, Step};
use crate::facets::guard::{bus, function, rule, schedule};
use crate::facets::{
    alarm, anchor, bucket, key, logs, organization, policy, principal, queue, role, share, stack,
    store, table, topic, trail,
};

/// A recorded state as the facet's own type.
fn state_of<F: Facet>(state: &Value) -> Result<F::State, serde_json::Error> {
    F::State::deserialize(state)
}

/// A plan as it is kept. Wishes and states go through plain values, so that the
/// code for reading and writing them is there once a type and not once a facet:
/// a function carries all facets, and its size is its cold start.
#[derive(Serialize)]
struct Written<'a> {
    kind: &'a str,
    at: &'a At,
    wish: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    wrote: Option<Value>,
}

/// The same, as it is read.
#[derive(Deserialize)]
struct Read {
    kind: String,
    at: At,
    wish: Value,
    #[serde(default, deserialize_with = "present")]
    wrote: Option<Value>,
}

/// Absence is a state: a `null` that was stored is read as one.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// What was read, as a step on a facet.
fn step<F: Facet>(read: Read) -> Result<Step<F>, serde_json::Error> {
    Ok(Step {
        at: read.at,
        wish: F::Wish::deserialize(read.wish)?,
        wrote: read.wrote.map(F::State::deserialize).transpose()?,
    })
}

fn not_carried(kind: &str) -> String {
    format!("there is no facet `{kind}` in this build")
}

/// Declares the enum over all facets and what can be asked of any of them. Each
/// group of facets says which systems carry it: a function that is built for its
/// own system alone leaves out the code of all other facets.
macro_rules! plans {
    ($($carried:tt { $($variant:ident => $facet:ty,)+ })+) => {
        /// One step of what would be done: a facet, a resource and a wish.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Plan {
            $($(#[doc = concat!("A step on the facet [`", stringify!($facet), "`].")]
            $variant(Step<$facet>),)+)+
        }

        $($(impl From<Step<$facet>> for Plan {
            fn from(step: Step<$facet>) -> Self {
                Self::$variant(step)
            }
        })+)+

        /// Which facets this build carries, by the names of their plans.
        #[expect(non_upper_case_globals, reason = "named as the plans are")]
        pub mod carried {
            $($(#[doc = concat!("Whether this build carries [`", stringify!($facet), "`](super::Plan::", stringify!($variant), ").")]
            pub const $variant: bool = cfg! $carried;)+)+
        }

        impl Serialize for Plan {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let (wish, wrote) = match self {
                    $($(Self::$variant(step) if carried::$variant => (
                        serde_json::to_value(&step.wish),
                        step.wrote.as_ref().map(serde_json::to_value),
                    ),)+)+
                    _ => return Err(S::Error::custom(not_carried(self.kind()))),
                };
                let written = |value: Result<Value, _>| value.map_err(S::Error::custom);
                Written {
                    kind: self.kind(),
                    at: self.at(),
                    wish: written(wish)?,
                    wrote: wrote.map(written).transpose()?,
                }
                .serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for Plan {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let read = Read::deserialize(deserializer)?;
                $($(if carried::$variant && read.kind == <$facet as Facet>::KIND {
                    return step(read).map(Self::$variant).map_err(D::Error::custom);
                })+)+
                Err(D::Error::custom(not_carried(&read.kind)))
            }
        }

        impl Plan {
            /// The names of all facets.
            pub const KINDS: &'static [&'static str] = &[$($(<$facet as Facet>::KIND,)+)+];

            /// The facet's name.
            pub fn kind(&self) -> &'static str {
                match self { $($(Self::$variant(_) => <$facet as Facet>::KIND,)+)+ }
            }

            /// Whether it only follows up an earlier step; see [`Facet::FOLLOWS`].
            pub fn follows(&self) -> bool {
                match self { $($(Self::$variant(_) => <$facet as Facet>::FOLLOWS,)+)+ }
            }

            /// The resource.
            pub fn at(&self) -> &At {
                match self { $($(Self::$variant(step) => &step.at,)+)+ }
            }

            /// Whether two steps are about the same facet of the same resource.
            pub fn is_about(&self, other: &Self) -> bool {
                self.kind() == other.kind() && self.at() == other.at()
            }

            /// A recorded state of this facet, in few words for people.
            pub fn tell(&self, state: &Value) -> String {
                match self {
                    $($(Self::$variant(_) if carried::$variant => state_of::<$facet>(state)
                        .map_or_else(|_| state.to_string(), |state| <$facet as Facet>::tell(&state)),)+)+
                    _ => state.to_string(),
                }
            }

            /// What the event says it wrote.
            pub fn wrote(&self) -> Option<Value> {
                match self {
                    $($(Self::$variant(step) if carried::$variant => {
                        serde_json::to_value(step.wrote.as_ref()?).ok()
                    })+)+
                    _ => None,
                }
            }

            /// Decides about a live state; see [`Facet::decide`].
            ///
            /// # Errors
            /// A recorded state is not one of this facet, or this build does not
            /// carry the facet.
            pub fn decide(
                &self,
                live: &Value,
                baseline: Option<&Value>,
                scene: Scene<'_>,
            ) -> Result<Decision<Value>, serde_json::Error> {
                match self {
                    $($(Self::$variant(step) if carried::$variant => {
                        let live = state_of::<$facet>(live)?;
                        let baseline = baseline.map(state_of::<$facet>).transpose()?;
                        let decision = <$facet as Facet>::decide(&live, &step.wish, baseline.as_ref(), scene);
                        decision.map(|state| serde_json::to_value(state))
                    })+)+
                    _ => Err(serde::de::Error::custom(not_carried(self.kind()))),
                }
            }

            /// What of the plan is evidence alone, where that is only a part of it; see
            /// [`Facet::evidence`].
            pub fn evidence(&self) -> Option<Self> {
                match self {
                    $($(Self::$variant(step) if carried::$variant => {
                        let wish = <$facet as Facet>::evidence(&step.wish)?;
                        Some(Step::<$facet>::new(step.at.clone(), wish).into())
                    })+)+
                    _ => None,
                }
            }

            /// Whether AWS checks what a write of this facet needs; see
            /// [`Facet::CHECKED`].
            pub fn is_checked(&self) -> bool {
                match self {
                    $($(Self::$variant(_) if carried::$variant => <$facet as Facet>::CHECKED,)+)+
                    _ => false,
                }
            }

            /// How one state stands to another; see [`Facet::compare`].
            ///
            /// # Errors
            /// A recorded state is not one of this facet, or this build does not
            /// carry the facet.
            pub fn compare(&self, live: &Value, known: &Value) -> Result<Standing, serde_json::Error> {
                match self {
                    $($(Self::$variant(_) if carried::$variant => Ok(<$facet as Facet>::compare(
                        &state_of::<$facet>(live)?, &state_of::<$facet>(known)?)),)+)+
                    _ => Err(serde::de::Error::custom(not_carried(self.kind()))),
                }
            }

            /// Whether Auditward ever writes a state; see [`Facet::writable`].
            pub fn writable(&self, state: &Value) -> bool {
                match self {
                    $($(Self::$variant(_) if carried::$variant => state_of::<$facet>(state)
                        .is_ok_and(|state| <$facet as Facet>::writable(&state)),)+)+
                    _ => false,
                }
            }

            /// Whether two states mean the same; see [`Facet::same`].
            pub fn same(&self, one: &Value, other: &Value) -> bool {
                match self {
                    $($(Self::$variant(_) if carried::$variant => {
                        match (state_of::<$facet>(one), state_of::<$facet>(other)) {
                            (Ok(one), Ok(other)) => <$facet as Facet>::same(&one, &other),
                            _ => false,
                        }
                    })+)+
                    _ => false,
                }
            }
        }
    };
}

plans! {
    (feature = "trails") {
        TrailConfig => trail::TrailConfig,
        TrailSelectors => trail::TrailSelectors,
        TrailInsights => trail::TrailInsights,
        TrailLogging => trail::TrailLogging,
        TrailDelivery => trail::TrailDelivery,
        TrailTags => trail::TrailTags,
        StoreConfig => store::StoreConfig,
        StoreState => store::StoreState,
        StorePolicy => store::StorePolicy,
        KeyState => key::KeyState,
        KeyPolicy => key::KeyPolicy,
        KeyRotation => key::KeyRotation,
        KeyGrant => key::KeyGrant,
        KeyGrants => key::KeyGrants,
    }
    (any(feature = "trails", feature = "buckets")) {
        BucketPolicy => bucket::BucketPolicy,
    }
    (feature = "buckets") {
        BucketPublicAccess => bucket::BucketPublicAccess,
        AccountPublicAccess => bucket::AccountPublicAccess,
        BucketAcl => bucket::BucketAcl,
        BucketOwnership => bucket::BucketOwnership,
        BucketVersioning => bucket::BucketVersioning,
        BucketEncryption => bucket::BucketEncryption,
        BucketLifecycle => bucket::BucketLifecycle,
        BucketExistence => bucket::BucketExistence,
        BucketReplication => bucket::BucketReplication,
        BucketObjectLock => bucket::BucketObjectLock,
        BucketLogging => bucket::BucketLogging,
        BucketNotification => bucket::BucketNotification,
        BucketWebsite => bucket::BucketWebsite,
        BucketInventory => bucket::BucketInventory,
        BucketAnalytics => bucket::BucketAnalytics,
        AccessPoint => bucket::AccessPoint,
        AccessPointPolicy => bucket::AccessPointPolicy,
    }
    (feature = "roles") {
        RoleTrust => role::RoleTrust,
        RoleSessions => role::RoleSessions,
        RoleInlinePolicies => role::RoleInlinePolicies,
        RoleBoundary => role::RoleBoundary,
        RoleTags => role::RoleTags,
        RoleSettings => role::RoleSettings,
        Attachments => principal::Attachments,
        InlinePolicy => principal::InlinePolicy,
        GuardrailAttachment => principal::Guardrail,
        PrincipalBoundary => principal::PrincipalBoundary,
        GroupMembership => principal::Membership,
        AccessKey => principal::AccessKey,
        ProviderAudience => principal::ProviderAudience,
        ManagedPolicy => policy::ManagedPolicy,
        PolicyVersion => policy::PolicyVersion,
        TrustAnchor => anchor::TrustAnchor,
        EnabledAnchor => anchor::EnabledAnchor,
        SharePrincipal => share::SharePrincipal,
    }
    (feature = "organization") {
        TrustedAccess => organization::TrustedAccess,
        Delegation => organization::Delegation,
        NewDelegation => organization::NewDelegation,
        Invitation => organization::Invitation,
        OrganizationPolicy => organization::OrganizationPolicy,
        OrganizationAttachment => organization::OrganizationAttachment,
        GuardrailContent => organization::GuardrailContent,
        PolicyType => organization::PolicyType,
        AccountPlace => organization::AccountPlace,
    }
    (feature = "logs") {
        LogGroup => logs::LogGroup,
        LogGroupRetention => logs::LogGroupRetention,
        LogGroupKey => logs::LogGroupKey,
        DataProtection => logs::DataProtection,
        SubscriptionFilters => logs::SubscriptionFilters,
        MetricFilters => logs::MetricFilters,
        ExportTask => logs::ExportTask,
        AccountLogPolicy => logs::AccountLogPolicy,
        LogResourcePolicy => logs::LogResourcePolicy,
        LogDestination => logs::LogDestination,
        DestinationPolicy => logs::DestinationPolicy,
        DeliveryDestinationPolicy => logs::DeliveryDestinationPolicy,
        SinkPolicy => logs::SinkPolicy,
        AlarmActions => alarm::AlarmActions,
    }
    (feature = "guard") {
        FunctionUrl => function::FunctionUrl,
        FunctionStatement => function::FunctionStatement,
        FunctionSources => function::FunctionSources,
        ForeignMapping => function::ForeignMapping,
        FunctionInvocations => function::FunctionInvocations,
        FunctionAliases => function::FunctionAliases,
        BusPolicy => bus::BusPolicy,
        BusConfiguration => bus::BusConfiguration,
        TopicPolicy => topic::TopicPolicy,
        TopicPublishers => topic::TopicPublishers,
        TopicSettings => topic::TopicSettings,
        TopicSubscription => topic::TopicSubscription,
        SubscriptionSettings => topic::SubscriptionSettings,
        QueuePolicy => queue::QueuePolicy,
        QueueSenders => queue::QueueSenders,
        QueueSettings => queue::QueueSettings,
        TableProtection => table::TableProtection,
        TableRecovery => table::TableRecovery,
        StackProtection => stack::StackProtection,
    }
    (feature = "lifelines") {
        FunctionConcurrency => function::FunctionConcurrency,
        FunctionPermissions => function::FunctionPermissions,
        RuleDefinition => rule::RuleDefinition,
        RuleTargets => rule::RuleTargets,
        RuleState => rule::RuleState,
        ScheduleDefinition => schedule::ScheduleDefinition,
    }
}
