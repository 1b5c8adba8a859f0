//! Guards trust policies, the power to change trails, and Auditward's own roles.

use auditward_hands::anywhere::Anchors;
use auditward_hands::iam::Iam;
use auditward_hands::ram::Shares;

auditward_hands::function! {
    RoleGuard {
        principals: Iam carries [
            RoleTrust,
            RoleSessions,
            RoleInlinePolicies,
            RoleBoundary,
            RoleTags,
            RoleSettings,
            Attachments,
            InlinePolicy,
            GuardrailAttachment,
            PrincipalBoundary,
            GroupMembership,
            AccessKey,
            ProviderAudience,
            ManagedPolicy,
            PolicyVersion,
        ];
        anchors: Anchors carries [TrustAnchor, EnabledAnchor];
        shares: Shares carries [SharePrincipal];
    }
    discover [principals]
}
