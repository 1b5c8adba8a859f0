//! Identity providers: who may vouch for whom. A provider lets nobody in until
//! a role trusts it, and that is judged there.

use super::IAM;
use crate::facet::{At, Step};
use crate::facets::made::Gone;
use crate::facets::principal::ProviderAudience;
use crate::rule::{Call, Draft, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};
use crate::settings::is_region;

/// What these rules have in common.
const COMMON: Rule = Rule {
    severity: Severity::Medium,
    why: "whoever speaks for an identity provider can be anybody that it vouches for",
    controls: &["ATT&CK T1484.002", "ATT&CK T1556.007"],
    function: Function::RoleGuard,
    scope: Scope::Any,
    judge: changed,
    ..Rule::TELLS
};

/// Rows 113 to 115 of `events/TABLE.md`.
pub static SAML_CHANGED: Rule = Rule {
    id: "saml.provider-changed",
    title: "SAML provider created, changed or deleted",
    rows: &[113, 114, 115],
    watches: &[Watch {
        source: IAM,
        names: &[
            "CreateSAMLProvider",
            "UpdateSAMLProvider",
            "DeleteSAMLProvider",
        ],
    }],
    ..COMMON
};

/// Rows 116 and 117 of `events/TABLE.md`.
pub static OIDC_CHANGED: Rule = Rule {
    id: "oidc.provider-changed",
    title: "OpenID Connect provider created or deleted",
    rows: &[116, 117],
    watches: &[Watch {
        source: IAM,
        names: &["CreateOpenIDConnectProvider", "DeleteOpenIDConnectProvider"],
    }],
    ..COMMON
};

/// Row 118 of `events/TABLE.md`.
pub static AUDIENCE_ADDED: Rule = Rule {
    id: "oidc.audience-added",
    title: "Audience of an OpenID Connect provider widened",
    why: "tokens that were issued to somebody else's client are good for ours as well",
    rows: &[118],
    watches: &[Watch {
        source: IAM,
        names: &["AddClientIDToOpenIDConnectProvider"],
    }],
    revert: Revert::Event,
    facets: &["provider-audience"],
    proof: Proof::Recorded,
    judge: audience_added,
    ..COMMON
};

/// Rows 119 and 120 of `events/TABLE.md`.
pub static OIDC_UPDATED: Rule = Rule {
    id: "oidc.provider-updated",
    title: "OpenID Connect provider changed",
    severity: Severity::Low,
    rows: &[119, 120],
    watches: &[Watch {
        source: IAM,
        names: &[
            "RemoveClientIDFromOpenIDConnectProvider",
            "UpdateOpenIDConnectProviderThumbprint",
        ],
    }],
    scope: Scope::Protected,
    judge: |call| match call.guarded(provider(call)) {
        Ok(_) => changed(call),
        Err(judged) => judged,
    },
    ..COMMON
};

/// The provider that a call is about, by its ARN, or in the ARN that its name
/// or address makes.
fn provider(call: &Call<'_>) -> Option<At> {
    let arn = ["sAMLProviderArn", "openIDConnectProviderArn"]
        .into_iter()
        .find_map(|name| call.shown(name));
    if let Some(arn) = arn {
        return Some(call.global(arn));
    }
    let (partition, account) = (call.partition(), call.account());
    let resource = match (call.shown("url"), call.shown("name")) {
        (Some(url), _) => {
            let issuer = url.strip_prefix("https://").unwrap_or(&url);
            format!("oidc-provider/{}", issuer.trim_end_matches('/'))
        }
        (None, Some(name)) => format!("saml-provider/{name}"),
        (None, None) => return None,
    };
    Some(call.global(format!("arn:{partition}:iam::{account}:{resource}")))
}

/// Whether an issuer is what Kubernetes clusters on EKS have: each makes one. Anybody
/// may have a host whose name merely begins like that.
/// [Create an IAM OIDC provider for your cluster](https://docs.aws.amazon.com/eks/latest/userguide/enable-iam-roles-for-service-accounts.html).
fn is_of_eks(issuer: &str) -> bool {
    let host = |issuer: &str| {
        let (host, id) = issuer.split_once("/id/")?;
        let region = host.strip_prefix("oidc.eks.")?;
        let region = region
            .strip_suffix(".amazonaws.com")
            .or_else(|| region.strip_suffix(".amazonaws.com.cn"))?;
        Some(is_region(region) && !id.contains('/'))
    };
    host(issuer) == Some(true)
}

fn changed(call: &Call<'_>) -> Judged {
    let Some(provider) = provider(call) else {
        return call.unnamed();
    };
    let (_, name) = provider
        .resource
        .split_once("-provider/")
        .unwrap_or(("", &provider.resource));
    let what = match call.record.plain_name() {
        "CreateSAMLProvider" | "CreateOpenIDConnectProvider" => {
            "is trusted as an identity provider; who it lets in, the roles that name it decide"
        }
        "UpdateSAMLProvider" => {
            "got other metadata: whoever has the keys therein speaks for it now"
        }
        "DeleteSAMLProvider" | "DeleteOpenIDConnectProvider" => {
            "was deleted: whoever signs in through it is locked out"
        }
        "UpdateOpenIDConnectProviderThumbprint" => "got other thumbprints of its certificate",
        _ => "lost an audience: whoever signs in for it is locked out",
    };
    let draft = Draft::new(&provider.resource, format!("{name} {what}"));
    if is_of_eks(name) {
        draft.severity(Severity::Low).into()
    } else {
        draft.into()
    }
}

fn audience_added(call: &Call<'_>) -> Judged {
    let Some(provider) = provider(call) else {
        return call.unnamed();
    };
    let Some(audience) = call.shown("clientID") else {
        let what = "got an audience that the record does not name";
        return Judged::CannotTell(Draft::new(
            &provider.resource,
            format!("{} {what}", provider.name()),
        ));
    };
    let summary = format!("{} accepts tokens for {audience} now", provider.name());
    let step =
        Step::<ProviderAudience>::new(provider.clone().item(audience), Gone { at: call.time() });
    Draft::new(provider.resource, summary).step(step).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_begins_like_that_of_eks_is_not_of_eks() {
        for (issuer, expected) in [
            ("oidc.eks.eu-west-1.amazonaws.com/id/0A1B2C", true),
            ("oidc.eks.cn-north-1.amazonaws.com.cn/id/0A1B2C", true),
            ("oidc.eks.attacker.example", false),
            ("oidc.eks.attacker.example/id/0A1B2C", false),
            (
                "oidc.eks.eu-west-1.amazonaws.com.attacker.example/id/0A1B2C",
                false,
            ),
            (
                "oidc.eks.attacker.example/x.eu-west-1.amazonaws.com/id/0A1B2C",
                false,
            ),
            ("oidc.eks.eu-west-1.amazonaws.com", false),
        ] {
            assert_eq!(is_of_eks(issuer), expected, "{issuer}");
        }
    }
}
