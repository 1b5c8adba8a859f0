//! What a document asks of its callers: only that can tell them apart.

use crate::glob::is_star;
use crate::json::View;
use crate::key::Key;
use crate::policy::V;

/// AWS's partitions. An account, and all that its callers reach, is of one.
const PARTITIONS: [&str; 8] = [
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
    "aws-eusc",
];

#[derive(Debug, Default)]
pub(crate) struct Asks<'t> {
    /// The source keys, as bits of [`Key::source_bit`].
    pub(crate) source_bits: u8,
    /// Whether anything asks what sort of identity the caller is.
    pub(crate) by_type: bool,
    /// Whether anything asks for the caller's organization.
    pub(crate) by_org: bool,
    by_partition: bool,
    partitions: Vec<&'t str>,
}

impl<'t> Asks<'t> {
    pub(crate) fn see_condition(&mut self, key: Key<'t>, values: V<'t>, variables: bool) {
        self.see_key(key);
        for text in values.items().filter_map(View::scalar) {
            self.see_variables(text, variables);
            if key == Key::PrincipalArn {
                self.see_partition(text);
            }
        }
    }

    pub(crate) fn see_resources(&mut self, resources: V<'t>, variables: bool) {
        for text in resources.items().filter_map(View::scalar) {
            self.see_variables(text, variables);
            let field = partition_field(text);
            if let Some(field) = field.filter(|field| PARTITIONS.contains(field)) {
                self.note_partition(field);
            }
        }
    }

    /// A value asks for a key just as a condition does.
    fn see_variables(&mut self, text: &'t str, variables: bool) {
        if !variables {
            return;
        }
        for part in text.split("${").skip(1) {
            let name = part.split(['}', ',']).next().unwrap_or(part);
            self.see_key(Key::parse(name.trim()));
        }
    }

    fn see_key(&mut self, key: Key<'t>) {
        self.source_bits |= key.source_bit();
        self.by_type |= matches!(
            key,
            Key::UserId
                | Key::UserName
                | Key::PrincipalTag
                | Key::PrincipalType
                | Key::PrincipalArn
                | Key::Session
        );
        self.by_org |= matches!(key, Key::PrincipalOrgId | Key::PrincipalOrgPaths);
    }

    /// Notes the partitions that a value of `aws:PrincipalArn` tells apart.
    fn see_partition(&mut self, value: &'t str) {
        self.by_partition = true;
        match partition_field(value) {
            Some("*") => {}
            Some(field) if PARTITIONS.contains(&field) => self.note_partition(field),
            None if is_star(value) => {}
            // A part of a name, or a text that spells it some other way.
            _ => PARTITIONS
                .into_iter()
                .for_each(|one| self.note_partition(one)),
        }
    }

    fn note_partition(&mut self, partition: &'t str) {
        if !self.partitions.contains(&partition) {
            self.partitions.push(partition);
        }
    }

    /// The partitions that callers may be of: a document does not tell where
    /// it is used, whatever it mentions. Only one where no condition tells
    /// them apart.
    pub(crate) fn partitions(&self) -> impl Iterator<Item = &'t str> {
        let usual = (!self.partitions.contains(&"aws")).then_some("aws");
        let count = if self.by_partition { usize::MAX } else { 1 };
        self.partitions.iter().copied().chain(usual).take(count)
    }
}

fn partition_field(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")?.split(':').next()
}
