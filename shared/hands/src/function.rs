//! What all functions are made of.

/// Declares a function: its hands, which plans each of them carries, and which
/// of them find what is guarded, in this order; and its `main`.
///
/// ```ignore
/// auditward_hands::function! {
///     TrailGuard {
///         trails: CloudTrail carries [TrailConfig, TrailLogging];
///         keys: Kms carries [KeyState];
///     }
///     discover [trails]
/// }
/// ```
#[macro_export]
macro_rules! function {
    (
        $function:ident {
            $($hand:ident: $sort:ident carries [$($plan:ident),* $(,)?];)+
        }
        discover [$($finder:ident),* $(,)?]
    ) => {
        // A plan that this function is not built with would never be carried out.
        const _: () = {
            $($(assert!(::auditward_rules::plan::carried::$plan);)*)+
        };

        struct $function {
            $($hand: $sort<'static>,)+
            sessions: &'static ::auditward_runtime::sessions::Sessions,
        }

        impl ::auditward_runtime::guard::Guard for $function {
            fn function(&self) -> ::auditward_rules::rule::Function {
                ::auditward_rules::rule::Function::$function
            }

            fn touch<'a>(
                &'a self,
                plan: &'a ::auditward_rules::plan::Plan,
                touch: ::auditward_runtime::guard::Touch<'a>,
            ) -> Option<::auditward_runtime::guard::Touching<'a>> {
                use ::auditward_rules::plan::Plan;
                Some(match plan {
                    $($(Plan::$plan(step) => touch.with(&self.$hand, step),)*)+
                    _ => return None,
                })
            }

            fn home(&self) -> ::auditward_runtime::pipeline::Place {
                ::auditward_runtime::pipeline::Place {
                    account: self.sessions.account().to_owned(),
                    region: self.sessions.home().region.clone(),
                }
            }

            fn discover<'a>(
                &'a self,
                settings: &'a ::auditward_rules::settings::Settings,
                inventory: &'a ::auditward_rules::inventory::Inventory,
                place: &'a ::auditward_runtime::pipeline::Place,
            ) -> ::auditward_runtime::guard::Discovering<'a> {
                Box::pin(async move {
                    let mut found = ::auditward_runtime::guard::Discovered::default();
                    $(found.add(self.$finder.discover(settings, inventory, place).await?);)*
                    Ok(found)
                })
            }

            fn confirms<'a>(
                &'a self,
                happened: &'a ::auditward_runtime::guard::Happened,
            ) -> ::auditward_runtime::guard::Confirming<'a> {
                Box::pin($crate::history::confirms(self.sessions, happened))
            }

            fn stack<'a>(
                &'a self,
                deployed: &'a ::auditward_runtime::guard::Deployed,
            ) -> ::auditward_runtime::guard::Naming<'a> {
                Box::pin($crate::stack::name(self.sessions, deployed))
            }

            fn missed<'a>(
                &'a self,
                gap: &'a ::auditward_runtime::guard::Gap,
            ) -> ::auditward_runtime::guard::Missing<'a> {
                Box::pin($crate::history::between(self.sessions, gap))
            }
        }

        #[::tokio::main(flavor = "current_thread")]
        async fn main() -> Result<(), ::auditward_runtime::serve::Error> {
            ::auditward_runtime::serve::serve(|sessions| $function {
                $($hand: $sort { sessions },)+
                sessions,
            })
            .await
        }
    };
}
