"""TLS: verified by the system's or a given bundle, kept alive, and as robust as without."""

import datetime
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from picus_api.core.dynamodb.dynamodb_errors import NoResponse
from picus_api.core.dynamodb.transport import Transport
from tests.http_server import Request, Server, dynamodb_response, replies, until
from tests.service.dynamodb.conftest import QUICK, Make

FINE = dynamodb_response(200, b'{"a":1}')


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a self-signed certificate for 127.0.0.1, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(made.public_bytes(pem) + private)
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def server(tls: ssl.SSLContext) -> Iterator[Server]:
    with Server(replies(FINE), tls) as running:
        yield running


def test_one_verified_connection_serves_many_calls(
    server: Server, certificate: Path, make_transport: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    transport = make_transport(server.url)
    assert transport.connect()
    for _ in range(5):
        assert transport.call("GetItem", {}) == (b'{"a":1}', "REQUEST1", 1, False)
    assert server.connections == 1


def test_connection_with_session_tickets_is_alive(
    server: Server, certificate: Path, make_transport: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS 1.3 tickets arrive after the handshake and make the idle socket readable: the server has not closed it."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    transport = make_transport(server.url)
    transport.connect()
    connection = transport._pool._slots[-1]
    assert connection
    until(lambda: bool(connection._poll.poll(0)))
    assert transport.call("GetItem", {}).attempts == 1
    assert server.connections == 1


def test_a_bundle_may_be_a_folder(
    server: Server, certificate: Path, make_transport: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An empty folder trusts no certificate; the error shows that the folder was read."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path))
    with pytest.raises(NoResponse, match="certificate verify failed"):
        make_transport(server.url).call("GetItem", {})


def test_untrusted_certificate_is_refused_at_once(server: Server, make_transport: Make) -> None:
    with pytest.raises(NoResponse, match="certificate verify failed") as failure:
        make_transport(server.url).call("PutItem", {})
    assert (failure.value.attempts, failure.value.response_lost) == (1, False)
    assert not server.requests


def test_a_certificate_for_another_name_is_refused(
    server: Server, certificate: Path, make_transport: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    with pytest.raises(NoResponse, match="Hostname mismatch"):
        make_transport(server.url.replace("127.0.0.1", "localhost")).call("PutItem", {})
    assert not server.requests


def test_server_without_tls_is_no_response(make_transport: Make) -> None:
    with Server(replies(FINE)) as plain:
        limits = QUICK._replace(connect_timeout=0.2, attempts=2)
        with pytest.raises(NoResponse) as failure:
            make_transport(plain.url.replace("http:", "https:"), limits=limits).call("PutItem", {})
        assert (failure.value.attempts, failure.value.response_lost) == (2, False)


def test_a_connection_that_died_is_replaced(
    server: Server, certificate: Path, make_transport: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    transport = make_transport(server.url, limits=QUICK._replace(attempts=1))
    for expected in (1, 2, 3):
        assert transport.call("UpdateItem", {}).attempts == 1
        assert server.connections == expected
        connection = transport._pool._slots[-1]
        assert connection
        server.drop_connections()
        until(lambda held=connection: not held.is_alive())  # type: ignore[misc]


def test_large_request_and_response_arrive(
    tls: ssl.SSLContext, certificate: Path, make_transport: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def echo(connection: ssl.SSLSocket, request: Request) -> bool:
        connection.sendall(dynamodb_response(200, request.body))
        return True

    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    body = b'{"a":"' + b"x" * 3_000_000 + b'"}'
    with Server(echo, tls) as server:  # type: ignore[arg-type]
        assert make_transport(server.url).call("PutItem", body).body == body


def test_surplus_bytes_are_not_next_response(
    tls: ssl.SSLContext, certificate: Path, make_transport: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS decrypts the surplus together with the end of the response, so the socket has nothing more to read."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    large = dynamodb_response(200, b'{"a":"' + b"x" * 100_000 + b'"}')
    with Server(replies(large + dynamodb_response(200, b'{"wrong":1}'), FINE), tls) as server:
        transport = make_transport(server.url)
        assert len(transport.call("GetItem", {}).body) == 100_008
        assert transport.call("GetItem", {}).body == b'{"a":1}'
        assert server.connections == 2


@pytest.fixture
def no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the system have no CA certificates."""
    monkeypatch.setenv("SSL_CERT_FILE", "/absent")
    monkeypatch.setenv("SSL_CERT_DIR", "/absent")


@pytest.fixture
def no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no variable choose certificates, as on AWS."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def context_for(transport: Transport) -> ssl.SSLContext:
    trust = transport._address.tls
    assert trust
    assert trust.context.verify_mode == ssl.CERT_REQUIRED
    assert trust.context.check_hostname
    return trust.context


def test_botocore_authorities_replace_missing_ones(no_store: None, make_transport: Make) -> None:
    assert context_for(make_transport("https://localhost:1")).cert_store_stats()["x509_ca"] > 50


def test_system_authorities_are_the_default(make_transport: Make) -> None:
    """botocore's authorities are not used if the system has any."""
    system = ssl.create_default_context().cert_store_stats()
    assert context_for(make_transport("https://localhost:1")).cert_store_stats() == system


def test_aws_is_verified_by_amazons_authorities(
    no_choice: None, make_transport: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws = "https://dynamodb.us-east-1.amazonaws.com"
    names = " ".join(sorted(str(each["subject"]) for each in context_for(make_transport(aws)).get_ca_certs()))
    expected = [
        *(f"Amazon Root CA {number}" for number in range(1, 5)),
        "Starfield Services Root Certificate Authority",
    ]
    assert [name for name in expected if name in names] == expected
    assert names.count("commonName") == len(expected)
    monkeypatch.setenv("SSL_CERT_FILE", "/absent")
    assert not context_for(make_transport(aws)).get_ca_certs()


def test_whole_store_decides_on_unknown_certificate(
    no_choice: None, server: Server, make_transport: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that inspects traffic has a certificate that Amazon's authorities did not sign."""
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _, *rest: resolve("127.0.0.1", *rest))
    transport = make_transport(f"https://dynamodb.us-east-1.amazonaws.com:{server.port}")
    first = context_for(transport)
    with pytest.raises(NoResponse, match="certificate verify failed") as failure:
        transport.call("PutItem", {})
    assert failure.value.attempts == 2
    assert context_for(transport) is not first
    with pytest.raises(NoResponse) as failure:
        transport.call("PutItem", {})
    assert failure.value.attempts == 1
    assert not server.requests
