"""AWS credentials: from the environment directly, or by botocore's provider chain, which refreshes them.

A Lambda function has its credentials in three variables: reading them here spares the import of botocore's session
(0.1 s). For an ECS task, a profile or SSO, botocore.session is loaded at first use.
"""

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
    import botocore.credentials

RENEWAL_PAUSE = 5.0  # seconds between two forced renewals, so that bad credentials don't cause many


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
        self._source: botocore.credentials.Credentials | Credentials | None = None
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
        return _freeze(self._source or self._find())

    def renew(self, rejected: Credentials) -> bool:
        """Get new credentials after DynamoDB rejected some as expired; return True if they are others."""
        with self._lock:
            if self._source is None or _freeze(self._source) != rejected:  # another thread was faster
                return True
            if time.monotonic() - self._renewed < RENEWAL_PAUSE:
                return False
            self._renewed = time.monotonic()
            self._source = _from_chain()
            return _freeze(self._source) != rejected

    def _find(self) -> "botocore.credentials.Credentials | Credentials":
        """Look for credentials, one thread at a time. Threads that waited share the result, even a failure."""
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


def _freeze(source: "botocore.credentials.Credentials | Credentials") -> Credentials:
    """Return the credentials to sign with now. One thread refreshes; others wait only for credentials that expired."""
    if isinstance(source, Credentials):
        return source
    with _as_botocore_errors():
        frozen = source.get_frozen_credentials()
    return Credentials(frozen.access_key or "", frozen.secret_key or "", frozen.token)


def _from_chain() -> "botocore.credentials.Credentials | Credentials":
    secrets = from_environment()
    if secrets is not None:
        return secrets
    from botocore.session import Session  # noqa: PLC0415

    with _as_botocore_errors():
        found = Session().get_credentials()
    if found is None:
        raise NoCredentialsError()
    return found
