"""Combine credentials, clock and endpoint once a second: all requests of that second share the result."""

import logging
import time
from typing import NamedTuple

from botocore.exceptions import BotoCoreError

from picus_api.core.dynamodb.credentials import CredentialProvider
from picus_api.core.dynamodb.endpoint import Endpoint
from picus_api.core.dynamodb.http_parser import HttpReply
from picus_api.core.dynamodb.retry import Kind
from picus_api.core.dynamodb.signing import CONTENT_TYPE, TARGET_PREFIX, Credentials, SigningScope, signing_scope

logger = logging.getLogger(__name__)


class SigningContext(NamedTuple):
    """The parts of a signature and a request head that all requests of one second share."""

    second: int
    credentials: Credentials
    scope: SigningScope
    head: str  # of the request, up to the operation's name

    def __repr__(self) -> str:
        """Leave out the secret, because tracebacks and logs print the repr of variables."""
        return f"SigningContext({self.second}, {self.credentials!r})"


class Signer:
    """The signing context of now; shared by all threads."""

    def __init__(self, endpoint: Endpoint, provider: CredentialProvider) -> None:
        self._endpoint = endpoint
        self._provider = provider
        self._context: SigningContext | None = None
        self.clock_offset = 0.0  # seconds that DynamoDB's clock is ahead of ours

    def reset_after_fork(self) -> None:
        """Read the credentials again in a forked process."""
        self._provider.reset_after_fork()
        self._context = None

    def current_context(self) -> SigningContext:
        """Return the context of now. Once a second it asks for the credentials, which are refreshed if they must be.

        Raises botocore's credential errors.
        """
        now = int(time.time() + self.clock_offset)
        context = self._context
        if context is None or context.second != now:
            credentials = self._provider.current()
            amz_date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
            endpoint = self._endpoint
            scope = signing_scope(credentials, endpoint.region, endpoint.authority, endpoint.path, amz_date)
            self._context = context = SigningContext(now, credentials, scope, _request_head(endpoint, scope))
        return context

    def recover(self, kind: Kind, reply: HttpReply, used: Credentials) -> bool:
        """Remove the cause for which DynamoDB refused a signature; return True if the next signature can be valid."""
        if kind == "skewed":
            recovered = self._correct_clock(reply.headers.get("date", ""))
        elif kind == "expired":
            recovered = self._renew(used)
        else:
            return False
        if recovered:
            self._context = None
        return recovered

    def _correct_clock(self, date: str) -> bool:
        from email.utils import parsedate_to_datetime  # noqa: PLC0415 - slow to load, hardly ever needed

        try:
            self.clock_offset = parsedate_to_datetime(date).timestamp() - time.time()
        except ValueError:
            return False
        logger.warning("the clock is %.0f seconds off DynamoDB's: signing by DynamoDB's", -self.clock_offset)
        return True

    def _renew(self, used: Credentials) -> bool:
        try:
            return self._provider.renew(used)
        except BotoCoreError:
            logger.warning("AWS credentials could not be renewed", exc_info=True)
            return False


def _request_head(endpoint: Endpoint, scope: SigningScope) -> str:
    token = f"X-Amz-Security-Token: {scope.token}\r\n" if scope.token else ""
    return (
        f"POST {endpoint.path} HTTP/1.1\r\nHost: {endpoint.authority}\r\nUser-Agent: picus\r\n"
        f"Accept-Encoding: identity\r\nContent-Type: {CONTENT_TYPE}\r\nX-Amz-Date: {scope.amz_date}\r\n"
        f"{token}X-Amz-Target: {TARGET_PREFIX}"
    )
