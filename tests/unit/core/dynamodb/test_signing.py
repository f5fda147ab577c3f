"""Signatures equal those of botocore."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from picus_api.core.dynamodb import signing
from picus_api.core.dynamodb.endpoint import _parse
from picus_api.core.dynamodb.signer import SigningContext

text = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
hosts = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?", fullmatch=True)
urls = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "https"]),
    hosts,
    st.sampled_from(["", ":80", ":443", ":8000", ":65535"]),
    st.sampled_from(["", "/", "/a", "/a/b", "/a%20b", "/~a"]),
)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))


@settings(max_examples=100)
@given(
    body=st.binary(max_size=2000),
    url=urls,
    region=st.from_regex(r"[a-z]{2}-[a-z]{4,9}-[1-9]", fullmatch=True),
    moment=moments,
    access_key=text,
    secret_key=text,
    token=st.none() | text,
    operation=st.sampled_from(["GetItem", "PutItem", "Scan", "TransactWriteItems"]),
)
def test_random_requests_are_signed_as_botocore_signs_them(
    *,
    body: bytes,
    url: str,
    region: str,
    moment: datetime,
    access_key: str,
    secret_key: str,
    token: str | None,
    operation: str,
) -> None:
    endpoint = _parse(url, region)
    amz_date = moment.strftime("%Y%m%dT%H%M%SZ")
    secrets = signing.Credentials(access_key, secret_key, token)
    scope = signing.signing_scope(secrets, region, endpoint.authority, endpoint.path, amz_date)

    request = AWSRequest("POST", url, data=body)
    request.headers["Content-Type"] = signing.CONTENT_TYPE
    request.headers["X-Amz-Target"] = signing.TARGET_PREFIX + operation
    request.context["timestamp"] = request.headers["X-Amz-Date"] = amz_date
    if token:
        request.headers["X-Amz-Security-Token"] = token
    signer = SigV4Auth(Credentials(access_key, secret_key, token), "dynamodb", region)
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    names = signer.signed_headers(signer.headers_to_sign(request))

    assert signing.authorization(scope, operation, body) == (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={names}, Signature={signature}"
    )
    assert urlsplit(url).scheme == endpoint.scheme


def test_no_secret_shows_in_a_traceback() -> None:
    secrets = signing.Credentials("AKID", "the secret", "the token")
    scope = signing.signing_scope(secrets, "eu-west-1", "localhost", "/", "20150830T123600Z")
    shown = repr((secrets, scope, SigningContext(0, secrets, scope, "X-Amz-Security-Token: the token")))
    assert "AKID" in shown
    assert "the secret" not in shown
    assert "the token" not in shown
    assert repr(scope.key) not in shown
