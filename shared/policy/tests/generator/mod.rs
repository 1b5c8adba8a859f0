//! Policies and requests as attackers and tired people would write them.

#![allow(
    dead_code,
    unused_imports,
    reason = "each test binary uses its own part"
)]

use auditward_policy::{Kind, Zone};
use serde_json::{Map, Value, json};

mod requests;

pub use requests::{inside, outside};

pub const OWN: [&str; 2] = ["111111111111", "222222222222"];
pub const OWN_ORG: &str = "o-exampleorg1";
pub(crate) const OUTSIDE: [&str; 4] = [
    "333333333333",
    "444455556666",
    "111111111119",
    "211111111111",
];
pub(crate) const OUTSIDE_ORGS: [&str; 4] = [
    "o-partnerorg9",
    "o-exampleorg12",
    "o-exemplaorg1",
    "o-zzzzzzzzzz",
];
pub(crate) const GITHUB: &str = "token.actions.githubusercontent.com";

pub fn zone() -> Zone {
    Zone::new(OWN, Some(OWN_ORG))
}

/// A small generator of numbers, so that one seed gives one policy.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11
    }

    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n.max(1) as u64).unwrap_or(0)
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

pub fn kind(dice: &mut Dice) -> Kind {
    [
        Kind::Bucket,
        Kind::Queue,
        Kind::Topic,
        Kind::Key,
        Kind::Trust,
    ][dice.below(5)]
}

fn resource(kind: Kind, dice: &mut Dice) -> &'static str {
    match kind {
        Kind::Bucket => dice.pick(&[
            "arn:aws:s3:::acme-data/*",
            "arn:aws:s3:::acme-data/*",
            "arn:aws:s3:::acme-data",
            "arn:aws:s3:::acme-data/private/*",
            "arn:aws:s3:::acme-data/${aws:username}/*",
            "arn:aws:s3:::acme-*",
            "*",
        ]),
        Kind::Key => "*",
        Kind::Topic => dice.pick(&["arn:aws:sns:eu-west-1:111111111111:orders", "*"]),
        _ => dice.pick(&[
            "arn:aws:sqs:eu-west-1:111111111111:jobs",
            "arn:aws:sqs:*:111111111111:*",
            "*",
        ]),
    }
}

fn actions(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Bucket => &[
            "s3:GetObject",
            "s3:PutObject",
            "s3:Get*",
            "s3:*",
            "s3:ListBucket",
            "S3:getobject",
            "*",
            "s3:?etObject",
        ],
        Kind::Key => &["kms:Decrypt", "kms:*", "kms:De*"],
        Kind::Topic => &["sns:Publish", "SNS:Publish", "sns:*", "sns:Subscribe"],
        Kind::Trust => &[
            "sts:AssumeRole",
            "sts:AssumeRole",
            "sts:*",
            "sts:TagSession",
            "sts:AssumeRoleWithWebIdentity",
            "sts:AssumeRole*",
        ],
        _ => &[
            "sqs:SendMessage",
            "sqs:*",
            "sqs:Send*",
            "sqs:ReceiveMessage",
        ],
    }
}

fn aws_principal(dice: &mut Dice) -> String {
    dice.pick(&[
        "*",
        "*",
        "*",
        "111111111111",
        "222222222222",
        "333333333333",
        "111111111119",
        "arn:aws:iam::111111111111:root",
        "arn:aws:iam::333333333333:root",
        "arn:aws:iam::111111111111:role/App",
        "arn:aws:iam::333333333333:role/ci",
        "arn:aws:iam::333333333333:role/path/cd",
        "arn:aws:iam::333333333333:user/alice",
        "arn:aws:sts::333333333333:assumed-role/ci/run",
        "arn:aws:sts::111111111111:assumed-role/App/run",
        "arn:aws:iam::444455556666:role/111111111111",
    ])
    .to_owned()
}

fn principal(kind: Kind, dice: &mut Dice) -> Value {
    match dice.below(10) {
        0 | 1 => json!("*"),
        2 if kind == Kind::Trust => {
            json!({"Federated": format!("arn:aws:iam::111111111111:oidc-provider/{GITHUB}")})
        }
        3 if kind == Kind::Trust => json!({"Federated": dice.pick(&[
            "accounts.google.com", "arn:aws:iam::333333333333:oidc-provider/gitlab.com",
            "arn:aws:iam::111111111111:oidc-provider/gitlab.com"])}),
        2 => json!({"Service": dice.pick(&["sns.amazonaws.com", "events.amazonaws.com"])}),
        3 => json!({"AWS": "*", "Service": "sns.amazonaws.com"}),
        4 => json!({"AWS": [aws_principal(dice), aws_principal(dice)]}),
        _ => json!({"AWS": aws_principal(dice)}),
    }
}

