"""gunicorn's threaded worker, with its own refusals in the service's error shape."""

from http import HTTPStatus
from typing import Any

from gunicorn.http import errors
from gunicorn.workers.gthread import ThreadWorker

from picus_api.core import messages

_STATUS: dict[type[BaseException], int] = {
    errors.LimitRequestLine: 414,
    errors.LimitRequestHeaders: 431,
    errors.ExpectationFailed: 417,
    errors.UnsupportedTransferCoding: 501,
    # These two are about the application's own answer; newer than the type stubs.
    errors.InvalidResponseHeader: 500,  # type: ignore[attr-defined]
    errors.InvalidResponseHeaderName: 500,  # type: ignore[attr-defined]
}


class Worker(ThreadWorker):
    """What does not reach Django is answered like what does."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a request that is not proper HTTP, or one that the application failed, and close the connection."""
        status = _STATUS.get(type(exc), 400 if isinstance(exc, errors.ParseException) else 500)
        if status == 500:
            self.log.error("unhandled", exc_info=exc)
        else:
            self.log.warning("refused: %s", exc)
        sentence = messages.INTERNAL if status == 500 else "The request is not proper HTTP."
        body = messages.encode(messages.error(sentence))
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n"
        )
        try:
            client.sendall(head.encode() + body)
        except OSError as error:
            self.log.debug("the client is gone: %s", error)
