"""S3 Control: access points."""

from typing import Any

from moto.core.serialize import RestXMLSerializer
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


def answers_are_named_after_their_results() -> None:
    """The root of an answer is `...Result`.

    API_control_GetAccessPointPolicy, response syntax, and its neighbours'. moto
    calls it `...Response`, which strict SDKs refuse.
    """

    def respond(
        original: Any, self: RestXMLSerializer, resp: Any, result: Any, shape: Any, body: Any
    ) -> Any:
        answer = original(self, resp, result, shape, body)
        if self.operation_model.service_model.service_name == "s3control":
            name = self.operation_model.name
            for text in (f"<{name}Response", f"</{name}Response"):
                answer["body"] = _renamed(answer["body"], text)
        return answer

    wrap(RestXMLSerializer, "_serialized_result_to_response", respond)


def _renamed(body: Any, text: str) -> Any:
    result = text.removesuffix("Response") + "Result"
    if isinstance(body, bytes):
        return body.replace(text.encode(), result.encode())
    return body.replace(text, result)


CORRECTIONS = (
    answers_are_named_after_their_results,
    access_points_have_an_age,
    access_points_tell_whose_bucket_they_are_for,
)
