"""TLS: which certificate authorities verify DynamoDB's certificate.

A server of AWS is verified by Amazon's five authorities, https://www.amazontrust.com/repository. OpenSSL takes tens of
milliseconds to load a system's whole store, which would be a third of the delete function's cold start. It is no
pinning: if the five do not verify the server, the whole store decides, at the next attempt.
"""

import os
from os import environ
from typing import TYPE_CHECKING

from picus_api.core.dynamodb.endpoint import DEFAULT_SUFFIXES

if TYPE_CHECKING:  # `ssl` takes milliseconds to import, and a local endpoint doesn't need it
    import ssl

_AWS = tuple(f".{suffix}" for suffix in DEFAULT_SUFFIXES)
_AMAZON = ("# Issuer: CN=Amazon Root CA ", "# Issuer: CN=Starfield Services Root Certificate Authority - G2 ")


class Trust:
    """The TLS context for one host.

    ``bundle``, a file or folder of CA certificates, replaces every other authority. Without a bundle the whole store is
    the system's, or botocore's if the system has none. (Of botocore's, the function's package has only Amazon's.)
    """

    def __init__(self, host: str, bundle: str | None) -> None:
        chosen = bundle or environ.get("SSL_CERT_FILE") or environ.get("SSL_CERT_DIR")
        amazon = "" if chosen or not host.endswith(_AWS) else amazon_authorities()
        self._is_whole = not amazon
        self.context = _context(cadata=amazon) if amazon else _whole_store(bundle)

    def widen(self, used: "ssl.SSLContext") -> bool:
        """Trust the whole store after the current context refused a certificate. Return True if that may help."""
        if self.context is not used:
            return True  # another thread was faster
        if self._is_whole:
            return False
        self.context, self._is_whole = _whole_store(None), True
        return True


def amazon_authorities() -> str:
    """Return Amazon's CA certificates as PEM, from botocore's copy of Mozilla's store; empty if it has none."""
    with open(_botocore_store()) as file:  # noqa: PTH123 - pathlib costs a cold start milliseconds
        return only_amazon(file.read())


def only_amazon(store: str) -> str:
    """Return Amazon's CA certificates from a PEM store. Empty lines separate the certificates of a store."""
    sections = store.split("\n\n")
    return "\n\n".join(section for section in sections if section.lstrip().startswith(_AMAZON))


def _whole_store(bundle: str | None) -> "ssl.SSLContext":
    if bundle:
        is_folder = os.path.isdir(bundle)  # noqa: PTH112
        return _context(cafile=None if is_folder else bundle, capath=bundle if is_folder else None)
    import ssl  # noqa: PLC0415

    paths = ssl.get_default_verify_paths()
    return _context(cafile=_botocore_store() if paths.cafile is None and paths.capath is None else None)


def _context(cafile: str | None = None, capath: str | None = None, cadata: str | None = None) -> "ssl.SSLContext":
    import ssl  # noqa: PLC0415

    return ssl.create_default_context(cafile=cafile, capath=capath, cadata=cadata)


def _botocore_store() -> str:
    import botocore  # noqa: PLC0415

    return os.path.join(os.path.dirname(botocore.__file__), "cacert.pem")  # noqa: PTH118, PTH120
