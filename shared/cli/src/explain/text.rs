//! The answer for people.

use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

use auditward_policy::{
    Admission, AdmissionKind, Analysis, Deputy, Document, Foreign, Kind, Narrowed, Zone,
};

use crate::output::{BAD, FAINT, GOOD, STRONG, styled};

/// Lines of the policy shown around a change.
const AROUND: usize = 3;

/// What was asked.
pub struct Told<'a> {
    pub name: &'a str,
    pub kind: Kind,
    pub guessed: bool,
    pub zone: &'a Zone,
    pub document: &'a Document,
}

impl Told<'_> {
    /// Who gets in, in words.
    pub fn tell(&self, analysis: &Analysis, narrowed: &Narrowed) -> String {
        let mut text = self.head();
        let _ = writeln!(text, "{}\n", verdict(analysis));
        for admission in &analysis.admissions {
            text.push_str(&self.admission(admission));
        }
        if let Some(deputy) = deputy(analysis.deputy) {
            let _ = writeln!(text, "{deputy}\n");
        }
        for note in &analysis.notes {
            let _ = writeln!(text, "Note: {note}");
        }
        if !analysis.notes.is_empty() {
            text.push('\n');
        }
        if narrowed.changed {
            text.push_str(&self.change(narrowed));
        }
        text
    }

    fn head(&self) -> String {
        let guessed = if self.guessed {
            ", a guess; --kind says otherwise"
        } else {
            ""
        };
        let kind = format!("({}{guessed})", kind(self.kind));
        let mut text = format!("{} {}\n", styled(STRONG, self.name), styled(FAINT, &kind));
        let mut ours = self.zone.accounts.join(", ");
        if let Some(organization) = &self.zone.org_id {
            let between = if ours.is_empty() { "" } else { " and " };
            let _ = write!(ours, "{between}the organization {organization}");
        }
        let ours = if ours.is_empty() {
            "Ours: nobody is named, so that every account is an outsider; --account or --settings says who is ours.".into()
        } else {
            format!("Ours: {ours}.")
        };
        let _ = writeln!(text, "{}\n", styled(FAINT, &ours));
        text
    }

    fn admission(&self, admission: &Admission) -> String {
        let sid = admission
            .sid
            .as_ref()
            .map_or_else(String::new, |sid| format!(" \"{sid}\""));
        let many = self.document.statements().len();
        let title = format!("Statement {} of {many}{sid}", admission.index + 1);
        let mut text = format!(
            "{}: {}\n",
            styled(STRONG, &title),
            styled(BAD, sort(admission.kind))
        );
        if !admission.principals.is_empty() {
            let _ = writeln!(text, "    through  {}", admission.principals.join(", "));
        }
        let _ = writeln!(text, "    why      {}", admission.why);
        if let Some(witness) = &admission.witness {
            let _ = writeln!(
                text,
                "    for one  {} may call {} on {}",
                witness.principal, witness.action, witness.resource
            );
            for (key, values) in &witness.context {
                let _ = writeln!(text, "             with {key} = {}", values.join(", "));
            }
        }
        text.push('\n');
        text
    }

    /// The narrowed policy as a difference to this one.
    fn change(&self, narrowed: &Narrowed) -> String {
        let (old, new) = (
            self.document.to_json_pretty(),
            narrowed.document.to_json_pretty(),
        );
        let mut text = format!(
            "{}\n",
            styled(STRONG, "The least change that shuts them out:")
        );
        if narrowed.empty {
            text.push_str("    nothing is left of the policy: delete it\n");
        }
        // A comma at the end of a line is no change.
        let bare = |text: &'_ str| {
            text.lines()
                .map(|line| line.trim_end_matches(',').to_owned())
                .collect::<Vec<_>>()
        };
        let (bare_old, bare_new) = (bare(&old), bare(&new));
        let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
        let (olds, news) = (refs(&bare_old), refs(&bare_new));
        let diff = TextDiff::from_slices(&olds, &news);
        for (at, group) in diff.grouped_ops(AROUND).iter().enumerate() {
            if at > 0 {
                let _ = writeln!(text, "{}", styled(FAINT, "    …"));
            }
            for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                let whole = change.new_index().map_or_else(
                    || change.old_index().and_then(|at| old.get(at)),
                    |at| new.get(at),
                );
                let line = whole.copied().unwrap_or(change.value());
                let _ = match change.tag() {
                    ChangeTag::Equal => writeln!(text, "    {line}"),
                    ChangeTag::Delete => writeln!(text, "{}", styled(BAD, &format!("  - {line}"))),
                    ChangeTag::Insert => writeln!(text, "{}", styled(GOOD, &format!("  + {line}"))),
                };
            }
        }
        text
    }
}

fn refs(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).collect()
}

fn verdict(analysis: &Analysis) -> String {
    match (&analysis.foreign, analysis.deputy) {
        (Foreign::Yes, _) => styled(BAD, "Outsiders get in."),
        (Foreign::CannotTell(why), _) => {
            format!(
                "{} {why}",
                styled(BAD, "It cannot be told whether outsiders get in:")
            )
        }
        (Foreign::No, Deputy::None | Deputy::Closed) => styled(GOOD, "No outsider gets in."),
        (Foreign::No, _) => styled(
            BAD,
            "No outsider gets in by itself, but AWS services may act for them.",
        ),
    }
}

/// What is said of services that act for others.
fn deputy(deputy: Deputy) -> Option<&'static str> {
    match deputy {
        Deputy::None => None,
        Deputy::Closed => Some("AWS services get in, and only on behalf of sources that are ours."),
        Deputy::Foreign => Some(
            "AWS services get in on behalf of a source that is not ours, which the policy names.",
        ),
        Deputy::Open => Some(
            "AWS services get in on behalf of any AWS customer (the confused deputy): narrow them with aws:SourceArn, aws:SourceAccount or aws:SourceOrgID.",
        ),
        Deputy::CannotTell => Some("It cannot be told on whose behalf AWS services get in."),
    }
}

/// A sort of outsider, in words.
fn sort(kind: AdmissionKind) -> &'static str {
    match kind {
        AdmissionKind::Public => "everybody gets in",
        AdmissionKind::ForeignAccount => "an account that is not ours gets in",
        AdmissionKind::ForeignOrganization => "an organization that is not ours gets in",
        AdmissionKind::ThirdPartyWithoutExternalId => {
            "a third party gets in on other terms than those it is registered for"
        }
        AdmissionKind::Federated => "federated users get in whom nothing narrows to ours",
        AdmissionKind::DeletedPrincipal => "it names a user or role that was deleted",
        _ => "it cannot be told who gets in",
    }
}

/// A kind of policy, in words.
fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Trust => "a role's trust policy",
        Kind::Bucket => "a bucket policy",
        Kind::Key => "a key policy",
        Kind::Topic => "a topic policy",
        Kind::Queue => "a queue policy",
        Kind::Destination => "a log destination's policy",
        Kind::Logs => "a resource policy of CloudWatch Logs",
        Kind::Bus => "an event bus's policy",
        Kind::Function => "a function's policy",
        Kind::Store => "an event data store's policy",
        Kind::Table => "a table's policy",
        Kind::Sink => "an observability sink's policy",
        Kind::Organization => "an organization's delegation policy",
    }
}
