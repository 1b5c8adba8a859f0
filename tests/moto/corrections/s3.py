"""S3: the settings that a new bucket has, ACLs, lifecycle rules, policies."""

import json
from typing import Any

import xmltodict
from moto.s3.exceptions import S3AccessDeniedError, S3ClientError
from moto.s3.models import (
    OWNER,
    FakeAcl,
    FakeBucket,
    FakeGrant,
    PublicAccessBlock,
    S3Backend,
    s3_backends,
)
from moto.s3.responses import S3Response

from .wrapping import wrap

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
ENFORCED = "BucketOwnerEnforced"


def new_buckets_are_closed() -> None:
    """A new bucket blocks public access and has its ACLs disabled.

    "Blocking public access to your Amazon S3 storage" and "Controlling
    ownership of objects and disabling ACLs" (user guide): both are the default
    for new buckets since April 2023. moto's buckets start open.
    """

    def init(original: Any, self: FakeBucket, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        self.public_access_block = PublicAccessBlock(True, True, True, True)
        self.ownership_rule = ENFORCED

    wrap(FakeBucket, "__init__", init)


def buckets_are_always_encrypted() -> None:
    """Without an encryption of its own a bucket has SSE-S3.

    "Setting default server-side encryption behavior" (user guide) and
    API_DeleteBucketEncryption: "This implementation of the DELETE action resets
    the default encryption for the bucket as server-side encryption with Amazon
    S3 managed keys (SSE-S3)". moto answers that there is none.
    """

    def get(original: Any, self: S3Backend, bucket_name: str) -> Any:
        return original(self, bucket_name) or {
            "Rule": {
                "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
                "BucketKeyEnabled": "false",
            }
        }

    wrap(S3Backend, "get_bucket_encryption", get)


def every_grant_of_an_acl_is_told() -> None:
    """GetBucketAcl lists one grant for each grantee and permission.

    "Canned ACL" (user guide): public-read-write gives AllUsers READ and WRITE,
    log-delivery-write gives LogDelivery WRITE and READ_ACP. moto keeps them,
    but answers with the first grantee and the first permission only.
    """

    def to_dict(original: Any, acl: FakeAcl) -> Any:
        single = [
            FakeGrant([grantee], [permission])
            for grant in acl.grants
            for grantee in grant.grantees
            for permission in grant.permissions
        ]
        return original(FakeAcl(single))

    original = S3Response._acl_to_dict
    S3Response._acl_to_dict = staticmethod(lambda acl: to_dict(original, acl))


def _lets_others_in(acl: FakeAcl | None) -> bool:
    return any(
        grantee.uri or grantee.id != OWNER
        for grant in (acl.grants if acl else [])
        for grantee in grant.grantees
    )


def bucket_writes_are_checked() -> None:
    """Three refusals that a repair must be able to meet.

    "Controlling ownership of objects": under BucketOwnerEnforced "requests to
    set ACLs or update ACLs fail and return the AccessControlListNotSupported
    error code", and the setting itself is refused with
    InvalidBucketAclWithObjectOwnership while the ACL lets others in.
    API_PutBucketPolicy refuses what is no policy with MalformedPolicy. moto
    takes all three.
    """

    def put(original: Any, self: S3Response, request: Any, name: str, query: Any) -> Any:
        if "acl" in query and self.backend.get_bucket(name).ownership_rule == ENFORCED:
            raise S3ClientError(
                "AccessControlListNotSupported", "The bucket does not allow ACLs"
            )
        if "ownershipControls" in query and self._ownership_rule_from_body() == ENFORCED:
            if _lets_others_in(self.backend.get_bucket(name).acl):
                raise S3ClientError(
                    "InvalidBucketAclWithObjectOwnership",
                    "Bucket cannot have ACLs set with ObjectOwnership's "
                    "BucketOwnerEnforced setting",
                )
        if "policy" in query:
            _require_policy(self.body)
        return original(self, request, name, query)

    wrap(S3Response, "_bucket_response_put", put)


def _require_policy(body: bytes) -> None:
    try:
        policy = json.loads(body)
        statements = policy["Statement"]
    except (ValueError, TypeError, KeyError):
        statements = None
    if not statements:
        raise S3ClientError("MalformedPolicy", "Policies must be valid JSON")


def lifecycle_rules_are_kept_whole() -> None:
    """GetBucketLifecycleConfiguration answers with the rules that were put.

    API_NoncurrentVersionExpiration has NewerNoncurrentVersions, and
    API_LifecycleRuleFilter has ObjectSizeGreaterThan and ObjectSizeLessThan,
    alone and inside And. moto drops all of them.
    """

    def put(original: Any, self: FakeBucket, rules: list[dict[str, Any]]) -> None:
        document = {"LifecycleConfiguration": {"@xmlns": NAMESPACE, "Rule": rules}}
        source = xmltodict.unparse(document)
        original(self, rules)
        self.lifecycle_source = source

    def get(original: Any, self: S3Response) -> Any:
        original(self)
        bucket = self.backend.get_bucket(self.bucket_name)
        return 200, {"Content-Type": "application/xml"}, bucket.lifecycle_source

    wrap(FakeBucket, "set_lifecycle", put)
    wrap(S3Response, "get_bucket_lifecycle", get)


def buckets_of_other_owners_are_refused() -> None:
    """A request names the account that must own the bucket.

    API_GetBucketLocation and all its neighbours, x-amz-expected-bucket-owner:
    "If the account ID that you provide does not match the actual owner of the
    bucket, the request fails with the HTTP status code 403 Forbidden (access
    denied)." moto does not look at it, and lets every account into every bucket.
    """

    def respond(original: Any, self: S3Response, request: Any, full_url: str) -> Any:
        expected = request.headers.get("x-amz-expected-bucket-owner")
        owner = s3_backends.bucket_accounts.get(self.bucket_name)
        if expected and owner and owner[1] != expected:
            raise S3AccessDeniedError()
        return original(self, request, full_url)

    wrap(S3Response, "_bucket_response", respond)
    wrap(S3Response, "_key_response", respond)


def versioning_answers_with_its_configuration() -> None:
    """The root of the answer is VersioningConfiguration.

    API_GetBucketVersioning, response syntax. moto calls it
    GetBucketVersioningResponse, which strict SDKs cannot read.
    """

    def get(original: Any, self: S3Response) -> Any:
        status, headers, body = original(self)
        root = "GetBucketVersioningResponse"
        return status, headers, body.replace(root, "VersioningConfiguration")

    wrap(S3Response, "get_bucket_versioning", get)


CORRECTIONS = (
    buckets_of_other_owners_are_refused,
    new_buckets_are_closed,
    buckets_are_always_encrypted,
    every_grant_of_an_acl_is_told,
    bucket_writes_are_checked,
    lifecycle_rules_are_kept_whole,
    versioning_answers_with_its_configuration,
)
