//! Guards the organization: trusted access, delegated administrators, guardrails.

use auditward_hands::organizations::Organizations;

auditward_hands::function! {
    OrganizationGuard {
        organization: Organizations carries [
            TrustedAccess,
            Delegation,
            NewDelegation,
            Invitation,
            OrganizationPolicy,
            OrganizationAttachment,
            GuardrailContent,
            PolicyType,
            AccountPlace,
        ];
    }
    discover [organization]
}
