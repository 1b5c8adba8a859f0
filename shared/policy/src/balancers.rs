//! AWS's own accounts that deliver the access logs of load balancers.

use crate::analysis::Engine;
use crate::json::{Tape, View};
use crate::policy::Stmt;
use crate::principal::{Form, Principal};
use crate::{Kind, Statement};

/// The accounts of Elastic Load Balancing in the regions that had one before
/// August 2022, in all partitions; later regions use a service principal. From
/// ["Attach a policy to your S3 bucket"](https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html#attach-bucket-policy)
/// and its editions for `GovCloud` and China.
const ACCOUNTS: [&str; 26] = [
    "127311923021", // us-east-1
    "033677994240", // us-east-2
    "027434742980", // us-west-1
    "797873946194", // us-west-2
    "098369216593", // af-south-1
    "754344448648", // ap-east-1
    "582318560864", // ap-northeast-1
    "600734575887", // ap-northeast-2
    "383597477331", // ap-northeast-3
    "718504428378", // ap-south-1
    "114774131450", // ap-southeast-1
    "783225319266", // ap-southeast-2
    "589379963580", // ap-southeast-3
    "985666609251", // ca-central-1
    "054676820928", // eu-central-1
    "897822967062", // eu-north-1
    "635631232127", // eu-south-1
    "156460612806", // eu-west-1
    "652711504416", // eu-west-2
    "009996457667", // eu-west-3
    "076674570225", // me-south-1
    "507241528517", // sa-east-1
    "190560391635", // us-gov-east-1
    "048591011584", // us-gov-west-1
    "638102146993", // cn-north-1
    "037604701340", // cn-northwest-1
];

/// The one action that AWS asks to be granted.
const WRITES: &str = "s3:PutObject";

impl<'t> Engine<'t> {
    /// Whether a statement lets a principal do no more than deliver access logs
    /// into a bucket. Whatever else such an account may do is an outsider's.
    pub(crate) fn delivers_access_logs(
        &self,
        stmt: &Stmt<'t>,
        principal: Option<Principal<'t>>,
    ) -> bool {
        let form = principal.map(|principal| principal.form);
        let Some(Form::Account(account)) = form else {
            return false;
        };
        self.world.kind == Kind::Bucket
            && ACCOUNTS.contains(&account)
            && !stmt.not_action
            && !stmt.not_resource
            && stmt.action.is_some()
            && stmt.resource.is_some()
            && stmt
                .actions()
                .all(|action| action.eq_ignore_ascii_case(WRITES))
    }
}

impl Statement {
    /// Whether it lets services and accounts of load balancers deliver into a
    /// bucket, and does nothing else.
    #[must_use]
    pub fn delivers_logs(&self) -> bool {
        let Ok(tape) = Tape::parse(self.to_json()) else {
            return false;
        };
        let delivers = |family: &str, who: &str| match Principal::parse(family, who).form {
            Form::Service => true,
            Form::Account(account) => ACCOUNTS.contains(&account),
            _ => false,
        };
        let principal = tape.root().get("Principal");
        let mut named = principal.into_iter().flat_map(View::entries).peekable();
        let actions = self.texts("Action");
        self.is_allow()
            && self.element("NotPrincipal").is_none()
            && self.element("NotResource").is_none()
            && !actions.is_empty()
            && actions.iter().all(|one| one.eq_ignore_ascii_case(WRITES))
            && named.peek().is_some()
            && named.all(|(family, values)| {
                let mut all = values.items();
                all.all(|who| who.scalar().is_some_and(|who| delivers(family.text(), who)))
            })
    }
}
