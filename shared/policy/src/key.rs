//! Condition keys, by what an outsider can do about them.

/// The source keys that name an account.
pub(crate) const SOURCE_ACCOUNTS: u8 =
    Key::SourceAccount.source_bit() | Key::SourceOwner.source_bit() | Key::SourceArn.source_bit();
/// The source keys that name an organization.
pub(crate) const SOURCE_ORGS: u8 = Key::SourceOrgId.source_bit() | Key::SourceOrgPaths.source_bit();

/// What a condition key speaks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key<'t> {
    PrincipalOrgId,
    PrincipalOrgPaths,
    PrincipalAccount,
    PrincipalArn,
    UserId,
    UserName,
    PrincipalTag,
    PrincipalType,
    IsAwsService,
    ServiceName,
    ServiceNamesList,
    ViaAwsService,
    FederatedProvider,
    CallerAccount,
    SourceAccount,
    SourceOwner,
    SourceArn,
    SourceOrgId,
    SourceOrgPaths,
    SourceIp,
    SourceVpc,
    ResourceAccount,
    ResourceOrgId,
    ResourceOrgPaths,
    AccessPointAccount,
    AccessPointArn,
    /// Where credentials come from: `lambda:SourceFunctionArn` and the like.
    CredentialArn,
    ExternalId,
    RoleSessionName,
    /// Multi-factor and token keys: of signed-in callers only.
    Session,
    EncryptionContext,
    SecureTransport,
    /// A claim of a federated token: the provider's host and the claim.
    Claim(&'t str, &'t str),
    /// The caller, or its surroundings, decide.
    Other,
}

impl<'t> Key<'t> {
    pub(crate) fn parse(text: &'t str) -> Key<'t> {
        let mut buffer = [0u8; 40];
        let Some(lower) = buffer.get_mut(..text.len()) else {
            return Key::long(text);
        };
        lower.copy_from_slice(text.as_bytes());
        lower.make_ascii_lowercase();
        match &*lower {
            b"aws:principalorgid" => Key::PrincipalOrgId,
            b"aws:principalorgpaths" => Key::PrincipalOrgPaths,
            b"aws:principalaccount" => Key::PrincipalAccount,
            b"aws:principalarn" => Key::PrincipalArn,
            b"aws:userid" => Key::UserId,
            b"aws:username" => Key::UserName,
            b"aws:principaltype" => Key::PrincipalType,
            b"aws:principalisawsservice" => Key::IsAwsService,
            b"aws:principalservicename" => Key::ServiceName,
            b"aws:principalservicenameslist" => Key::ServiceNamesList,
            b"aws:viaawsservice" => Key::ViaAwsService,
            b"aws:federatedprovider" => Key::FederatedProvider,
            b"kms:calleraccount" => Key::CallerAccount,
            b"aws:sourceaccount" => Key::SourceAccount,
            b"aws:sourceowner" => Key::SourceOwner,
            b"aws:sourcearn" => Key::SourceArn,
            b"aws:sourceorgid" => Key::SourceOrgId,
            b"aws:sourceorgpaths" => Key::SourceOrgPaths,
            b"aws:sourceip" => Key::SourceIp,
            b"aws:sourcevpc" | b"aws:sourcevpce" => Key::SourceVpc,
            b"aws:resourceaccount" | b"s3:resourceaccount" => Key::ResourceAccount,
            b"aws:resourceorgid" => Key::ResourceOrgId,
            b"aws:resourceorgpaths" => Key::ResourceOrgPaths,
            b"s3:dataaccesspointaccount" => Key::AccessPointAccount,
            b"s3:dataaccesspointarn" => Key::AccessPointArn,
            b"lambda:sourcefunctionarn"
            | b"ec2:sourceinstancearn"
            | b"ecs:cluster"
            | b"ecs:task"
            | b"ssm:sourceinstancearn"
            | b"glue:roleassumedby" => Key::CredentialArn,
            b"sts:externalid" => Key::ExternalId,
            b"sts:rolesessionname" => Key::RoleSessionName,
            b"aws:multifactorauthpresent" | b"aws:multifactorauthage" | b"aws:tokenissuetime" => {
                Key::Session
            }
            b"aws:securetransport" => Key::SecureTransport,
            _ => Key::long(text),
        }
    }

    fn long(text: &'t str) -> Key<'t> {
        let begins = |prefix: &str| {
            text.get(..prefix.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(prefix))
        };
        if begins("aws:PrincipalTag/") {
            return Key::PrincipalTag;
        }
        if begins("kms:EncryptionContext:") {
            return Key::EncryptionContext;
        }
        if begins("ecs:") && text.to_ascii_lowercase().contains("arn") {
            return Key::CredentialArn;
        }
        match text.rsplit_once(':') {
            Some((host, claim)) if host.contains('.') => Key::Claim(host, claim),
            _ => Key::Other,
        }
    }

    /// Whether a request can carry several values for the key.
    pub(crate) fn is_multivalued(self, text: &str) -> bool {
        match self {
            Key::PrincipalOrgPaths
            | Key::SourceOrgPaths
            | Key::ResourceOrgPaths
            | Key::ServiceNamesList => true,
            Key::Claim(host, claim) => {
                claim.eq_ignore_ascii_case("amr")
                    && host.eq_ignore_ascii_case(crate::federation::COGNITO)
            }
            Key::Other => [
                "aws:CalledVia",
                "aws:TagKeys",
                "aws:VpceOrgPaths",
                "sts:TransitiveTagKeys",
                "dynamodb:LeadingKeys",
                "dynamodb:Attributes",
                "kms:EncryptionContextKeys",
            ]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(text)),
            _ => false,
        }
    }

    /// Whether requests carry the key only if they come through a VPC endpoint.
    pub(crate) fn is_of_endpoints(self, text: &str) -> bool {
        self == Key::SourceVpc
            || [
                "aws:SourceVpcArn",
                "aws:VpcSourceIp",
                "aws:VpceAccount",
                "aws:VpceOrgID",
                "aws:VpceOrgPaths",
            ]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(text))
    }

    /// One bit for each key that only a service's call carries.
    pub(crate) const fn source_bit(self) -> u8 {
        match self {
            Key::SourceAccount => 1,
            Key::SourceArn => 2,
            Key::SourceOrgId => 4,
            Key::SourceOrgPaths => 8,
            Key::SourceOwner => 16,
            _ => 0,
        }
    }
}
