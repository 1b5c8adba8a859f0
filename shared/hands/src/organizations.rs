//! The organization, through AWS Organizations.

use aws_sdk_organizations::Client;

use auditward_rules::facet::At;
use auditward_runtime::failure::Failure;
use auditward_runtime::hand::Permission;
use auditward_runtime::sessions::Sessions;

/// Every call this hand makes.
pub const PERMISSIONS: &[Permission] = &[];

/// The hand for them.
#[derive(Clone, Copy, Debug)]
pub struct Organizations<'a> {
    /// Who to talk as.
    pub sessions: &'a Sessions,
}

impl Organizations<'_> {
    #[expect(dead_code, reason = "the first facet of this hand takes it")]
    async fn client(&self, at: &At) -> Result<Client, Failure> {
        let config = self.sessions.of(&at.account, &at.region).await?;
        Ok(Client::new(&config))
    }
}