fn condition(kind: Kind, dice: &mut Dice) -> (String, String, Value) {
    let text_operators = [
        "StringEquals",
        "StringEquals",
        "StringLike",
        "StringLike",
        "StringNotEquals",
        "StringNotLike",
        "StringEqualsIfExists",
        "StringNotEqualsIfExists",
        "StringEqualsIgnoreCase",
        "StringLikeIfExists",
        "ForAnyValue:StringEquals",
        "ForAllValues:StringEquals",
        "ForAnyValue:StringLike",
        "ForAllValues:StringLike",
        "ForAllValues:StringNotLike",
        "ForAnyValue:StringNotEquals",
        "Null",
        "StringNotEqualsIgnoreCase",
    ];
    let arn_operators = [
        "ArnLike",
        "ArnEquals",
        "ArnNotLike",
        "ArnNotEquals",
        "ArnLikeIfExists",
        "StringLike",
        "StringEquals",
        "StringNotLike",
        "StringNotEquals",
        "StringLikeIfExists",
        "Null",
        "ForAllValues:ArnLike",
        "ForAnyValue:ArnLike",
    ];
    let (key, operators, values): (&str, &[&str], &[&str]) =
        match dice.below(if kind == Kind::Trust { 17 } else { 15 }) {
            0 | 1 => (
                "aws:PrincipalOrgID",
                &text_operators,
                &[
                    "o-exampleorg1",
                    "o-exampleorg1",
                    "o-exampleorg1",
                    "o-partnerorg9",
                    "o-*",
                    "o-exampleorg1*",
                    "*",
                    "o-exampleorg?",
                    "${aws:PrincipalOrgID}",
                    "${aws:ResourceOrgID}",
                    "${aws:PrincipalTag/org}",
                    "${aws:PrincipalTag/org, 'o-exampleorg1'}",
                    "O-EXAMPLEORG1",
                ],
            ),
            2 => (
                "aws:PrincipalOrgPaths",
                &text_operators,
                &[
                    "o-exampleorg1/*",
                    "o-exampleorg1/r-ab12/*",
                    "o-partnerorg9/*",
                    "*/r-ab12/ou-ab12-11111111/*",
                    "o-*/r-ab12/*",
                    "o-exampleorg1*",
                    "*",
                ],
            ),
            3 | 4 => (
                "aws:PrincipalAccount",
                &text_operators,
                &[
                    "111111111111",
                    "222222222222",
                    "111111111111",
                    "333333333333",
                    "1111*",
                    "11111111111?",
                    "111111111111*",
                    "333333333333*",
                    "*111111111111",
                    "*",
                    "${aws:PrincipalAccount}",
                    "${aws:ResourceAccount}",
                    "${aws:PrincipalTag/home}",
                    "anonymous",
                    "?1111111111?",
                ],
            ),
            5 | 6 => (
                "aws:PrincipalArn",
                &arn_operators,
                &[
                    "arn:aws:iam::111111111111:role/*",
                    "arn:aws:iam::111111111111:*",
                    "arn:aws:iam::*:role/Deploy",
                    "arn:aws:iam::1111*:role/Deploy",
                    "arn:*:iam::111111111111:role/*",
                    "arn:aws:*:*:111111111111:*",
                    "arn:aws:*:111111111111:*",
                    "arn:aws:iam::333333333333:role/ci",
                    "arn:aws:iam::${aws:PrincipalAccount}:role/*",
                    "arn:aws:iam::111111111111:role/${aws:PrincipalTag/name}",
                    "*111111111111*",
                    "arn:aws:iam::*:root",
                    "arn:aws:iam::111111111111:user/alice",
                    "arn:aws:sts::*:federated-user/*",
                    "arn:aws-us-gov:iam::333333333333:role/*",
                    "arn:aws-us-gov:iam::111111111111:role/*",
                    "arn:aws*:iam::*:role/ci",
                    "*",
                ],
            ),
            7 => (
                "aws:SourceAccount",
                &text_operators,
                &["111111111111", "111111111111", "333333333333", "*", "1111*"],
            ),
            8 => (
                "aws:SourceArn",
                &arn_operators,
                &[
                    "arn:aws:sns:eu-west-1:111111111111:feed",
                    "arn:aws:sns:*:111111111111:*",
                    "arn:aws:sns:*:*:*",
                    "arn:aws:s3:::acme-data",
                    "arn:aws:cloudwatch:*:111111111111:alarm:*",
                    "arn:aws:sns:eu-west-1:333333333333:feed",
                    "arn:aws:events:eu-west-1:111111111111:rule/*",
                    "*",
                ],
            ),
            9 => (
                "aws:SourceOrgID",
                &text_operators,
                &["o-exampleorg1", "o-partnerorg9", "o-*"],
            ),
            10 => (
                "aws:PrincipalTag/team",
                &text_operators,
                &["red", "blue", "${aws:PrincipalAccount}"],
            ),
            11 => {
                return (
                    dice.pick(&["IpAddress", "NotIpAddress", "IpAddressIfExists"])
                        .to_owned(),
                    "aws:SourceIp".to_owned(),
                    json!(dice.pick(&["203.0.113.0/24", "0.0.0.0/0", "::/0", "10.0.0.0/8"])),
                );
            }
            12 => {
                return (
                    dice.pick(&["Bool", "BoolIfExists", "StringEquals"])
                        .to_owned(),
                    dice.pick(&[
                        "aws:PrincipalIsAWSService",
                        "aws:SecureTransport",
                        "aws:MultiFactorAuthPresent",
                        "aws:ViaAWSService",
                    ])
                    .to_owned(),
                    json!(dice.pick(&["true", "false"])),
                );
            }
            13 => (
                "aws:userid",
                &text_operators,
                &[
                    "AROA*:*",
                    "*:deploy",
                    "AIDA*",
                    "111111111111",
                    "333333333333",
                    "111111111111:*",
                    "AROASTRANGER0000000AB*",
                    "333333333333*",
                    "*",
                ],
            ),
            14 => (
                dice.pick(&[
                    "aws:username",
                    "aws:PrincipalType",
                    "aws:ResourceAccount",
                    "aws:ResourceOrgID",
                    "kms:CallerAccount",
                    "s3:x-amz-acl",
                    "sts:ExternalId",
                ]),
                &text_operators,
                &[
                    "alice",
                    "User",
                    "AssumedRole",
                    "111111111111",
                    "o-exampleorg1",
                    "7d0c",
                    "private",
                    "333333333333",
                    "${aws:username}",
                    "${aws:PrincipalOrgID}",
                    "${aws:SourceAccount}",
                ],
            ),
            _ => (
                "token.actions.githubusercontent.com:sub",
                &text_operators,
                &[
                    "repo:acme-corp/*",
                    "repo:acme-corp/app:*",
                    "repo:acme*",
                    "*",
                    "repo:acme-cor?/app:*",
                    "repo:*:ref:refs/heads/main",
                    "repo:acme-corp/app:ref:refs/heads/main",
                ],
            ),
        };
    let operator = dice.pick(operators);
    if operator == "Null" {
        return (
            operator.to_owned(),
            key.to_owned(),
            json!(dice.pick(&["true", "false"])),
        );
    }
    let value = if dice.chance(25) {
        json!([dice.pick(values), dice.pick(values)])
    } else {
        json!(dice.pick(values))
    };
    (operator.to_owned(), key.to_owned(), value)
}

