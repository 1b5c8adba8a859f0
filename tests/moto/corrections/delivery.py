"""Whether a bucket lets CloudTrail deliver a trail's log files.

Follows "Amazon S3 bucket policy for CloudTrail" in the CloudTrail user guide:
the service principal needs s3:GetBucketAcl on the bucket and s3:PutObject on
`[prefix/]AWSLogs/<account>/*`, and conditions on aws:SourceArn must name the
trail.
"""

import json
from fnmatch import fnmatchcase
from typing import Any

from moto.cloudtrail.exceptions import S3BucketDoesNotExistException
from moto.cloudtrail.models import Trail
from moto.core.exceptions import JsonRESTError
from moto.s3.models import s3_backends

SERVICE = "cloudtrail.amazonaws.com"
DELIVERY_ACL = "bucket-owner-full-control"


def require_delivery(trail: Trail) -> None:
    """Refuse the trail with CloudTrail's own errors if it could not deliver."""
    error = delivery_error(trail)
    if error == "NoSuchBucket":
        raise S3BucketDoesNotExistException(
            f"S3 bucket {trail.bucket_name} does not exist!"
        )
    if error:
        raise JsonRESTError(
            "InsufficientS3BucketPolicyException",
            f"Incorrect S3 bucket policy is detected for bucket: {trail.bucket_name}",
        )


def delivery_error(trail: Trail) -> str | None:
    """Amazon S3's error code for a delivery of this trail, if it would fail."""
    place = s3_backends.bucket_accounts.get(trail.bucket_name)
    if place is None:
        return "NoSuchBucket"
    partition, owner = place
    bucket = s3_backends[owner][partition].get_bucket(trail.bucket_name)
    try:
        statements = json.loads(bucket.policy or "{}").get("Statement", [])
    except ValueError:
        return "AccessDenied"
    prefix = f"{trail.s3_key_prefix}/" if trail.s3_key_prefix else ""
    key = f"{bucket.arn}/{prefix}AWSLogs/{trail.account_id}/CloudTrail/x.json.gz"
    for action, resource in (("s3:GetBucketAcl", bucket.arn), ("s3:PutObject", key)):
        hits = [
            statement["Effect"]
            for statement in _listed(statements)
            if _applies(statement, trail, action, resource)
        ]
        if "Allow" not in hits or "Deny" in hits:
            return "AccessDenied"
    return None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _applies(statement: Any, trail: Trail, action: str, resource: str) -> bool:
    principal = statement.get("Principal")
    services = principal.get("Service") if isinstance(principal, dict) else None
    named = principal == "*" or SERVICE in _listed(services)
    return (
        named
        and any(
            fnmatchcase(action.lower(), pattern.lower())
            for pattern in _listed(statement.get("Action", []))
        )
        and any(
            fnmatchcase(resource, pattern)
            for pattern in _listed(statement.get("Resource", []))
        )
        and _holds(statement.get("Condition") or {}, trail)
    )


def _holds(conditions: dict[str, Any], trail: Trail) -> bool:
    """The conditions that AWS's documentation uses; an unknown one fails."""
    context = {
        "aws:sourcearn": trail.arn,
        "aws:sourceaccount": trail.account_id,
        "s3:x-amz-acl": DELIVERY_ACL,
        "aws:securetransport": "true",
    }
    for operator, wanted in conditions.items():
        for key, values in wanted.items():
            actual = context.get(key.lower())
            if actual is None:
                return False
            exact = operator.lower() in ("stringequals", "bool")
            if not any(
                actual == str(value).lower() or actual == value
                if exact
                else fnmatchcase(actual, value)
                for value in _listed(values)
            ):
                return False
    return True
