"""AWS credentials: from the environment directly, or by botocore's provider chain, which refreshes them.

A Lambda function has its credentials in three variables: reading them here spares the import of botocore's session
(0.1 s). For an ECS task, a profile or SSO, botocore.session is loaded at first use.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from os import environ
from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
)

from picus_api.core.dynamodb.signing import Credentials

if TYPE_CHECKING:
    from botocore.credentials import Credentials as BotocoreCredentials
    from botocore.credentials import RefreshableCredentials

RENEWAL_PAUSE = 5.0
"""Seconds between two renewals ahead of expiry, or of rejected credentials. This spares a failing source."""
EXPIRY_MARGIN = 5.0
"""Seconds. Credentials with a shorter life are not used: they sign for one second, and the requests must arrive too."""

logger = logging.getLogger(__name__)


def from_environment() -> Credentials | None:
    """Return the credentials in the environment, as botocore's EnvProvider does; None if unset, or with an expiry.

    Raises PartialCredentialsError for a key without its secret.
    """
    access_key = environ.get("AWS_ACCESS_KEY_ID")
    if not access_key or environ.get("AWS_CREDENTIAL_EXPIRATION"):
        return None
    secret_key = environ.get("AWS_SECRET_ACCESS_KEY")
    if not secret_key:
        raise PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY")
    return Credentials(
        access_key, secret_key, environ.get("AWS_SECURITY_TOKEN") or environ.get("AWS_SESSION_TOKEN") or None
    )


class CredentialProvider:
    """The credentials of this process; shared by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._source: ExpiringCredentials | Credentials | None = None
        self._failure: tuple[float, BotoCoreError] = (0.0, NoCredentialsError())
        self._renewed = -RENEWAL_PAUSE

    def reset_after_fork(self) -> None:
        """Drop the lock and the credentials of the parent process."""
        self._lock = threading.Lock()
        self._source = None

    def current(self) -> Credentials:
        """Return credentials that are valid now, refreshed if they are about to expire.

        Raises botocore's NoCredentialsError, PartialCredentialsError, CredentialRetrievalError.
        """
        return _now(self._source or self._find())

    def renew(self, rejected: Credentials) -> bool:
        """Get new credentials after DynamoDB rejected some as expired; return True if they are others."""
        with self._lock:
            if self._source is None or _now(self._source) != rejected:  # another thread was faster
                return True
            if time.monotonic() - self._renewed < RENEWAL_PAUSE:
                return False
            self._renewed = time.monotonic()
            self._source = _from_chain()
            return _now(self._source) != rejected

    def _find(self) -> "ExpiringCredentials | Credentials":
        """Look for credentials, one thread at a time. Waiting threads share the result or the error."""
        asked = time.monotonic()
        with self._lock:
            if self._source is None:
                if self._failure[0] >= asked:
                    raise self._failure[1]
                try:
                    self._source = _from_chain()
                except BotoCoreError as error:
                    self._failure = (time.monotonic(), error)
                    raise
            return self._source


class ExpiringCredentials:
    """Credentials that botocore can refresh. A separate thread refreshes them well before they expire.

    botocore's own refresh blocks all threads in the last ten minutes of the credentials, and a source that does not
    respond blocks each of them for seconds. Here a request waits only for credentials that have expired.
    """

    def __init__(self, source: "RefreshableCredentials") -> None:
        """Take the first credentials, which may need a request. Raises CredentialRetrievalError."""
        self._source = source
        self._known = _freeze(source)
        self._refreshing = threading.Lock()
        self._tried = -RENEWAL_PAUSE
        self._failure: tuple[float, BotoCoreError] = (0.0, NoCredentialsError())

    def current(self) -> Credentials:
        """Return credentials that are valid for EXPIRY_MARGIN seconds. Raises CredentialRetrievalError."""
        if self._source.refresh_needed(EXPIRY_MARGIN):  # type: ignore[arg-type]  # any number of seconds
            self._refresh_expired()
        elif self._source.refresh_needed() and time.monotonic() - self._tried > RENEWAL_PAUSE:
            self._start_refresh()
        return self._known

    def _refresh_expired(self) -> None:
        """Refresh, one thread at a time. Waiting threads share the result or the error."""
        asked = time.monotonic()
        with self._refreshing:
            if not self._source.refresh_needed(EXPIRY_MARGIN):  # type: ignore[arg-type]
                return
            if self._failure[0] >= asked:
                raise self._failure[1]
            try:
                self._known = _freeze(self._source)
            except BotoCoreError as error:
                self._failure = (time.monotonic(), error)
                raise

    def _start_refresh(self) -> None:
        if not self._refreshing.acquire(blocking=False):
            return
        self._tried = time.monotonic()
        try:
            threading.Thread(target=self._refresh_ahead, name="credentials", daemon=True).start()
        except RuntimeError:  # no thread can be started: the next request tries again
            self._refreshing.release()

    def _refresh_ahead(self) -> None:
        try:
            self._known = _freeze(self._source)
        except BotoCoreError as error:
            logger.warning("AWS credentials could not be refreshed ahead of their expiry: %s", error)
        finally:
            self._refreshing.release()


@contextmanager
def _as_botocore_errors() -> Iterator[None]:
    """Raise every failure of the provider chain as a BotoCoreError.

    The chain also raises ValueError for settings, RuntimeError for credentials that are expired after a refresh, and
    STS's ClientError, which would look like a response of DynamoDB.
    """
    try:
        yield
    except BotoCoreError:
        raise
    except Exception as error:
        raise CredentialRetrievalError(provider="botocore", error_msg=str(error)) from error


def _now(source: ExpiringCredentials | Credentials) -> Credentials:
    return source if isinstance(source, Credentials) else source.current()


def _freeze(source: "BotocoreCredentials") -> Credentials:
    with _as_botocore_errors():
        frozen = source.get_frozen_credentials()
    return Credentials(frozen.access_key or "", frozen.secret_key or "", frozen.token)


def _from_chain() -> ExpiringCredentials | Credentials:
    secrets = from_environment()
    if secrets is not None:
        return secrets
    from botocore.credentials import RefreshableCredentials  # noqa: PLC0415
    from botocore.session import Session  # noqa: PLC0415

    with _as_botocore_errors():
        found = Session().get_credentials()
    if found is None:
        raise NoCredentialsError()
    return ExpiringCredentials(found) if isinstance(found, RefreshableCredentials) else _freeze(found)