fn statement(kind: Kind, effect: &str, dice: &mut Dice) -> Value {
    let mut out = Map::new();
    out.insert("Effect".into(), json!(effect));
    let element = if kind != Kind::Trust && dice.chance(8) {
        "NotPrincipal"
    } else {
        "Principal"
    };
    let who = match effect {
        "Deny" if element == "NotPrincipal" => {
            json!({"AWS": [aws_principal(dice), "arn:aws:iam::111111111111:root"]})
        }
        "Deny" if dice.chance(75) => json!("*"),
        _ => principal(kind, dice),
    };
    out.insert(element.into(), who);
    let element = if dice.chance(6) {
        "NotAction"
    } else {
        "Action"
    };
    let what = if effect == "Deny" && element == "Action" && dice.chance(70) {
        json!(format!("{}:*", kind.service()))
    } else if dice.chance(25) {
        json!([dice.pick(actions(kind)), dice.pick(actions(kind))])
    } else {
        json!(dice.pick(actions(kind)))
    };
    out.insert(element.into(), what);
    if kind != Kind::Trust {
        let element = if dice.chance(5) {
            "NotResource"
        } else {
            "Resource"
        };
        let on = if effect == "Deny" && dice.chance(60) && kind == Kind::Bucket {
            json!(["arn:aws:s3:::acme-data", "arn:aws:s3:::acme-data/*"])
        } else if effect == "Deny" && dice.chance(50) {
            json!("*")
        } else {
            json!(resource(kind, dice))
        };
        out.insert(element.into(), on);
    }
    let mut conditions: Map<String, Value> = Map::new();
    let count = [0, 1, 1, 1, 2, 2, 3][dice.below(7)];
    for _ in 0..count {
        let (operator, key, value) = condition(kind, dice);
        let keys = conditions.entry(operator).or_insert_with(|| json!({}));
        keys[key] = value;
    }
    if !conditions.is_empty() {
        out.insert("Condition".into(), Value::Object(conditions));
    }
    Value::Object(out)
}

pub fn policy(kind: Kind, dice: &mut Dice) -> Value {
    let mut statements = vec![statement(kind, "Allow", dice)];
    if dice.chance(30) {
        statements.push(statement(kind, "Allow", dice));
    }
    for _ in 0..[0, 1, 1, 2][dice.below(4)] {
        statements.push(statement(kind, "Deny", dice));
    }
    let version = if dice.chance(90) {
        "2012-10-17"
    } else {
        "2008-10-17"
    };
    json!({"Version": version, "Statement": statements})
}

/// Every text in the policy's conditions, principals and resources.
pub fn words(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) => out.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| words(item, out)),
        Value::Object(entries) => entries.values().for_each(|item| words(item, out)),
        _ => {}
    }
}
