//! Words of the command line that several commands take.

use auditward_rules::arn::is_account;

/// An account's ID.
///
/// # Errors
/// What was expected.
pub fn account(text: &str) -> Result<String, String> {
    if is_account(text) {
        Ok(text.to_owned())
    } else {
        Err("expected an account ID of 12 digits".into())
    }
}
