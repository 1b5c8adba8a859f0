"""S3: configurations of a bucket that come back as they were put."""

from typing import Any

from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from .wrapping import wrap

XML = {"Content-Type": "application/xml"}
# API_GetBucketNotificationConfiguration: "If notifications are not enabled on
# the bucket, the action returns an empty NotificationConfiguration element."
NOTHING = '<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'
WHOLE = ("replication", "notification", "logging", "object-lock")


def _asked(query: Any) -> str | None:
    return next((name for name in WHOLE if name in query), None)


def _kept(bucket: FakeBucket) -> dict[str, bytes]:
    if not hasattr(bucket, "kept_whole"):
        bucket.kept_whole = {}
    return bucket.kept_whole


def configurations_are_kept_whole() -> None:
    """Four configurations come back with everything that was put.

    API_ReplicationRule has a filter, delete markers, source selection and the
    destination's account, class, owner and key; API_NotificationConfiguration
    has EventBridge, and nobody is told without asking where
    x-amz-skip-destination-validation is given; API_LoggingEnabled has the format
    of keys; API_DefaultRetention has days or years, and
    API_PutObjectLockConfiguration works on existing buckets with versioning,
    which then answer as API_GetObjectLockConfiguration says, those without with
    ObjectLockConfigurationNotFoundError. moto answers with constants in the
    place of most of these, and with none of them for object lock.
    """

    def put(original: Any, self: S3Response, request: Any, name: str, query: Any) -> Any:
        asked = _asked(query)
        if asked is None:
            return original(self, request, name, query)
        bucket = self.backend.get_bucket(name)
        if asked in ("replication", "object-lock") and not bucket.is_versioned:
            raise S3ClientError(
                "InvalidBucketState" if asked == "object-lock" else "InvalidRequest",
                "Versioning must be 'Enabled' on the bucket",
            )
        _kept(bucket)[asked] = self.body
        return 200, {}, ""

    def get(original: Any, self: S3Response, name: str, query: Any) -> Any:
        asked = _asked(query)
        if asked is None:
            return original(self, name, query)
        body = _kept(self.backend.get_bucket(name)).get(asked)
        if body is not None:
            return 200, XML, body
        if asked == "notification":
            return 200, XML, NOTHING
        return original(self, name, query)

    def delete(original: Any, self: S3Response, name: str, query: Any) -> Any:
        asked = _asked(query)
        if asked is not None:
            _kept(self.backend.get_bucket(name)).pop(asked, None)
        return original(self, name, query)

    wrap(S3Response, "_bucket_response_put", put)
    wrap(S3Response, "_bucket_response_get", get)
    wrap(S3Response, "_bucket_response_delete", delete)


CORRECTIONS = (configurations_are_kept_whole,)
