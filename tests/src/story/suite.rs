//! What every suite tells of its rows.

/// The stories that a suite tells of all its rows, each a test: elsewhere, without a
/// baseline, in mode alert; and of the sample events of failed and of harmless calls.
///
/// ```ignore
/// auditward_tests::stories! {
///     function: FUNCTION,     // whose sample events
///     services: SERVICES,     // of which services; `&[]`: of all
///     rows: [ROWS, RECORDED], // the first told of without a baseline, too
///     unguarded: UNGUARDED,   // attempts on what nobody protects on the stage
///     unacted: UNACTED,       // harmless samples that moto does not act out
/// }
/// ```
#[macro_export]
macro_rules! stories {
    (
        function: $function:expr,
        services: $services:expr,
        rows: [$rows:expr $(, $recorded:expr)*],
        unguarded: $unguarded:expr,
        unacted: $unacted:expr $(,)?
    ) => {
        #[tokio::test]
        async fn elsewhere_every_violation_is_put_back_and_told_once() {
            $crate::story::elsewhere($function, $rows).await;
            $($crate::story::elsewhere($function, $recorded).await;)*
        }

        #[tokio::test]
        async fn without_a_baseline_the_constant_state_is_written_or_a_person_told() {
            let story = |row| $crate::story::without_baseline($function, row);
            $crate::story::all($rows, story).await;
        }

        #[tokio::test]
        async fn in_mode_alert_nothing_is_written() {
            let story = |row| $crate::story::only_told($function, row);
            $crate::story::all($rows, story).await;
        }

        #[tokio::test]
        async fn failed_calls_are_attempts_and_fold() {
            $crate::story::attempts($function, $unguarded).await;
        }

        #[tokio::test]
        async fn harmless_calls_are_left_alone() {
            $crate::story::clean($function, $services, $unacted).await;
        }
    };
}
