//! Amazon resource names.

use std::fmt;

/// The parts of `arn:partition:service:region:account:resource`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: &'a str,
    /// Such as `cloudtrail`.
    pub service: &'a str,
    /// Empty for global resources.
    pub region: &'a str,
    /// Twelve digits; empty for buckets.
    pub account: &'a str,
    /// Everything behind the account, such as `trail/audit`.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits an ARN; `None` where the text is none.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        if parts.next()? != "arn" {
            return None;
        }
        let arn = Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        };
        (!arn.resource.is_empty()).then_some(arn)
    }

    /// Whether it names an IAM role.
    pub fn is_role(&self) -> bool {
        self.service == "iam" && self.resource.starts_with("role/")
    }

    /// What stands behind the resource's type and path: `audit` of `trail/audit`.
    pub fn name(&self) -> &'a str {
        self.resource.rsplit('/').next().unwrap_or(self.resource)
    }
}

impl fmt::Display for Arn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            partition,
            service,
            region,
            account,
            resource,
        } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

/// The partition a region belongs to.
pub fn partition_of(region: &str) -> &'static str {
    match region {
        r if r.starts_with("cn-") => "aws-cn",
        r if r.starts_with("us-gov-") => "aws-us-gov",
        r if r.starts_with("us-iso-") => "aws-iso",
        r if r.starts_with("us-isob-") => "aws-iso-b",
        r if r.starts_with("eu-isoe-") => "aws-iso-e",
        r if r.starts_with("us-isof-") => "aws-iso-f",
        r if r.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    }
}

/// The region in which a partition's global services (IAM, Organizations) are
/// recorded. Source: [CloudTrail concepts, global service events](https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html).
pub fn lead_region(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        "aws-iso" => "us-iso-east-1",
        "aws-iso-b" => "us-isob-east-1",
        "aws-iso-e" => "eu-isoe-west-1",
        "aws-iso-f" => "us-isof-south-1",
        "aws-eusc" => "eusc-de-east-1",
        _ => "us-east-1",
    }
}

/// Whether `text` is twelve digits.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Matches text against a pattern with `*` (any run) and `?` (one character),
/// in time linear in practice and never worse than the product of the lengths.
pub fn glob(pattern: &str, text: &str) -> bool {
    let (p, t) = (pattern.as_bytes(), text.as_bytes());
    let (mut pi, mut ti) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while ti < t.len() {
        match p.get(pi) {
            Some(b'*') => {
                retry = Some((pi + 1, ti));
                pi += 1;
            }
            Some(c) if *c == b'?' || Some(c) == t.get(ti) => {
                pi += 1;
                ti += 1;
            }
            _ => match retry {
                Some((after, from)) => {
                    retry = Some((after, from + 1));
                    pi = after;
                    ti = from + 1;
                }
                None => return false,
            },
        }
    }
    p.iter().skip(pi).all(|c| *c == b'*')
}

/// Matches an ARN against a pattern of one, part by part, and any other text as a whole.
/// Only an ARN's last part has colons in it: whoever chooses a path there chooses no
/// account with it, as in `arn:aws:iam::111111111111:policy/x:iam::aws:policy/AWSDenyAll`.
pub fn matches(pattern: &str, text: &str) -> bool {
    let whole = Arn::parse(pattern).filter(|arn| has_account(arn));
    let (Some(wanted), Some(found)) = (whole, Arn::parse(text)) else {
        return glob(pattern, text);
    };
    glob(wanted.partition, found.partition)
        && glob(wanted.service, found.service)
        && glob(wanted.region, found.region)
        && glob(wanted.account, found.account)
        && glob(wanted.resource, found.resource)
}

/// Whether a pattern has an account's place: of `arn:aws:logs:*:log-group:audit` one
/// wildcard stands for several parts.
fn has_account(pattern: &Arn<'_>) -> bool {
    let of_account = |b: u8| b.is_ascii_digit() || matches!(b, b'*' | b'?');
    pattern.account == "aws" || pattern.account.bytes().all(of_account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_an_arn() {
        let arn = Arn::parse("arn:aws:cloudtrail:eu-west-1:111111111111:trail/audit").unwrap();
        assert_eq!(
            (arn.region, arn.account, arn.name()),
            ("eu-west-1", "111111111111", "audit")
        );
        assert_eq!(Arn::parse("audit"), None);
        assert_eq!(Arn::parse("arn:aws:s3:::"), None);
    }

    #[test]
    fn every_partition_has_its_regions_and_its_lead() {
        for (region, partition, lead) in [
            ("eu-west-1", "aws", "us-east-1"),
            ("us-gov-east-1", "aws-us-gov", "us-gov-west-1"),
            ("cn-northwest-1", "aws-cn", "cn-north-1"),
            ("us-iso-west-1", "aws-iso", "us-iso-east-1"),
            ("us-isob-west-1", "aws-iso-b", "us-isob-east-1"),
            ("eu-isoe-west-1", "aws-iso-e", "eu-isoe-west-1"),
            ("us-isof-east-1", "aws-iso-f", "us-isof-south-1"),
            ("eusc-de-east-1", "aws-eusc", "eusc-de-east-1"),
        ] {
            assert_eq!(partition_of(region), partition, "{region}");
            assert_eq!(lead_region(partition), lead, "{partition}");
            assert_eq!(partition_of(lead), partition, "{lead}");
        }
    }

    #[test]
    fn a_wildcard_stays_within_its_part_of_an_arn() {
        let quarantine = "arn:aws*:iam::aws:policy/AWSCompromisedKeyQuarantine*";
        let user = "arn:aws:iam::*:user/ops/*";
        for (pattern, text, expected) in [
            (
                quarantine,
                "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3",
                true,
            ),
            (
                quarantine,
                "arn:aws-cn:iam::aws:policy/AWSCompromisedKeyQuarantine",
                true,
            ),
            (
                quarantine,
                "arn:aws:iam::111111111111:policy/x:iam::aws:policy/AWSCompromisedKeyQuarantineEvil",
                false,
            ),
            (user, "arn:aws:iam::111111111111:user/ops/a", true),
            (user, "arn:aws:iam::111111111111:user/x:user/ops/a", false),
            // A name is no ARN, and neither is every pattern.
            ("AWSReservedSSO_*", "AWSReservedSSO_Admin_0123", true),
            ("*", "arn:aws:iam::111111111111:user/a", true),
            (
                "arn:aws:logs:*:log-group:audit",
                "arn:aws:logs:eu-west-1:111111111111:log-group:audit",
                true,
            ),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn patterns_match_as_people_expect() {
        for (pattern, text, matches) in [
            ("auditward-*", "auditward-trail-guard", true),
            ("*", "", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("abc", "abc", true),
            ("abc", "abcd", false),
        ] {
            assert_eq!(glob(pattern, text), matches, "{pattern} {text}");
        }
    }
}
