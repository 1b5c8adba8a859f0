//! Guards trust policies, the power to change trails, and Auditward's own roles.

use auditward_hands::iam::Iam;

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
    }
    discover [principals]
}
