"""Organizations: corrections, and what the tests rely on."""

import json
import unittest

from harness import MANAGEMENT, MEMBER, MotoTest

ROOT = "r-ex4m"
SCP = "SERVICE_CONTROL_POLICY"


class Organization(MotoTest):
    """An organization with one policy."""

    def setUp(self) -> None:
        super().setUp()
        self.client_ = self.client("organizations")
        self.client_.create_organization(FeatureSet="ALL")
        content = {"Version": "2012-10-17", "Statement": []}
        policy = self.client_.create_policy(
            Name="keep-the-trails", Description="", Type=SCP, Content=json.dumps(content)
        )
        self.policy = policy["Policy"]["PolicySummary"]["Id"]

    def attached(self) -> list[str]:
        """What is attached to the root."""
        found = self.client_.list_policies_for_target(TargetId=ROOT, Filter=SCP)
        return [policy["Id"] for policy in found["Policies"]]

    def test_names_of_the_samples(self) -> None:
        self.assertEqual(self.policy, "p-9f2kd81x")
        self.assertEqual(
            self.client_.describe_organization()["Organization"]["Id"], "o-exampleorg1"
        )
        unit = self.client_.create_organizational_unit(ParentId=ROOT, Name="Workloads")
        self.assertEqual(unit["OrganizationalUnit"]["Id"], "ou-ex4m-7h2kq9wd")
        made = self.client_.create_account(AccountName="a", Email="222222222222@example.com")
        self.assertEqual(made["CreateAccountStatus"]["AccountId"], "222222222222")

    def test_policy_types(self) -> None:
        kind = {"RootId": ROOT, "PolicyType": SCP}
        attach = {"PolicyId": self.policy, "TargetId": ROOT}
        self.refused("PolicyTypeNotEnabledException", self.client_.attach_policy, **attach)
        self.client_.enable_policy_type(**kind)
        self.client_.attach_policy(**attach)
        self.assertEqual(self.attached(), ["p-FullAWSAccess", self.policy])
        self.client_.disable_policy_type(**kind)
        self.assertEqual(self.attached(), [])
        self.client_.enable_policy_type(**kind)
        self.assertEqual(self.attached(), ["p-FullAWSAccess"])

    def test_delegated_administrators_of_cloudtrail(self) -> None:
        self.client_.create_account(AccountName="a", Email=f"{MEMBER}@example.com")
        trails = self.client("cloudtrail")
        trails.register_organization_delegated_admin(MemberAccountId=MEMBER)
        found = self.client_.list_delegated_services_for_account(AccountId=MEMBER)
        names = [one["ServicePrincipal"] for one in found["DelegatedServices"]]
        self.assertEqual(names, ["cloudtrail.amazonaws.com"])
        trails.deregister_organization_delegated_admin(DelegatedAdminAccountId=MEMBER)
        self.refused(
            "AccountNotRegisteredException",
            self.client_.list_delegated_services_for_account,
            AccountId=MEMBER,
        )

    def test_a_member_leaves(self) -> None:
        self.client_.create_account(AccountName="a", Email=f"{MEMBER}@example.com")
        self.client("organizations", MEMBER).leave_organization()
        found = self.client_.list_accounts()["Accounts"]
        self.assertEqual([one["Id"] for one in found], [MANAGEMENT])
        self.refused(
            "AWSOrganizationsNotInUseException",
            self.client("organizations", MEMBER).leave_organization,
        )

    def test_no_resource_policy(self) -> None:
        self.refused(
            "ResourcePolicyNotFoundException", self.client_.describe_resource_policy
        )


if __name__ == "__main__":
    unittest.main()
