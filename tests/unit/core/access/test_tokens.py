"""The text of tokens, their checksum and their records."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picus_api.core.access.tokens import (
    TokenRecord,
    hash_secret,
    is_secret_of,
    new_token,
    parse_token,
    record_from_attributes,
)

# SHA-256 of "abc": FIPS 180-2, appendix B.1.
ABC_HASH = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
RECORD = TokenRecord("Ab12Cd34", ABC_HASH, frozenset({"read", "write"}), "ci", "team-a/", 1_700_000_000, None, "00")


def test_new_token_has_documented_form() -> None:
    text, parsed = new_token()
    assert re.fullmatch(r"picus_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}", text)
    assert parse_token(text) == parsed
    assert text.startswith(f"picus_{parsed.token_id}_{parsed.secret}")
    assert len({new_token()[0] for _ in range(100)}) == 100


def test_checksum_is_crc32_in_base62() -> None:
    # By hand: zlib.crc32 of the text is 0x64a19f23, which is 1qFzV5 in base62.
    text = "picus_" + "0" * 8 + "_" + "0" * 43
    assert parse_token(text + "1qFzV5") == ("0" * 8, "0" * 43)
    assert parse_token(text + "000000") is None


@given(st.data())
def test_any_changed_character_is_refused(data: st.DataObject) -> None:
    text = new_token()[0]
    position = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters().filter(lambda each: each != text[position]))
    assert parse_token(text[:position] + other + text[position + 1 :]) is None


@pytest.mark.parametrize("text", ["", "picus_", "Bearer x", "picus_a_b", "é" * 64, "picus_" + "٣" * 8 + "_" + "0" * 49])
def test_other_text_is_refused(text: str) -> None:
    assert parse_token(text) is None
    assert parse_token(f"{new_token()[0]}{text or ' '}") is None


def test_secret_is_compared_by_its_hash() -> None:
    assert hash_secret("abc") == ABC_HASH
    assert is_secret_of(RECORD, "abc")
    assert not is_secret_of(RECORD, "abd")
    assert not is_secret_of(None, "abc")
    assert not is_secret_of(None, "")


@pytest.mark.parametrize("record", [RECORD, RECORD._replace(expires=1_800_000_000, prefix="", label="é")])
def test_record_comes_back_from_its_attributes(record: TokenRecord) -> None:
    assert record_from_attributes(record.attributes()) == record


def test_record_has_no_secret() -> None:
    text, (_, secret) = new_token()
    stored = str(RECORD._replace(secret_hash=hash_secret(secret)).attributes())
    assert secret not in stored
    assert text not in stored
