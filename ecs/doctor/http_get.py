"""One plain GET request; to the emulator at AWS_ENDPOINT_URL, if that is set."""

import http.client
import os
from typing import NamedTuple
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 10
LOCAL_HOSTS = ("127.0.0.1", "localhost")


class GetResponse(NamedTuple):
    """An HTTP response. Without one, `status` is 0 and `reason` says why."""

    status: int
    reason: str = ""
    body: bytes = b""


def get(url: str) -> GetResponse:
    """Send a GET request to `url`, without following redirects. Never raises for network errors.

    An emulator finds the load balancer or distribution by the Host field, and takes every viewer for one with TLS.
    """
    parts = urlsplit(url)
    emulator = urlsplit(os.environ.get("AWS_ENDPOINT_URL", ""))
    address = parts if not emulator.hostname or parts.hostname in LOCAL_HOSTS else emulator
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(str(address.hostname), address.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", parts.path or "/", headers={"Host": parts.netloc, "X-Forwarded-Proto": parts.scheme})
        response = connection.getresponse()
        return GetResponse(response.status, response.reason, response.read())
    except (OSError, http.client.HTTPException) as error:
        return GetResponse(0, f"{type(error).__name__}: {error}")
    finally:
        connection.close()
