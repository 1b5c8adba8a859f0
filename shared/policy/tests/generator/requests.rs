//! Requests by outsiders and insiders, shaped by what a policy asks for.

use std::collections::BTreeMap;

use auditward_policy::Kind;

use super::{Dice, GITHUB, OUTSIDE, OUTSIDE_ORGS, OWN, OWN_ORG};
use crate::evaluator::{Caller, Request};

fn fit(pattern: &str, dice: &mut Dice) -> String {
    let star = dice.pick(&["", "x", "a/b", "x:y"]);
    pattern.replace('*', star).replace('?', "2")
}

fn an_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// A request by somebody who is not ours, shaped by what the policy asks for.
pub fn outside(kind: Kind, words: &[String], dice: &mut Dice) -> Request {
    let shaped = words
        .get(dice.below(words.len() + 3))
        .map(|word| match word.contains('*') && dice.chance(50) {
            true => word.replace('*', "99999999"),
            false => fit(word, dice),
        })
        .filter(|word| an_account(word));
    let account = shaped.unwrap_or_else(|| dice.pick(&OUTSIDE).to_owned());
    let account = if OWN.contains(&account.as_str()) {
        OUTSIDE[0].to_owned()
    } else {
        account
    };
    let org = match dice.below(5) {
        0 | 1 => None,
        2 => words
            .iter()
            .find(|word| word.starts_with("o-") && word.contains('*') && !word.contains('/'))
            .map(|word| word.replace('*', "stranger99")),
        _ => Some(dice.pick(&OUTSIDE_ORGS).to_owned()),
    };
    let org = org.filter(|org| org != OWN_ORG);
    request(kind, words, &account, org.as_deref(), false, dice)
}

/// A request by one of ours: an own account, or any account of our organization.
pub fn inside(kind: Kind, words: &[String], dice: &mut Dice) -> Request {
    let account = dice.pick(&OWN);
    request(kind, words, account, Some(OWN_ORG), true, dice)
}

