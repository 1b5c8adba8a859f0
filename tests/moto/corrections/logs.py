"""CloudWatch Logs: what is set on log groups, and destinations of other accounts."""

import json
from collections import defaultdict
from typing import Any

from moto.core.utils import unix_time_millis, utcnow
from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.models import LogGroup, LogsBackend, logs_backends
from moto.logs.responses import LogsResponse

from .wrapping import wrap

_POLICIES: dict[tuple[str, str], dict[tuple[str, str], dict[str, Any]]] = defaultdict(dict)


def _group(self: LogsResponse, parameter: str) -> LogGroup:
    named = self._get_param(parameter) or ""
    name = named.split(":log-group:")[-1].removesuffix(":*")
    group = self.logs_backend.groups.get(name)
    if group is None:
        raise ResourceNotFoundException()
    return group


def subscriptions_go_to_destinations() -> None:
    """A filter's destination may be "a logical destination (specified using an ARN)
    belonging to a different account" (API_PutSubscriptionFilter); moto looks for a
    log group of its name. A filter of the same name is replaced, also where no
    further one would be taken.
    """

    def put(
        original: Any,
        self: LogsBackend,
        log_group_name: str,
        filter_name: str,
        filter_pattern: str,
        destination_arn: str,
        role_arn: str,
    ) -> None:
        parts = destination_arn.split(":")
        if parts[2] != "logs":
            original(
                self, log_group_name, filter_name, filter_pattern, destination_arn, role_arn
            )
            return
        group = self.groups.get(log_group_name)
        if group is None:
            raise ResourceNotFoundException()
        if destination_arn not in logs_backends[parts[4]][parts[3]].destinations:
            raise InvalidParameterException(
                "Could not deliver test message to specified destination."
            )
        if filter_name in group.subscription_filters:
            filter_ = group.subscription_filters[filter_name]
            filter_.update(filter_pattern, destination_arn, role_arn)
        else:
            group.put_subscription_filter(
                filter_name, filter_pattern, destination_arn, role_arn
            )

    wrap(LogsBackend, "put_subscription_filter", put)


def keys_are_associated() -> None:
    """API_AssociateKmsKey, API_DisassociateKmsKey: the group has the key, or none."""

    def associate(self: LogsResponse) -> str:
        _group(self, "logGroupName").kms_key_id = self._get_param("kmsKeyId")
        return ""

    def disassociate(self: LogsResponse) -> str:
        _group(self, "logGroupName").kms_key_id = None
        return ""

    LogsResponse.associate_kms_key = associate
    LogsResponse.disassociate_kms_key = disassociate


def data_is_protected() -> None:
    """API_PutDataProtectionPolicy, API_GetDataProtectionPolicy and
    API_DeleteDataProtectionPolicy: one policy a group, by name or ARN; a group
    without one answers without a document.
    """

    def put(self: LogsResponse) -> str:
        group = _group(self, "logGroupIdentifier")
        group.data_protection = self._get_param("policyDocument")
        return answer(self, group)

    def get(self: LogsResponse) -> str:
        return answer(self, _group(self, "logGroupIdentifier"))

    def delete(self: LogsResponse) -> str:
        _group(self, "logGroupIdentifier").data_protection = None
        return ""

    def answer(self: LogsResponse, group: LogGroup) -> str:
        said = {"logGroupIdentifier": self._get_param("logGroupIdentifier")}
        document = getattr(group, "data_protection", None)
        if document:
            said["policyDocument"] = document
        return json.dumps(said)

    LogsResponse.put_data_protection_policy = put
    LogsResponse.get_data_protection_policy = get
    LogsResponse.delete_data_protection_policy = delete


def accounts_have_policies() -> None:
    """API_PutAccountPolicy, API_DescribeAccountPolicies, API_DeleteAccountPolicy:
    policies by type and name; one that is not there is ResourceNotFoundException.
    """

    def all_of(self: LogsResponse) -> dict[tuple[str, str], dict[str, Any]]:
        return _POLICIES[self.current_account, self.region]

    def put(self: LogsResponse) -> str:
        names = ("policyName", "policyType", "policyDocument", "scope", "selectionCriteria")
        asked = {name: self._get_param(name) for name in names}
        policy = {name: value for name, value in asked.items() if value is not None}
        policy["accountId"] = self.current_account
        policy["lastUpdatedTime"] = int(unix_time_millis(utcnow()))
        all_of(self)[policy["policyType"], policy["policyName"]] = policy
        return json.dumps({"accountPolicy": policy})

    def describe(self: LogsResponse) -> str:
        sort, name = self._get_param("policyType"), self._get_param("policyName")
        found = [
            policy
            for (kind, called), policy in all_of(self).items()
            if kind == sort and name in (None, called)
        ]
        if name and not found:
            raise ResourceNotFoundException()
        return json.dumps({"accountPolicies": found})

    def delete(self: LogsResponse) -> str:
        key = self._get_param("policyType"), self._get_param("policyName")
        if all_of(self).pop(key, None) is None:
            raise ResourceNotFoundException()
        return ""

    def reset(original: Any, self: LogsBackend) -> None:
        _POLICIES.clear()
        original(self)

    LogsResponse.put_account_policy = put
    LogsResponse.describe_account_policies = describe
    LogsResponse.delete_account_policy = delete
    wrap(LogsBackend, "reset", reset)


def metric_filters_go_with_their_group() -> None:
    """API_DeleteLogGroup deletes the group "and permanently deletes all the
    archived log events associated" with it; its metric filters are the group's.
    moto keeps them for a group of the same name.
    """

    def delete(original: Any, self: LogsBackend, log_group_name: str) -> None:
        original(self, log_group_name)
        kept = self.filters.metric_filters
        kept[:] = [one for one in kept if one["logGroupName"] != log_group_name]

    wrap(LogsBackend, "delete_log_group", delete)


CORRECTIONS = (
    metric_filters_go_with_their_group,
    subscriptions_go_to_destinations,
    keys_are_associated,
    data_is_protected,
    accounts_have_policies,
)
