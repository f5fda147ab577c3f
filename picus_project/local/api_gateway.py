"""The stand-in for API Gateway's REST API, with the delete function behind it.

Run as `python -m picus_project.local.api_gateway` with the variables GATEWAY_PORT, GATEWAY_STAGE and GATEWAY_API_KEY.
As on AWS, only requests with the right key, Host and stage reach the function. The gateway's own errors have its
`message` and what a GatewayResponse adds on AWS: the contract's `error` and the edge's request id.
"""

import asyncio
import base64
import hmac
import logging
import logging.config
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import h11

from picus_api.core import logs
from picus_project.local.connections import AcceptedConnection, Header
from picus_project.local.events import LambdaContext, rest_proxy_event
from picus_project.local.http_server import BACKLOG, bind, error_code, send_json, send_response, serve
from picus_project.local.proxy import forwarded_for

logger = logging.getLogger(__name__)

# API Gateway's quotas: the integration's time in seconds, the payload in bytes.
INTEGRATION_SECONDS = 29.0
MAX_BODY_BYTES = 10_000_000
# Concurrent invocations. On AWS each has its own process.
THREADS = 32

LambdaHandler = Callable[[dict[str, Any], Any], Any]


class ApiGateway:
    """One deployed stage; `handle` is a RequestHandler."""

    def __init__(self, *, function: LambdaHandler, port: int, stage: str, api_key: str) -> None:
        self.function = function
        self.host = f"127.0.0.1:{port}".encode()
        self.stage = stage
        self.api_key = api_key.encode()
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="lambda")

    async def handle(self, client: AcceptedConnection, request: h11.Request) -> None:
        """Invoke the function for one request and send its response."""
        if not self.admits(request):
            await _send_error(client, request, 403, "Forbidden")
            return
        body = await _read_body(client)
        if body is None:
            await _send_error(client, request, 413, "Request Too Long")
            return
        try:
            async with asyncio.timeout(INTEGRATION_SECONDS):
                result = await self.invoke(request, client, body)
            response = http_response(result)
        except TimeoutError:
            await _send_error(client, request, 504, "Endpoint request timed out")
        except Exception:  # a handler may raise anything; API Gateway has one response for it
            logger.exception("the function failed")
            await _send_error(client, request, 502, "Internal server error")
        else:
            await send_response(client, *response)

    def admits(self, request: h11.Request) -> bool:
        """Return True if the request is for this API and stage and has the API key."""
        headers = dict(request.headers)
        path = request.target.split(b"?")[0].decode("ascii")
        return (
            headers.get(b"host") == self.host
            and (path == f"/{self.stage}" or path.startswith(f"/{self.stage}/"))
            and hmac.compare_digest(headers.get(b"x-api-key", b""), self.api_key)
        )

    async def invoke(self, request: h11.Request, client: AcceptedConnection, body: bytes) -> Any:
        """Call the function in a thread, with the event that API Gateway would send."""
        path, _, query = request.target.decode("ascii").partition("?")
        fields = [(name, value) for name, value in request.headers.raw_items() if name.lower() != b"x-forwarded-for"]
        fields.append((b"X-Forwarded-For", forwarded_for(request, client)))
        event = rest_proxy_event(
            method=request.method.decode("ascii"),
            path=path.removeprefix(f"/{self.stage}") or "/",
            headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields],
            query=query,
            body=body,
            stage=self.stage,
            source_ip=client.address,
        )
        return await asyncio.get_running_loop().run_in_executor(self.threads, self.function, event, LambdaContext())


async def _read_body(client: AcceptedConnection) -> bytes | None:
    """Return the whole body, or None if it is over the quota."""
    content = bytearray()
    async for piece in client.body():
        content += piece
        if len(content) > MAX_BODY_BYTES:
            return None
    return bytes(content)


def http_response(result: Any) -> tuple[int, list[Header], bytes]:
    """Return the status, headers and body for a function's result. Raises some exception for a malformed result."""
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
    h11.Response(status_code=status, headers=headers)  # raises for an invalid header
    return status, headers, content


def _headers(result: dict[str, Any]) -> list[Header]:
    """Return both kinds of headers; multiValueHeaders win for a name that is in both."""
    multi = {str(name).lower(): (name, values) for name, values in (result.get("multiValueHeaders") or {}).items()}
    single = {str(name).lower(): (name, [value]) for name, value in (result.get("headers") or {}).items()}
    merged = {"content-type": ("Content-Type", ["application/json"]), **single, **multi}
    for replaced in ("content-length", "transfer-encoding", "connection", "date"):
        merged.pop(replaced, None)
    return [
        (str(name).encode("latin-1"), str(value).encode("latin-1"))
        for name, values in merged.values()
        for value in values
    ]


async def _send_error(client: AcceptedConnection, request: h11.Request, status: int, text: str) -> None:
    request_id = dict(request.headers).get(b"x-amz-cf-id", b"-")
    await send_json(
        client, status, {"message": text, "error": text, "code": error_code(status)}, [(b"X-Request-Id", request_id)]
    )


def main() -> None:
    """Serve the delete function until the process is ended."""
    from delete_fn.handler import handler  # noqa: PLC0415 -- so that the module can be imported without the function

    port = int(os.environ["GATEWAY_PORT"])
    gateway = ApiGateway(
        function=handler, port=port, stage=os.environ["GATEWAY_STAGE"], api_key=os.environ["GATEWAY_API_KEY"]
    )
    # The function logs JSON only; here it follows LOG_FORMAT, like the service: text on a terminal.
    level = os.environ.get("LOG_LEVEL") or "INFO"
    logging.config.dictConfig(logs.configuration(os.environ.get("LOG_FORMAT", ""), level))
    try:
        sock = bind("127.0.0.1", port)
        sock.listen(BACKLOG)
    except OSError as error:
        sys.exit(f"API Gateway's stand-in: port {port}: {error.strerror}")
    asyncio.run(serve(sock, gateway.handle))


if __name__ == "__main__":
    main()