fn request(
    kind: Kind,
    words: &[String],
    account: &str,
    org: Option<&str>,
    own: bool,
    dice: &mut Dice,
) -> Request {
    let mut context: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut set = |key: &str, value: &str| {
        context.insert(key.to_ascii_lowercase(), vec![value.to_owned()]);
    };
    set("aws:SecureTransport", dice.pick(&["true", "true", "false"]));
    set("aws:ResourceAccount", OWN[0]);
    set("aws:ResourceOrgID", OWN_ORG);
    if dice.chance(60) {
        set(
            "aws:SourceIp",
            dice.pick(&["203.0.113.9", "198.51.100.7", "2001:db8::1"]),
        );
    }
    let anonymous =
        matches!(kind, Kind::Bucket | Kind::Queue | Kind::Topic) && !own && dice.chance(20);
    let token = kind == Kind::Trust && dice.chance(if own { 0 } else { 35 });
    let caller = if anonymous {
        set("aws:PrincipalAccount", "anonymous");
        set("aws:userid", "anonymous");
        set("aws:PrincipalType", "Anonymous");
        Caller::Anonymous
    } else if token {
        let tenant = dice.pick(&["evil", "acme", "acme-corp2", "xacme-corp", "acme-corx"]);
        let sub = format!(
            "repo:{tenant}/{}:ref:refs/heads/main",
            dice.pick(&["app", "acme-corp", "infra"])
        );
        let issuer = dice.pick(&[GITHUB, GITHUB, "gitlab.com", "accounts.google.com"]);
        if issuer == GITHUB {
            set("token.actions.githubusercontent.com:sub", &sub);
            set(
                "token.actions.githubusercontent.com:aud",
                "sts.amazonaws.com",
            );
        }
        let home = if issuer == "gitlab.com" && dice.chance(50) {
            "333333333333"
        } else {
            OWN[0]
        };
        Caller::Federated(if issuer == "accounts.google.com" {
            issuer.to_owned()
        } else {
            format!("arn:aws:iam::{home}:oidc-provider/{issuer}")
        })
    } else {
        set("aws:PrincipalAccount", account);
        set("aws:PrincipalIsAWSService", "false");
        set("aws:ViaAWSService", dice.pick(&["false", "true"]));
        if kind == Kind::Key {
            set("kms:CallerAccount", account);
        }
        let elsewhere = dice.chance(20);
        if let Some(org) = org {
            set("aws:PrincipalOrgID", org);
            set(
                "aws:PrincipalOrgPaths",
                &format!(
                    "{org}/{}",
                    dice.pick(&["r-ab12/ou-ab12-11111111/", "r-zz99/", "r-ab12/"])
                ),
            );
        }
        if dice.chance(40) {
            set("aws:MultiFactorAuthPresent", dice.pick(&["true", "false"]));
        }
        let named = words
            .iter()
            .filter(|word| word.split(':').nth(4) == Some(account))
            .collect::<Vec<_>>();
        let name = match words.get(dice.below(words.len() + 2)) {
            Some(word) if word.starts_with("arn:") && dice.chance(60) => {
                let rest = word.splitn(6, ':').nth(5).unwrap_or("x").to_owned();
                fit(rest.rsplit('/').next().unwrap_or("x"), dice)
            }
            Some(word) if dice.chance(60) => {
                format!("x:{}", fit(word.trim_start_matches("arn:"), dice))
            }
            _ => dice
                .pick(&["ci", "App", "Deploy", "alice", "path/cd"])
                .to_owned(),
        };
        let name = if name.is_empty() || name.contains('$') {
            "ci".to_owned()
        } else {
            name
        };
        let tags = !dice.chance(30);
        let caller = match dice.below(6) {
            0 => {
                set("aws:PrincipalType", "Account");
                set("aws:userid", account);
                Caller::Identity(format!("arn:aws:iam::{account}:root"))
            }
            1 => {
                set("aws:PrincipalType", "User");
                set("aws:userid", "AIDASTRANGER0000000AB");
                set("aws:username", name.rsplit('/').next().unwrap_or("x"));
                Caller::Identity(format!("arn:aws:iam::{account}:user/{name}"))
            }
            2 => {
                set("aws:PrincipalType", "FederatedUser");
                let name = name.replace([':', '/'], "-");
                set("aws:userid", &format!("{account}:{name}"));
                Caller::Identity(format!("arn:aws:sts::{account}:federated-user/{name}"))
            }
            _ => {
                set("aws:PrincipalType", "AssumedRole");
                let session = dice.pick(&["deploy", "run", "x"]);
                set("aws:userid", &format!("AROASTRANGER0000000AB:{session}"));
                let arn = match named.get(dice.below(named.len() + 1)) {
                    Some(word) if word.contains(":role/") && !word.contains(['*', '?', '$']) => {
                        (*word).clone()
                    }
                    _ => format!("arn:aws:iam::{account}:role/{name}"),
                };
                // Role names are unique in an account, whatever their paths.
                let arn = match arn.rsplit('/').next() {
                    Some(name @ ("ci" | "App")) => format!("arn:aws:iam::{account}:role/{name}"),
                    Some(name @ "cd") => format!("arn:aws:iam::{account}:role/path/{name}"),
                    _ => arn,
                };
                Caller::Session(arn, session.to_owned())
            }
        };
        // An account is of one partition, which the policy does not tell.
        let caller = match caller {
            Caller::Identity(arn) if account == OUTSIDE[0] && elsewhere => {
                Caller::Identity(arn.replacen("arn:aws:", "arn:aws-us-gov:", 1))
            }
            Caller::Session(arn, session) if account == OUTSIDE[0] && elsewhere => {
                Caller::Session(arn.replacen("arn:aws:", "arn:aws-us-gov:", 1), session)
            }
            other => other,
        };
        let arn = match &caller {
            Caller::Identity(arn) | Caller::Session(arn, _) => arn.clone(),
            _ => String::new(),
        };
        if tags && !arn.ends_with(":root") {
            for key in [
                "aws:PrincipalTag/team",
                "aws:PrincipalTag/org",
                "aws:PrincipalTag/home",
                "aws:PrincipalTag/name",
            ] {
                if dice.chance(60) {
                    let echo = org.unwrap_or("red").to_owned();
                    set(
                        key,
                        dice.pick(&["red", "blue", OWN[0], OWN_ORG, account, echo.as_str()]),
                    );
                }
            }
        }
        if kind == Kind::Trust && dice.chance(50) {
            set("sts:ExternalId", dice.pick(&["7d0c", "private", "x"]));
        }
        set("aws:PrincipalArn", &arn);
        caller
    };
    if dice.chance(40) {
        set("s3:x-amz-acl", dice.pick(&["private", "alice", "x"]));
    }
    // Through a service, for a source of the caller's own.
    let source = if own { OWN[0] } else { account };
    if dice.chance(30) {
        set("aws:SourceAccount", source);
    }
    if dice.chance(30) {
        let arn = format!(
            "arn:aws:{}",
            dice.pick(&[
                "sns:eu-west-1:ACCOUNT:feed",
                "events:eu-west-1:ACCOUNT:rule/x",
                "cloudwatch:eu-west-1:ACCOUNT:alarm:x:111111111111:alarm:y",
                "s3:::acme-data"
            ])
            .replace("ACCOUNT", source)
        );
        set("aws:SourceArn", &arn);
    }
    if let (Some(org), true) = (org, dice.chance(25)) {
        set("aws:SourceOrgID", org);
    }
    let action = if matches!(caller, Caller::Federated(_)) {
        "sts:AssumeRoleWithWebIdentity"
    } else {
        match kind {
            Kind::Trust => "sts:AssumeRole",
            Kind::Bucket => dice.pick(&[
                "s3:GetObject",
                "s3:PutObject",
                "s3:ListBucket",
                "s3:GetObjectTagging",
                "s3:DeleteBucket",
            ]),
            Kind::Key => dice.pick(&["kms:Decrypt", "kms:DescribeKey"]),
            Kind::Topic => dice.pick(&["sns:Publish", "sns:Subscribe"]),
            _ => dice.pick(&["sqs:SendMessage", "sqs:ReceiveMessage"]),
        }
    };
    let resource = match kind {
        Kind::Bucket if action.ends_with("Bucket") => "arn:aws:s3:::acme-data",
        Kind::Bucket => dice.pick(&[
            "arn:aws:s3:::acme-data/a",
            "arn:aws:s3:::acme-data/private/b",
            "arn:aws:s3:::acme-data/alice/c",
        ]),
        Kind::Key => "arn:aws:kms:eu-west-1:111111111111:key/k",
        Kind::Topic => "arn:aws:sns:eu-west-1:111111111111:orders",
        Kind::Trust => "",
        _ => "arn:aws:sqs:eu-west-1:111111111111:jobs",
    };
    Request {
        caller,
        action: action.to_owned(),
        resource: resource.to_owned(),
        context,
    }
}
