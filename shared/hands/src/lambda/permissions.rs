//! Who may call a function: the statements of its policy, one by one, as Lambda
//! takes and gives them.

use std::collections::BTreeMap;

use aws_sdk_lambda::operation::RequestId;
use aws_sdk_lambda::types::FunctionUrlAuthType;
use serde_json::Value;

use auditward_rules::facet::At;
use auditward_rules::facets::guard::function::{
    FunctionPermissions, FunctionStatement, Permission as Right,
};
use auditward_rules::facets::made::Thing;
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::{Lambda, parts};

const ADD: &str = "lambda:AddPermission";
const REMOVE: &str = "lambda:RemovePermission";
const GET: &str = "lambda:GetPolicy";

impl Lambda<'_> {
    /// All statements of a function's policy, by their IDs.
    async fn statements(&self, at: &At) -> Result<BTreeMap<String, Value>, Failure> {
        let (function, qualifier) = parts(at);
        let asked = self.client(at).await?.get_policy().function_name(function);
        let answer = asked
            .set_qualifier(qualifier.map(str::to_owned))
            .send()
            .await;
        let answer = found(GET, answer, |e| e.is_resource_not_found_exception())?;
        let Some(answer) = answer else {
            return Ok(BTreeMap::new());
        };
        let policy: Value = serde_json::from_str(answer.policy().unwrap_or("{}"))
            .map_err(|error| Failure::other(GET, error.to_string()))?;
        let statements = policy.get("Statement").and_then(Value::as_array);
        let by_id = statements.into_iter().flatten().filter_map(|statement| {
            let sid = statement.get("Sid")?.as_str()?;
            Some((sid.to_owned(), statement.clone()))
        });
        Ok(by_id.collect())
    }

    async fn add(&self, at: &At, sid: &str, right: &Right) -> Result<Written, Failure> {
        let (function, qualifier) = parts(at);
        let term = |name: &str| right.term(name).map(str::to_owned);
        let asked = self.client(at).await?.add_permission();
        let asked = asked
            .function_name(function)
            .set_qualifier(qualifier.map(str::to_owned))
            .statement_id(sid)
            .action(&right.action)
            .principal(&right.principal)
            .set_source_arn(term("sourceArn"))
            .set_source_account(term("sourceAccount"))
            .set_principal_org_id(term("principalOrgID"))
            .set_event_source_token(term("eventSourceToken"))
            .set_function_url_auth_type(
                right
                    .term("functionUrlAuthType")
                    .map(FunctionUrlAuthType::from),
            )
            .set_invoked_via_function_url(
                right.term("invokedViaFunctionUrl").map(|is| is == "true"),
            );
        let answer = asked.send().await;
        let answer = answer.map_err(|error| Failure::of(ADD, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }

    async fn remove(&self, at: &At, sid: &str) -> Result<Written, Failure> {
        let (function, qualifier) = parts(at);
        let asked = self.client(at).await?.remove_permission();
        let asked = asked
            .function_name(function)
            .set_qualifier(qualifier.map(str::to_owned))
            .statement_id(sid);
        let answer = asked.send().await;
        let answer = answer.map_err(|error| Failure::of(REMOVE, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

impl Hand<FunctionPermissions> for Lambda<'_> {
    async fn read(&self, at: &At) -> Result<BTreeMap<String, Right>, Failure> {
        let all = self.statements(at).await?.into_iter();
        Ok(all
            .filter_map(|(sid, statement)| Some((sid, Right::read(&statement)?)))
            .collect())
    }

    async fn write(
        &self,
        at: &At,
        from: &BTreeMap<String, Right>,
        to: &BTreeMap<String, Right>,
    ) -> Result<Written, Failure> {
        let mut written = Written::default();
        for (sid, _) in from
            .iter()
            .filter(|(sid, right)| to.get(*sid) != Some(*right))
        {
            written = written.then(self.remove(at, sid).await)?;
        }
        for (sid, right) in to
            .iter()
            .filter(|(sid, right)| from.get(*sid) != Some(*right))
        {
            written = written.then(self.add(at, sid, right).await)?;
        }
        Ok(written)
    }
}

impl Hand<FunctionStatement> for Lambda<'_> {
    async fn read(&self, at: &At) -> Result<Option<Thing>, Failure> {
        let sid = at.item.as_deref().unwrap_or_default();
        let statement = self.statements(at).await?.remove(sid);
        Ok(statement.map(|statement| Thing {
            created: None,
            detail: Right::read(&statement)
                .map(|right| right.detail())
                .unwrap_or_default(),
        }))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Thing>,
        to: &Option<Thing>,
    ) -> Result<Written, Failure> {
        let sid = at.item.as_deref().unwrap_or_default();
        let Some(thing) = to else {
            return self.remove(at, sid).await;
        };
        let right = Right::of_detail(&thing.detail).ok_or_else(|| {
            Failure::other(ADD, "the statement is of a form that cannot be added")
        })?;
        self.add(at, sid, &right).await
    }
}
