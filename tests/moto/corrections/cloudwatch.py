"""CloudWatch: the protocol that today's SDKs speak with it."""

import io
import json
import struct
from collections.abc import Callable, Iterable
from typing import Any

from botocore.parsers import RpcV2CBORParser
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from .wrapping import wrap

SERVICE = "GraniteServiceVersion20100801"
PLACE = f"/service/{SERVICE}/operation/"
JSON = "application/x-amz-json-1.0"


def _head(major: int, number: int) -> bytes:
    """The first bytes of an item: its type and its length or value."""
    if number < 24:
        return bytes([major << 5 | number])
    size = next(size for size in range(4) if number < 1 << (8 << size))
    return bytes([major << 5 | 24 + size]) + number.to_bytes(1 << size, "big")


def _encoded(value: Any, name: str = "") -> bytes:
    """A value of JSON as CBOR (RFC 8949); times are tagged as such."""
    match value:
        case None:
            return b"\xf6"
        case bool():
            return b"\xf5" if value else b"\xf4"
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case float():
            tag = _head(6, 1) if name.endswith("Timestamp") else b""
            return tag + b"\xfb" + struct.pack(">d", value)
        case str():
            text = value.encode()
            return _head(3, len(text)) + text
        case list():
            return _head(4, len(value)) + b"".join(map(_encoded, value))
    pairs = (_encoded(key) + _encoded(inner, key) for key, inner in value.items())
    return _head(5, len(value)) + b"".join(pairs)


def _decoded(body: bytes) -> Any:
    parser = RpcV2CBORParser()
    return parser.parse_data_item(parser.get_peekable_stream_from_bytes(body)) if body else {}


def cloudwatch_speaks_cbor() -> None:
    """A request is its operation's path and CBOR, and so is its answer.

    "Smithy RPC v2 CBOR protocol" (smithy.io): `POST
    /service/{serviceName}/operation/{operationName}`, answered with the header
    smithy-protocol. CloudWatch's model names it first, and the SDKs of Rust and
    Python speak it. moto takes JSON only, and such a path for a bucket's.
    """

    def call(
        original: Any,
        self: DomainDispatcherApplication,
        environ: dict[str, Any],
        start_response: Callable[..., Any],
    ) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if not path.startswith(PLACE):
            return original(self, environ, start_response)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = json.dumps(_decoded(environ["wsgi.input"].read(length))).encode()
        environ |= {
            "PATH_INFO": "/",
            "REQUEST_URI": "/",
            "RAW_URI": "/",
            "CONTENT_TYPE": JSON,
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_X_AMZ_TARGET": f"{SERVICE}.{path.removeprefix(PLACE)}",
            "wsgi.input": io.BytesIO(body),
        }
        begun: list[Any] = []

        def begin(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            begun[:] = status, headers

        said = b"".join(original(self, environ, begin))
        answer = _encoded(json.loads(said or b"{}"))
        status, headers = begun
        kept = [one for one in headers if not one[0].lower().startswith("content-")]
        own = [
            ("Content-Type", "application/cbor"),
            ("Content-Length", str(len(answer))),
            ("smithy-protocol", "rpc-v2-cbor"),
        ]
        start_response(status, kept + own)
        return [answer]

    wrap(DomainDispatcherApplication, "__call__", call)


CORRECTIONS = (cloudwatch_speaks_cbor,)
