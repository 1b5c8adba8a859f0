//! `auditward status`: where Auditward is blind, and where it may not write.

use std::collections::BTreeSet;
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use serde::Serialize;

use auditward_rules::registry;
use auditward_rules::rule::Function;
use auditward_runtime::case::{Case, Outcome};
use auditward_runtime::failure::Failure;
use auditward_runtime::keys;
use auditward_runtime::pipeline::{Closed, Places, Unread};
use auditward_runtime::store::{Dynamo, Store as _};

use super::{Stack, Told, block_on};
use crate::output::{self, count};

/// Say when each function last found all well, which rules are blind, and which
/// writes AWS refused. Ends with status 1 where any is.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The stack was deployed with `WithRoleGuard=no`: that role-guard and
    /// organization-guard never looked at anything is as it should be.
    #[arg(long)]
    without_role_guard: bool,
    /// How many of the newest cases to look through for refused writes.
    #[arg(long, default_value_t = 500)]
    most: usize,
    #[command(flatten)]
    told: Told,
    #[command(flatten)]
    stack: Stack,
}

/// How Auditward stands.
#[derive(Debug, Serialize)]
struct Status {
    functions: Vec<Looks>,
    blind: Vec<Blind>,
    refused: Vec<Refused>,
}

/// How a function looks.
#[derive(Debug, Serialize)]
struct Looks {
    function: &'static str,
    /// When its pulse last found all well that it looks at.
    well: Option<DateTime<Utc>>,
    /// In how many accounts and regions it guards anything.
    places: usize,
}

/// Rules of a function that see nothing somewhere.
#[derive(Debug, Serialize)]
struct Blind {
    function: &'static str,
    /// None where all of the function's are.
    rule: Option<&'static str>,
    account: Option<String>,
    resource: Option<String>,
    why: String,
}

/// A rule whose write AWS refused in an account.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Refused {
    rule: String,
    account: String,
    /// The newest case that tells of it.
    case: String,
    why: String,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    block_on(async {
        let connected = args.stack.connect().await?;
        let store = connected.store();
        let mut status = Status {
            functions: Vec::new(),
            blind: Vec::new(),
            refused: refused(&store, args.most).await?,
        };
        for function in Function::ALL {
            let left_out = args.without_role_guard && of_role_guard(function);
            look(&store, function, left_out, &mut status).await?;
        }
        if !args.told.as_json(&status)? {
            show(&status)?;
        }
        let fine = status.blind.is_empty() && status.refused.is_empty();
        Ok(if fine {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(output::FOUND)
        })
    })
}

/// Whether a function is only in stacks with `WithRoleGuard=yes`.
fn of_role_guard(function: Function) -> bool {
    matches!(function, Function::RoleGuard | Function::OrganizationGuard)
}

/// What a function has left in the table of its looking. One that is said to be left
/// out of the stack may have left nothing; what one has left counts, whatever is said.
async fn look(
    store: &Dynamo<'_>,
    function: Function,
    left_out: bool,
    status: &mut Status,
) -> anyhow::Result<()> {
    let [well, guarded, closed] = [
        keys::well(function),
        keys::places(function),
        keys::closed(function),
    ];
    let items = store
        .get(&[well.clone(), guarded.clone(), closed.clone()])
        .await?;
    let well = items.get(&well).map(|item| item.read()).transpose()?;
    let guarded = items.get(&guarded).map(|item| item.read::<Places>());
    let places = guarded.transpose()?.unwrap_or_default().places;
    let closed = items.get(&closed).map(|item| item.read::<Closed>());
    let closed = closed.transpose()?.unwrap_or_default().places;
    status
        .blind
        .extend(closed.into_iter().map(|(place, why)| Blind {
            function: function.name(),
            rule: None,
            account: Some(place),
            resource: None,
            why,
        }));
    let never = well.is_none() && places.is_empty();
    if never && left_out {
        return Ok(());
    }
    status.functions.push(Looks {
        function: function.name(),
        well,
        places: places.len(),
    });
    if never {
        let mut why =
            "it has never looked at anything: not deployed in this stack, or cut off".to_owned();
        if of_role_guard(function) {
            why.push_str(" (for a stack with WithRoleGuard=no give --without-role-guard)");
        }
        status.blind.push(Blind {
            function: function.name(),
            rule: None,
            account: None,
            resource: None,
            why,
        });
        return Ok(());
    }
    let by_place = places
        .iter()
        .map(|place| format!("{} {}", place.account, place.region));
    let looks = ["pulse".to_owned(), "sweep".to_owned()]
        .into_iter()
        .chain(by_place);
    let keys: Vec<String> = looks.map(|one| keys::unread(function, &one)).collect();
    let items = store.get(&keys).await?;
    let mut met = BTreeSet::new();
    for item in keys.iter().filter_map(|key| items.get(key)) {
        let unread: Unread = item.read()?;
        if unread.until < Utc::now() {
            continue;
        }
        for one in unread.all {
            let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            if !met.insert((one.resource.clone(), one.kind.clone())) {
                continue;
            }
            status.blind.push(Blind {
                function: function.name(),
                rule: rule_about(function, &one.kind),
                account: given(&one.account),
                resource: given(&one.resource),
                why: one.why,
            });
        }
    }
    Ok(())
}

/// The rule that a function looks after a facet for, its own or another's.
fn rule_about(function: Function, kind: &str) -> Option<&'static str> {
    let healed = || registry::about(function.heals()?, kind);
    let rule = registry::about(function, kind).or_else(healed)?;
    Some(rule.id)
}

/// Rules and accounts whose newest cases ended with AWS saying no.
async fn refused(store: &Dynamo<'_>, most: usize) -> anyhow::Result<Vec<Refused>> {
    let mut all = Vec::new();
    let mut met = BTreeSet::new();
    for (_, item) in store.list("case", most).await? {
        let case: Case = item.read()?;
        let newest = met.insert((case.rule.clone(), case.account.clone()));
        if newest && case.outcome == Outcome::Failed && Failure::tells_of_denial(&case.because) {
            all.push(Refused {
                rule: case.rule,
                account: case.account,
                case: case.id,
                why: case.because,
            });
        }
    }
    all.sort();
    Ok(all)
}

fn show(status: &Status) -> anyhow::Result<()> {
    let mut table = output::table();
    table.set_header(["Function", "Last found all well", "Accounts and regions"]);
    for one in &status.functions {
        let well = one.well.map_or_else(
            || "never".to_owned(),
            |at| at.format("%Y-%m-%d %H:%M").to_string(),
        );
        table.add_row([one.function, &well, &one.places.to_string()]);
    }
    output::line(&table)?;
    if !status.blind.is_empty() {
        let mut table = output::table();
        table.set_header(["Blind", "Account", "Resource", "Why"]);
        for one in &status.blind {
            let all = format!("all rules of {}", one.function);
            let or_all = |text: &Option<String>| text.clone().unwrap_or_else(|| "all".into());
            table.add_row([
                one.rule.unwrap_or(&all),
                &or_all(&one.account),
                &or_all(&one.resource),
                &one.why,
            ]);
        }
        output::line(&table)?;
    }
    if !status.refused.is_empty() {
        let mut table = output::table();
        table.set_header(["Refused", "Account", "Case", "Why"]);
        for one in &status.refused {
            table.add_row([&one.rule, &one.account, &one.case, &one.why]);
        }
        output::line(&table)?;
    }
    output::line(format_args!(
        "{}, {}",
        count(status.blind.len() as u64, "blind spot", "blind spots"),
        count(
            status.refused.len() as u64,
            "refused write",
            "refused writes"
        ),
    ))
}
