"""One plain GET, by way of the emulator where there is one."""

import http.client
import os
from typing import NamedTuple
from urllib.parse import urlsplit

SECONDS = 10
LOCAL = ("127.0.0.1", "localhost")


class Answer(NamedTuple):
    """What came back. Status 0 is no answer, and `reason` why."""

    status: int
    reason: str = ""
    date: str = ""
    body: bytes = b""


def get(url: str) -> Answer:
    """Get without following redirects. Never raises for what the network does.

    An emulator (AWS_ENDPOINT_URL) serves the names that it gave to load balancers and distributions by the Host field.
    """
    parts = urlsplit(url)
    through = urlsplit(os.environ.get("AWS_ENDPOINT_URL", ""))
    address = parts if not through.hostname or parts.hostname in LOCAL else through
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(str(address.hostname), address.port, timeout=SECONDS)
    # To an emulator every viewer came by TLS.
    headers = {"Host": parts.netloc, "X-Forwarded-Proto": parts.scheme}
    try:
        connection.request("GET", parts.path or "/", headers=headers)
        response = connection.getresponse()
        return Answer(response.status, response.reason, response.getheader("Date", ""), response.read())
    except (OSError, http.client.HTTPException) as error:
        return Answer(0, f"{type(error).__name__}: {error}")
    finally:
        connection.close()
