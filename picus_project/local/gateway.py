"""The stand-in for API Gateway's REST endpoint, with the delete function behind it.

`python -m picus_project.local.gateway` with the environment variables GATEWAY_PORT, GATEWAY_STAGE, GATEWAY_API_KEY.
As on AWS, only requests with the right key, Host and stage come to the function. Errors of the gateway's own have its
`message`, and what a GatewayResponse has to add on AWS: the contract's `error`, and the edge's request id.
"""

import asyncio
import base64
import hmac
import json
import logging
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import h11

from picus_project.local.events import LambdaContext, rest_proxy_event
from picus_project.local.http1 import Header
from picus_project.local.server import listen, phrase, respond, serve
from picus_project.local.viewer import Viewer

logger = logging.getLogger(__name__)

# API Gateway's quotas: the integration's time in seconds, the payload in bytes.
INTEGRATION_SECONDS = 29.0
MAX_BODY_BYTES = 10_000_000
# Invocations at the same time; on AWS each has an instance of its own.
THREADS = 32

Handler = Callable[[dict[str, Any], Any], Any]


class Gateway:
    """One deployed stage; `answer` is what server.serve() calls."""

    def __init__(self, *, handler: Handler, port: int, stage: str, api_key: str) -> None:
        self.handler = handler
        self.host = f"127.0.0.1:{port}".encode()
        self.stage = stage
        self.api_key = api_key.encode()
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="lambda")

    async def answer(self, viewer: Viewer, request: h11.Request) -> None:
        """Invokes the function for one request and sends what it says."""
        if not self.admits(request):
            await _refuse(viewer, request, 403, "Forbidden")
            return
        body = await _body(viewer)
        if body is None:
            await _refuse(viewer, request, 413, "Request Too Long")
            return
        try:
            async with asyncio.timeout(INTEGRATION_SECONDS):
                result = await self.invoke(request, viewer, body)
            head, content = response(result)
        except TimeoutError:
            await _refuse(viewer, request, 504, "Endpoint request timed out")
        except Exception:  # a handler may raise anything, and API Gateway answers all of it alike
            logger.exception("the function failed")
            await _refuse(viewer, request, 502, "Internal server error")
        else:
            await viewer.send(head, *([h11.Data(data=content)] if viewer.method != b"HEAD" else []), h11.EndOfMessage())

    def admits(self, request: h11.Request) -> bool:
        """Whether the request is for this API and stage, and carries its key."""
        headers = dict(request.headers)
        path = request.target.split(b"?")[0].decode("ascii")
        return (
            headers.get(b"host") == self.host
            and (path == f"/{self.stage}" or path.startswith(f"/{self.stage}/"))
            and hmac.compare_digest(headers.get(b"x-api-key", b""), self.api_key)
        )

    async def invoke(self, request: h11.Request, viewer: Viewer, body: bytes) -> Any:
        """Calls the handler in a thread, with the event that API Gateway would send."""
        path, _, query = request.target.decode("ascii").partition("?")
        context = LambdaContext()
        event = rest_proxy_event(
            method=request.method.decode("ascii"),
            path=path.removeprefix(f"/{self.stage}") or "/",
            headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw_items()],
            query=query,
            body=body,
            stage=self.stage,
            source_ip=viewer.address,
        )
        return await asyncio.get_running_loop().run_in_executor(self.threads, self.handler, event, context)


async def _body(viewer: Viewer) -> bytes | None:
    """The request's whole body, or None when it is over the quota."""
    content = bytearray()
    while viewer.wants_more():
        await viewer.continue_if_expected()
        event = await viewer.event()
        if isinstance(event, h11.Data):
            content += event.data
        if len(content) > MAX_BODY_BYTES:
            return None
    return bytes(content)


def response(result: Any) -> tuple[h11.Response, bytes]:
    """The HTTP response that a handler's response object means. Raises whatever a malformed one gives rise to."""
    if not isinstance(result, dict):
        raise TypeError(f"a response object must be a mapping, not {type(result).__name__}")
    status = int(result.get("statusCode", 200))
    if not 200 <= status <= 599:
        raise ValueError(f"statusCode can't be {status}")
    body = result.get("body") or ""
    if not isinstance(body, str):
        raise TypeError(f"body must be a string, not {type(body).__name__}")
    content = base64.b64decode(body, validate=True) if result.get("isBase64Encoded") else body.encode()
    headers = _headers(result)
    if status in (204, 304):
        content = b""
    else:
        headers.append((b"Content-Length", str(len(content)).encode()))
    return h11.Response(status_code=status, headers=headers, reason=phrase(status)), content


def _headers(result: dict[str, Any]) -> list[Header]:
    """Both kinds of headers; a name in both has the values of multiValueHeaders."""
    multi = {str(name).lower(): (name, values) for name, values in (result.get("multiValueHeaders") or {}).items()}
    single = {str(name).lower(): (name, [value]) for name, value in (result.get("headers") or {}).items()}
    merged = {"content-type": ("Content-Type", ["application/json"]), **single, **multi}
    for delimiter in ("content-length", "transfer-encoding", "connection"):
        merged.pop(delimiter, None)
    return [
        (str(name).encode("latin-1"), str(value).encode("latin-1"))
        for name, values in merged.values()
        for value in values
    ]


async def _refuse(viewer: Viewer, request: h11.Request, status: int, text: str) -> None:
    request_id = dict(request.headers).get(b"x-amz-cf-id", b"-")
    body = json.dumps({"message": text, "error": text}).encode()
    await respond(viewer, status, body, [(b"X-Request-Id", request_id)])


def main() -> None:
    """Serves the delete function's handler until the process is ended."""
    from delete_fn.handler import handler  # noqa: PLC0415 -- so that the module can be imported without the function

    port = int(os.environ["GATEWAY_PORT"])
    gateway = Gateway(
        handler=handler, port=port, stage=os.environ["GATEWAY_STAGE"], api_key=os.environ["GATEWAY_API_KEY"]
    )
    try:
        sock = listen("127.0.0.1", port)
    except OSError as error:
        sys.exit(f"gateway: port {port}: {error.strerror}")
    asyncio.run(serve(sock, gateway.answer))


if __name__ == "__main__":
    main()
