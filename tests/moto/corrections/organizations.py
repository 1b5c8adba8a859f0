"""Organizations: the organization of the samples, policy types, resource policies."""

from typing import Any

from moto.organizations import models
from moto.organizations.exceptions import (
    AWSOrganizationsNotInUseException,
    OrganizationsClientError,
    PolicyTypeNotEnabledException,
)
from moto.organizations.models import OrganizationsBackend
from moto.organizations.responses import OrganizationsResponse

from .wrapping import wrap

# What the sample events call it. AWS draws IDs by lot, and so does moto.
ORGANIZATION = "o-exampleorg1"
ROOT = "r-ex4m"
NAMED = {
    "Workloads": "ou-ex4m-7h2kq9wd",
    "Sandbox": "ou-ex4m-b51xz0rt",
    "Quarantine": "ou-ex4m-q3ns81vc",
    "keep-the-trails": "p-9f2kd81x",
    "cost-control": "p-z7w40qme",
    "cost-centers": "p-95k2c7qt0d",
}


def names_of_the_samples() -> None:
    """The organization, its units, policies and accounts have the samples' IDs.

    An account's ID is what stands before the `@` of its e-mail address.
    """

    def organization(original: Any, self: Any, *rest: Any, **asked: Any) -> None:
        original(self, *rest, **asked)
        self.id, self.root_id = ORGANIZATION, ROOT

    def named(original: Any, self: Any, *rest: Any, **asked: Any) -> None:
        original(self, *rest, **asked)
        self.id = NAMED.get(str(asked.get("Name")), self.id)

    def account(original: Any, self: Any, *rest: Any, **asked: Any) -> None:
        original(self, *rest, **asked)
        name = asked["Email"].split("@")[0]
        self.id = name if name.isdigit() else self.id

    wrap(models.FakeOrganization, "__init__", organization)
    wrap(models.FakeOrganizationalUnit, "__init__", named)
    wrap(models.FakePolicy, "__init__", named)
    wrap(models.FakeAccount, "__init__", account)


def _targets(backend: OrganizationsBackend) -> list[Any]:
    return [*backend.ou, *backend.accounts]


def policy_types_take_their_attachments_along() -> None:
    """Without its type no policy is attached, and none comes back with it.

    API_DisablePolicyType: "A policy of a certain type can be attached to entities
    in a root only if that type is enabled in the root. After you perform this
    operation, you no longer can attach policies of the specified type to that
    root or to any organizational unit (OU) or account in that root"; the user
    guide: disabling a type detaches all its policies, and enabling it attaches
    AWS's own one, which allows everything. moto keeps all attachments, and
    attaches policies of any type.
    """

    def disable(original: Any, self: OrganizationsBackend, **asked: str) -> Any:
        answer = original(self, **asked)
        for target in _targets(self):
            for policy in list(target.attached_policies):
                if policy.type == asked["PolicyType"]:
                    target.attached_policies.remove(policy)
                    policy.attachments.remove(target)
        return answer

    def enable(original: Any, self: OrganizationsBackend, **asked: str) -> Any:
        answer = original(self, **asked)
        for policy in self.policies:
            if policy.type == asked["PolicyType"] and policy.aws_managed:
                for target in _targets(self):
                    original_attach(self, PolicyId=policy.id, TargetId=target.id)
        return answer

    original_attach = OrganizationsBackend.attach_policy

    def attach(original: Any, self: OrganizationsBackend, **asked: str) -> Any:
        policy = self.get_policy_by_id(asked["PolicyId"])
        roots = [one for one in self.ou if one.type == "ROOT"]
        enabled = [one["Type"] for root in roots for one in root.policy_types]
        if policy.type not in enabled and not policy.aws_managed:
            raise PolicyTypeNotEnabledException
        return original(self, **asked)

    wrap(OrganizationsBackend, "disable_policy_type", disable)
    wrap(OrganizationsBackend, "enable_policy_type", enable)
    wrap(OrganizationsBackend, "attach_policy", attach)


def there_may_be_no_resource_policy() -> None:
    """API_DescribeResourcePolicy: ResourcePolicyNotFoundException without one.

    moto does not know the call.
    """

    def describe(self: OrganizationsResponse) -> str:
        raise OrganizationsClientError(
            "ResourcePolicyNotFoundException", "There is no resource policy."
        )

    OrganizationsResponse.describe_resource_policy = describe


def members_may_leave() -> None:
    """A member account leaves by itself.

    API_LeaveOrganization: "Removes a member account from its parent
    organization. This version of the operation is performed by the account that
    wants to leave." moto knows RemoveAccountFromOrganization alone.
    """

    def leave(self: OrganizationsResponse) -> str:
        owners = models.organizations_backends.master_accounts
        if self.current_account not in owners:
            raise AWSOrganizationsNotInUseException
        owner, partition = owners[self.current_account]
        backend = models.organizations_backends[owner][partition]
        backend.remove_account_from_organization(AccountId=self.current_account)
        return "{}"

    OrganizationsResponse.leave_organization = leave


CORRECTIONS = (
    names_of_the_samples,
    policy_types_take_their_attachments_along,
    there_may_be_no_resource_policy,
    members_may_leave,
)
