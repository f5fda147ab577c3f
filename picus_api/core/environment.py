"""Read environment variables by type. A wrong value is an error that names the variable."""

import os
import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")
_TRUE, _FALSE = ("true", "1", "yes", "on"), ("", "false", "0", "no", "off")


class SettingError(Exception):
    """A setting is missing or wrong: one line that names the variable."""


def required(name: str) -> str:
    """Return a value that has no default. Raises SettingError."""
    value = os.environ.get(name, "")
    if not value:
        raise SettingError(f"{name} is not set.")
    return value


def integer(name: str, default: int, minimum: int, maximum: int) -> int:
    """Return a whole number between two bounds, both included. Raises SettingError."""
    text = os.environ.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 16 and minimum <= int(text) <= maximum):
        raise SettingError(f"{name} must be a whole number from {minimum} to {maximum}, not {text!r}.")
    return int(text)


def body_seconds() -> int:
    """Return how many seconds a request body may take to arrive. The server and Django share the limit."""
    return integer("BODY_SECONDS", 60, minimum=1, maximum=3600)


def choice(name: str, default: str, options: tuple[str, ...]) -> str:
    """Return one of the options. Raises SettingError."""
    value = os.environ.get(name, "") or default
    if value not in options:
        raise SettingError(f"{name} must be one of {', '.join(options)}, not {value!r}.")
    return value


def flag(name: str) -> bool:
    """Return True for ``true``, False for ``false`` or if unset. Raises SettingError."""
    value = os.environ.get(name, "").lower()
    if value not in _TRUE + _FALSE:
        raise SettingError(f"{name} must be true or false, not {value!r}.")
    return value in _TRUE


def bind_address(host_name: str, port_name: str) -> str:
    """Return ``host:port`` to listen on, with an IPv6 address in brackets. The defaults are 127.0.0.1 and 8000.

    The variable ``host_name`` is an IPv4 address, an IPv6 address with or without brackets, or a host name. Raise
    SettingError if this machine can't listen there.
    """
    value = os.environ.get(host_name) or "127.0.0.1"
    port = integer(port_name, 8000, minimum=1, maximum=65535)
    host = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    is_ipv6 = ":" in host
    try:
        with socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET) as trial:
            trial.bind((host or value, 0))
    except (OSError, ValueError):
        raise SettingError(f"{host_name} must be an address or a host name of this machine, not {value!r}.") from None
    return f"[{host}]:{port}" if is_ipv6 else f"{host}:{port}"


def words(name: str) -> list[str]:
    """Return a comma-separated list; empty if unset."""
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]


def folder(name: str) -> str | None:
    """Return a folder that can be written to, or None if unset or empty. Raises SettingError."""
    value = os.environ.get(name, "")
    if value and not (Path(value).is_dir() and os.access(value, os.W_OK | os.X_OK)):
        raise SettingError(f"{name} must be a folder that can be written to, not {value!r}.")
    return value or None


def origins(name: str) -> tuple[str, ...]:
    """Return a list of web origins (https://app.example), or ``*`` alone; empty if unset. Raises SettingError."""
    found = words(name)
    if found != ["*"]:
        for word in found:
            if not _ORIGIN.fullmatch(word):
                raise SettingError(f"{name} must list origins such as https://app.example, or be *, not {word!r}.")
    return tuple(found)


def url(name: str) -> str | None:
    """Return an http or https URL, or None if unset or empty. Raises SettingError."""
    value = os.environ.get(name, "")
    if not value:
        return None
    try:
        parts = urlsplit(value)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise SettingError(f"{name} must be an http:// or https:// address, not {value!r}.")
    return value
