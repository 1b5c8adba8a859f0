"""S3 Control: access points."""

from typing import Any

from moto.s3control.models import AccessPoint
from moto.s3control.responses import S3ControlResponse

from .wrapping import wrap


def access_points_have_an_age() -> None:
    """CreationDate is a time with its zone.

    API_control_GetAccessPoint: CreationDate is a Timestamp, which XML spells
    with a `Z`. moto leaves it out, which strict SDKs refuse.
    """

    def init(original: Any, self: AccessPoint, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        self.created += "Z"

    wrap(AccessPoint, "__init__", init)


def access_points_tell_whose_bucket_they_are_for() -> None:
    """GetAccessPoint answers with BucketAccountId.

    API_control_GetAccessPoint, response syntax. moto leaves it out.
    """

    def get(original: Any, self: S3ControlResponse) -> Any:
        result = original(self)
        result.result["BucketAccountId"] = self._get_param("AccountId")
        return result

    wrap(S3ControlResponse, "get_access_point", get)


CORRECTIONS = (
    access_points_have_an_age,
    access_points_tell_whose_bucket_they_are_for,
)
