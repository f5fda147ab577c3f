"""Credentials, clock and endpoint, put together once a second into what all requests of it share."""

import logging
import time
from typing import NamedTuple

from botocore.exceptions import BotoCoreError

from picus_api.core.dynamodb.credentials import Credentials
from picus_api.core.dynamodb.endpoint import Endpoint
from picus_api.core.dynamodb.http11 import HttpAnswer
from picus_api.core.dynamodb.retrying import Kind
from picus_api.core.dynamodb.signing import CONTENT_TYPE, TARGET_PREFIX, Secrets, SigningScope, signing_scope

logger = logging.getLogger(__name__)


class Second(NamedTuple):
    """What all requests of one second have in common."""

    second: int
    secrets: Secrets
    scope: SigningScope
    head: str  # of the request, up to the operation's name

    def __repr__(self) -> str:
        """Show no secret."""
        return f"Second({self.second}, {self.secrets!r})"


class Signer:
    """Knows with what, and as of when, to sign; shared by all threads."""

    def __init__(self, endpoint: Endpoint, credentials: Credentials) -> None:
        self._endpoint = endpoint
        self._credentials = credentials
        self._second: Second | None = None
        self._skew = 0.0  # seconds that DynamoDB's clock is ahead of ours

    def forget(self) -> None:
        """Start anew in a forked process."""
        self._credentials.forget()
        self._second = None

    def this_second(self) -> Second:
        """Return what requests share now. Once a second the credentials are asked, and refresh if they must.

        Raises botocore's credential errors.
        """
        now = int(time.time() + self._skew)
        second = self._second
        if second is None or second.second != now:
            secrets = self._credentials.current()
            amz_date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
            endpoint = self._endpoint
            scope = signing_scope(secrets, endpoint.region, endpoint.authority, endpoint.path, amz_date)
            self._second = second = Second(now, secrets, scope, _request_head(endpoint, scope))
        return second

    def remedy(self, kind: Kind, answer: HttpAnswer, used: Secrets) -> bool:
        """Put right what made DynamoDB refuse a signature; return whether the next one can be better."""
        if kind == "skewed":
            remedied = self._correct_clock(answer.headers.get("date", ""))
        elif kind == "expired":
            remedied = self._renew(used)
        else:
            return False
        if remedied:
            self._second = None
        return remedied

    def _correct_clock(self, date: str) -> bool:
        from email.utils import parsedate_to_datetime  # noqa: PLC0415 - slow to load, hardly ever needed

        try:
            self._skew = parsedate_to_datetime(date).timestamp() - time.time()
        except ValueError:
            return False
        logger.warning("the clock is %.0f seconds off DynamoDB's: signing by DynamoDB's", -self._skew)
        return True

    def _renew(self, used: Secrets) -> bool:
        try:
            return self._credentials.renew(used)
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
