//! Guards Auditward itself.

use auditward_hands::lambda::Lambda;

auditward_hands::function! {
    SelfGuard {
        functions: Lambda carries [];
    }
    discover []
}
