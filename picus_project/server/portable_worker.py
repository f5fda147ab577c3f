"""gunicorn's gthread worker with the request rules and errors of this package, for systems without epoll (macOS)."""

from contextlib import suppress
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from picus_project.server.connection import limit_read_time
from picus_project.server.early_errors import error_response
from picus_project.server.request import ServerRequestParser


class PortableWorker(ThreadWorker):
    """A threaded worker for development. It does not send trailers, and slow clients can block all its threads."""

    def handle(self, conn: Any) -> Any:
        """Handle one request of a gunicorn connection."""
        if conn.parser is None:
            limit_read_time(conn.sock)
            conn.parser = ServerRequestParser(self.cfg, conn.sock, conn.client)
        return super().handle(conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Send an error response in the service's format."""
        with suppress(OSError):
            client.sendall(error_response(exc, self.log))
