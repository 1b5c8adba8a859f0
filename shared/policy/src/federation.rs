//! Identity providers that many tenants share, and the claims that tell their
//! tenants apart (AWS: "Identity-provider controls for shared OIDC
//! providers"). Every other issuer URL names one tenant.

use crate::Zone;
use crate::glob::{is_star, literal_prefix};
use crate::principal::{arn_account, is_account};

pub(crate) const COGNITO: &str = "cognito-identity.amazonaws.com";

/// How a claim spells its tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// The whole value is the tenant.
    Whole,
    /// The tenant stands between one of these prefixes and its delimiter.
    After(&'static [(&'static str, u8)]),
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Issuer {
    host: &'static str,
    claims: &'static [(&'static str, Spelling)],
}

const GITHUB_SUBJECT: Spelling = Spelling::After(&[
    ("repo:", b'/'),
    ("repository:", b'/'),
    ("repository_owner:", b':'),
    ("repository_owner_id:", b':'),
    ("repository_id:", b':'),
    ("enterprise:", b':'),
    ("enterprise_id:", b':'),
]);

const SUBJECT: &[(&str, Spelling)] = &[("sub", Spelling::Whole)];

static ISSUERS: [Issuer; 27] = [
    Issuer {
        host: "token.actions.githubusercontent.com",
        claims: &[
            ("sub", GITHUB_SUBJECT),
            ("repository", Spelling::After(&[("", b'/')])),
            ("repository_owner", Spelling::Whole),
            ("repository_id", Spelling::Whole),
            ("repository_owner_id", Spelling::Whole),
            ("enterprise", Spelling::Whole),
            ("enterprise_id", Spelling::Whole),
        ],
    },
    Issuer {
        host: "vstoken.actions.githubusercontent.com",
        claims: &[("sub", GITHUB_SUBJECT)],
    },
    Issuer {
        host: "oidc-configuration.audit-log.githubusercontent.com",
        claims: SUBJECT,
    },
    Issuer {
        host: "gitlab.com",
        claims: &[("sub", Spelling::After(&[("project_path:", b'/')]))],
    },
    Issuer {
        host: "app.terraform.io",
        claims: &[("sub", Spelling::After(&[("organization:", b':')]))],
    },
    Issuer {
        host: "agent.buildkite.com",
        claims: &[("sub", Spelling::After(&[("organization:", b':')]))],
    },
    Issuer {
        host: "oidc.codefresh.io",
        claims: &[("sub", Spelling::After(&[("account:", b':')]))],
    },
    Issuer {
        host: "studio.datachain.ai/api",
        claims: &[(
            "sub",
            Spelling::After(&[("credentials:", b'/'), ("", b'/')]),
        )],
    },
    Issuer {
        host: "scalr.io",
        claims: &[("sub", Spelling::After(&[("account:", b':')]))],
    },
    Issuer {
        host: "tokens.cloud.shisho.dev",
        claims: &[("sub", Spelling::After(&[("job:", b':')]))],
    },
    Issuer {
        host: "proidc.upbound.io",
        claims: &[("sub", Spelling::After(&[("mcp:", b'/'), ("space:", b'/')]))],
    },
    Issuer {
        host: "api.pulumi.com/oidc",
        claims: &[("aud", Spelling::Whole)],
    },
    Issuer {
        host: "sandboxes.cloud",
        claims: &[("aud", Spelling::Whole)],
    },
    Issuer {
        host: "oidc.vercel.com",
        claims: &[("aud", Spelling::Whole)],
    },
    Issuer {
        host: "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d",
        claims: &[(SESSION_NAME, Spelling::Whole)],
    },
    Issuer {
        host: "accounts.google.com",
        claims: &[
            ("aud", Spelling::Whole),
            ("oaud", Spelling::Whole),
            ("sub", Spelling::Whole),
        ],
    },
    Issuer {
        host: "graph.facebook.com",
        claims: &[("app_id", Spelling::Whole), ("id", Spelling::Whole)],
    },
    Issuer {
        host: "www.amazon.com",
        claims: &[("app_id", Spelling::Whole), ("user_id", Spelling::Whole)],
    },
    Issuer {
        host: COGNITO,
        claims: &[("aud", Spelling::Whole)],
    },
    // IBM Turbonomic; the same hosts serve issuers of one tenant too.
    Issuer {
        host: "rh-oidc.s3.us-east-1.amazonaws.com/22ejnvnnturfmt6km08idd0nt4hekbn7",
        claims: SUBJECT,
    },
    Issuer {
        host: "rh-oidc.s3.us-east-1.amazonaws.com/23e3sd27sju1hoou6ohfs68vbno607tr",
        claims: SUBJECT,
    },
    Issuer {
        host: "rh-oidc.s3.us-east-1.amazonaws.com/23ne21h005qjl3n33d8dui5dlrmv2tmg",
        claims: SUBJECT,
    },
    Issuer {
        host: "rh-oidc.s3.us-east-1.amazonaws.com/24jrf12m5dj7ljlfb4ta2frhrcoadm26",
        claims: SUBJECT,
    },
    Issuer {
        host: "oidc.op1.openshiftapps.com/2f785sojlpb85i7402pk3qogugim5nfb",
        claims: SUBJECT,
    },
    Issuer {
        host: "oidc.op1.openshiftapps.com/2c51blsaqa9gkjt0o9rt11mle8mmropu",
        claims: SUBJECT,
    },
    // Older spellings under which the same issuers were registered.
    Issuer {
        host: "api.pulumi.com",
        claims: &[("aud", Spelling::Whole)],
    },
    Issuer {
        host: "studio.datachain.ai",
        claims: &[(
            "sub",
            Spelling::After(&[("credentials:", b'/'), ("", b'/')]),
        )],
    },
];

