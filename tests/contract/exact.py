"""JSON with its numbers as text, and a response as it was received."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias


@dataclass(frozen=True)
class Number:
    """A JSON number as its text, equal only to the same text. Compare `value` to compare by value."""

    text: str

    @property
    def value(self) -> Decimal:
        """Return the exact value."""
        return Decimal(self.text)


Json: TypeAlias = "dict[str, Json] | list[Json] | str | Number | bool | None"


def _refuse_constant(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError(f"duplicate names in {names}")
    return dict(pairs)


def parse_exact(raw: bytes | str) -> Json:
    """Parse JSON strictly (UTF-8, no NaN, no duplicate names), every number kept as its text."""
    text = raw.decode("utf-8") if isinstance(raw, bytes) else raw
    parsed: Json = json.loads(
        text,
        parse_int=Number,
        parse_float=Number,
        parse_constant=_refuse_constant,
        object_pairs_hook=_object,
    )
    return parsed


@dataclass(frozen=True)
class Response:
    """One response, unchanged. `seconds`: from the first byte sent to the last byte read."""

    request: str
    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes
    seconds: float

    def header(self, name: str) -> str | None:
        """Return the value of a header field, or None. Fail if it comes twice."""
        values = [value for header, value in self.headers if header.lower() == name.lower()]
        assert len(values) < 2, f"{name} came {len(values)} times: {values}"
        return values[0] if values else None

    @property
    def media_type(self) -> str:
        """Return the media type of the body, without its parameters."""
        return (self.header("Content-Type") or "").partition(";")[0].strip().lower()

    @property
    def allow(self) -> set[str]:
        """Return the methods in `Allow`."""
        return {method.strip() for method in (self.header("Allow") or "").split(",")} - {""}

    @property
    def json(self) -> Json:
        """Return the body as exact JSON."""
        return parse_exact(self.body)

    @property
    def object(self) -> dict[str, Json]:
        """Return the body, which must be a JSON object."""
        parsed = self.json
        assert isinstance(parsed, dict), self
        return parsed
