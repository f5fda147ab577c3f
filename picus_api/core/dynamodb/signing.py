"""AWS Signature Version 4 for the one request shape that DynamoDB has: a JSON POST to a fixed host and path.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. The
general algorithm sorts and normalises whatever a request holds; here the signed headers are always the same
four or five in the same order, so the canonical request is one template. The derived key changes once a day
and is kept.
"""

import hmac
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote

CONTENT_TYPE = "application/x-amz-json-1.0"
TARGET_PREFIX = "DynamoDB_20120810."
SERVICE = "dynamodb"


class Credentials(NamedTuple):
    """An access key, its secret, and the session token of temporary credentials."""

    access_key: str
    secret_key: str
    token: str | None = None

    def __repr__(self) -> str:
        """Leave out the secret, because tracebacks and logs print the repr of variables."""
        return f"Credentials(access_key={self.access_key!r})"


class SigningScope(NamedTuple):
    """Everything in a signature that stays the same for every request of one second."""

    amz_date: str  # "20150830T123600Z"
    key: bytes  # the derived signing key
    canonical_head: str  # canonical request up to the value of x-amz-target
    canonical_foot: str  # from behind that value to the hash of the body
    to_sign_head: str  # string to sign up to the hash of the canonical request
    authorization_head: str  # the Authorization header up to the signature
    token: str | None

    def __repr__(self) -> str:
        """Leave out the signing key, because tracebacks and logs print the repr of variables."""
        return f"SigningScope(amz_date={self.amz_date!r})"


@lru_cache(maxsize=8)
def derived_key(secret_key: str, date: str, region: str) -> bytes:
    """Return the signing key of one secret, day ("20150830") and region: four chained HMACs, then kept."""
    key = ("AWS4" + secret_key).encode()
    for part in (date, region, SERVICE, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def canonical_path(path: str) -> str:
    """Return the path as it is signed: percent-encoded once more, as every service but S3 wants it."""
    return quote(path or "/", safe="/~")


def signing_scope(credentials: Credentials, region: str, host: str, path: str, amz_date: str) -> SigningScope:
    """Prepare what all requests of one second share.

    `host` is the Host header exactly as sent (with its port unless that is the scheme's own), `path` the
    request's path as sent, `amz_date` a UTC time as YYYYMMDDTHHMMSSZ.
    """
    date = amz_date[:8]
    credential_scope = f"{date}/{region}/{SERVICE}/aws4_request"
    token_line = f"x-amz-security-token:{credentials.token}\n" if credentials.token else ""
    names = "content-type;host;x-amz-date;" + ("x-amz-security-token;" if credentials.token else "") + "x-amz-target"
    return SigningScope(
        amz_date=amz_date,
        key=derived_key(credentials.secret_key, date, region),
        canonical_head=(
            f"POST\n{canonical_path(path)}\n\ncontent-type:{CONTENT_TYPE}\nhost:{host}\nx-amz-date:{amz_date}\n"
            f"{token_line}x-amz-target:{TARGET_PREFIX}"
        ),
        canonical_foot=f"\n\n{names}\n",
        to_sign_head=f"AWS4-HMAC-SHA256\n{amz_date}\n{credential_scope}\n",
        authorization_head=(
            f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{credential_scope}, "
            f"SignedHeaders={names}, Signature="
        ),
        token=credentials.token,
    )


def authorization(scope: SigningScope, operation: str, body: bytes) -> str:
    """Return the Authorization header for one DynamoDB operation ("GetItem") with this body."""
    canonical = f"{scope.canonical_head}{operation}{scope.canonical_foot}{sha256(body).hexdigest()}"
    to_sign = scope.to_sign_head + sha256(canonical.encode()).hexdigest()
    return scope.authorization_head + hmac.digest(scope.key, to_sign.encode(), "sha256").hex()