/// Stands for `sts:RoleSessionName` where that is what carries the tenant.
const SESSION_NAME: &str = "sts:RoleSessionName";

/// What a `Federated` principal names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provider<'t> {
    /// Our own identity provider, of one tenant.
    Own {
        saml: bool,
    },
    /// Our own provider object for an issuer of many tenants.
    Shared(&'static Issuer),
    /// A provider object in a foreign account.
    Outside {
        saml: bool,
        account: &'t str,
    },
    /// Everybody who is federated.
    Anyone,
    Malformed,
}

impl<'t> Provider<'t> {
    pub(crate) fn parse(text: &'t str, zone: &Zone) -> Provider<'t> {
        if text == "*" {
            return Provider::Anyone;
        }
        let Some(account) = arn_account(text) else {
            return match issuer(text) {
                Some(issuer) if issuer.is_built_in() => Provider::Shared(issuer),
                _ => Provider::Malformed,
            };
        };
        let resource = text.splitn(6, ':').nth(5).unwrap_or_default();
        let (saml, name) = match resource.split_once('/') {
            Some(("saml-provider", name)) => (true, name),
            Some(("oidc-provider", name)) => (false, name),
            _ => return Provider::Malformed,
        };
        if !is_account(account) || crate::glob::has_wildcard(text) || name.is_empty() {
            return Provider::Malformed;
        }
        if !zone.trusts_account(account) {
            return Provider::Outside { saml, account };
        }
        if saml {
            return Provider::Own { saml };
        }
        issuer(name).map_or(Provider::Own { saml }, Provider::Shared)
    }
}

fn issuer(host: &str) -> Option<&'static Issuer> {
    let host = host.strip_suffix('/').unwrap_or(host);
    ISSUERS
        .iter()
        .find(|issuer| issuer.host.eq_ignore_ascii_case(host))
}

/// How one value of a condition narrows the tenants of a shared issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pin {
    /// To one tenant that is ours.
    Ours,
    /// To no token at all.
    Nobody,
    /// Not at all.
    Open,
    /// Not to one tenant.
    Loose,
    /// The claim tells tenants apart in some cases only.
    Unsure,
}

impl Issuer {
    fn is_built_in(&self) -> bool {
        matches!(
            self.host,
            "accounts.google.com" | "graph.facebook.com" | "www.amazon.com" | COGNITO
        )
    }

    pub(crate) fn is_cognito(&self) -> bool {
        self.host == COGNITO
    }

    pub(crate) fn host(&self) -> &'static str {
        self.host
    }

    pub(crate) fn is_host(&self, host: &str) -> bool {
        let host = host.strip_suffix('/').unwrap_or(host);
        self.host.eq_ignore_ascii_case(host)
    }

    /// Whether `sts:RoleSessionName` carries the tenant.
    pub(crate) fn pins_session_name(&self) -> bool {
        self.claims.iter().any(|(claim, _)| *claim == SESSION_NAME)
    }

    /// The claim that usually names the tenant, for advice to people.
    pub(crate) fn main_claim(&self) -> &'static str {
        self.claims.first().map_or("sub", |(claim, _)| claim)
    }

    /// How `pattern`, with wildcards when `like`, narrows the tenants.
    pub(crate) fn pin(&self, claim: Option<&str>, pattern: &str, like: bool, zone: &Zone) -> Pin {
        let claim = claim.unwrap_or(SESSION_NAME);
        if like && is_star(pattern) {
            return Pin::Open;
        }
        let Some((_, spelling)) = self
            .claims
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(claim))
        else {
            let workflow = claim.eq_ignore_ascii_case("job_workflow_ref");
            return if workflow && literal_prefix(pattern).contains('/') {
                Pin::Unsure
            } else {
                Pin::Loose
            };
        };
        let fixed = literal_prefix(pattern);
        let wild = fixed.len() < pattern.len();
        if wild && !like {
            // No token holds a literal `*` or `?` there.
            return Pin::Nobody;
        }
        match spelling {
            Spelling::Whole if wild => Pin::Loose,
            Spelling::Whole => ours(pattern, zone),
            Spelling::After(forms) => {
                for (prefix, delimiter) in *forms {
                    let Some(rest) = strip_prefix_fold(fixed, prefix) else {
                        continue;
                    };
                    match rest.split_once(char::from(*delimiter)) {
                        Some((tenant, _)) if !tenant.is_empty() => return ours(tenant, zone),
                        // A value may end with its tenant.
                        None if !wild && !rest.is_empty() && *delimiter == b':' => {
                            return ours(rest, zone);
                        }
                        _ => return Pin::Loose,
                    }
                }
                if wild { Pin::Loose } else { Pin::Unsure }
            }
        }
    }
}

fn strip_prefix_fold<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn ours(tenant: &str, zone: &Zone) -> Pin {
    let known = zone.oidc_tenants.is_empty()
        || zone
            .oidc_tenants
            .iter()
            .any(|ours| ours.eq_ignore_ascii_case(tenant));
    if known { Pin::Ours } else { Pin::Loose }
}
