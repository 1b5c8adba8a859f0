"""KMS: key states, key policies, keys named by ARN."""

import json
import time
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kms.models import Grant, KmsBackend
from moto.kms.responses import KmsResponse

from .wrapping import wrap


def keys_pending_deletion_stay_so() -> None:
    """A key that waits for its deletion can only be taken back from it.

    "Key states of AWS KMS keys" (developer guide): DisableKey, EnableKey and
    ScheduleKeyDeletion fail with KMSInvalidStateException on a key that is
    PendingDeletion, and CancelKeyDeletion on one that is not. moto lets all pass.
    """

    def guard(pending: bool) -> Any:
        def method(original: Any, self: KmsBackend, key_id: str, *rest: Any) -> Any:
            key = self.keys[self.get_key_id(key_id)]
            if (key.key_state == "PendingDeletion") != pending:
                raise JsonRESTError(
                    "KMSInvalidStateException", f"{key.arn} is {key.key_state}."
                )
            return original(self, key.id, *rest)

        return method

    for name in ("disable_key", "enable_key", "schedule_key_deletion"):
        wrap(KmsBackend, name, guard(pending=False))
    wrap(KmsBackend, "cancel_key_deletion", guard(pending=True))


def deletions_answer_with_the_arn() -> None:
    """KeyId in the answers is "The Amazon Resource Name (key ARN) of the KMS key".

    API_ScheduleKeyDeletion and API_CancelKeyDeletion; moto echoes what it was given.
    """

    def answer(original: Any, self: KmsResponse) -> str:
        answered = json.loads(original(self))
        key_id = self.kms_backend.get_key_id(answered["KeyId"])
        answered["KeyId"] = self.kms_backend.keys[key_id].arn
        if "DeletionDate" in answered:
            answered["KeyState"] = "PendingDeletion"
        return json.dumps(answered)

    wrap(KmsResponse, "schedule_key_deletion", answer)
    wrap(KmsResponse, "cancel_key_deletion", answer)


def default_policy_name() -> None:
    """PolicyName may be left out.

    API_PutKeyPolicy and API_GetKeyPolicy: "If no policy name is specified, the
    default value is default". moto answers NotFoundException.
    """

    def method(original: Any, self: KmsResponse) -> str:
        named = self._get_param

        def get_param(name: str, *default: Any) -> Any:
            value = named(name, *default)
            return "default" if name == "PolicyName" and value is None else value

        self._get_param = get_param
        return original(self)

    wrap(KmsResponse, "put_key_policy", method)
    wrap(KmsResponse, "get_key_policy", method)


def malformed_key_policies_are_refused() -> None:
    """API_PutKeyPolicy: MalformedPolicyDocumentException for what is no policy."""

    def put(original: Any, self: KmsBackend, key_id: str, policy: str) -> None:
        try:
            statements = json.loads(policy)["Statement"]
        except (ValueError, TypeError, KeyError):
            statements = None
        if statements is None:
            raise JsonRESTError(
                "MalformedPolicyDocumentException", "The policy is not valid."
            )
        original(self, key_id, policy)

    wrap(KmsBackend, "put_key_policy", put)


def grants_say_when_they_were_made() -> None:
    """GrantListEntry: CreationDate; Name and RetiringPrincipal only where given.

    API_GrantListEntry; moto knows no time and answers null.
    """

    def init(original: Any, self: Grant, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        self.creation_date = time.time()

    def to_json(original: Any, self: Grant) -> dict[str, Any]:
        known = {name: value for name, value in original(self).items() if value is not None}
        return known | {"CreationDate": self.creation_date, "Name": self.name or ""}

    wrap(Grant, "__init__", init)
    wrap(Grant, "to_json", to_json)


def rotation_has_a_period() -> None:
    """RotationPeriodInDays: 90 to 2560, 365 where it is left out.

    API_EnableKeyRotation and API_GetKeyRotationStatus; moto knows no period.
    """

    def key_of(self: KmsResponse) -> Any:
        key_id = self.kms_backend.get_key_id(self._get_param("KeyId"))
        return self.kms_backend.keys[key_id]

    def enable(original: Any, self: KmsResponse) -> str:
        answer = original(self)
        key_of(self).rotation_days = self._get_param("RotationPeriodInDays") or 365
        return answer

    def status(original: Any, self: KmsResponse) -> str:
        answered = json.loads(original(self))
        if answered["KeyRotationEnabled"]:
            answered["RotationPeriodInDays"] = key_of(self).rotation_days
        return json.dumps(answered)

    wrap(KmsResponse, "enable_key_rotation", enable)
    wrap(KmsResponse, "get_key_rotation_status", status)


CORRECTIONS = (
    keys_pending_deletion_stay_so,
    deletions_answer_with_the_arn,
    default_policy_name,
    malformed_key_policies_are_refused,
    grants_say_when_they_were_made,
    rotation_has_a_period,
)
