"""Settings from the environment."""

from pathlib import Path

import pytest

from picus_api.core import environment
from picus_api.core.environment import SettingError


def test_a_missing_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "")
    with pytest.raises(SettingError, match="X is not set"):
        environment.required("X")


@pytest.mark.parametrize("text", ["0", "11", "-1", "1.5", "x", "²", "9" * 5000])
def test_a_wrong_number_is_named(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("X", text)
    with pytest.raises(SettingError, match="X must be a whole number from 1 to 10"):
        environment.integer("X", 5, 1, 10)


def test_a_number_has_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("X", raising=False)
    assert environment.integer("X", 5, 1, 10) == 5
    monkeypatch.setenv("X", "7")
    assert environment.integer("X", 5, 1, 10) == 7


def test_a_word_outside_the_choice_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "c")
    with pytest.raises(SettingError, match="X must be one of a, b, not 'c'"):
        environment.choice("X", "a", ("a", "b"))
    monkeypatch.setenv("X", "b")
    assert environment.choice("X", "a", ("a", "b")) == "b"


def test_a_list_is_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", " a, b,,")
    assert environment.words("X") == ["a", "b"]


@pytest.mark.parametrize("text", ["localhost:8000", "ftp://x", "http://", "http://x:99999", "http://[", "http://x:0"])
def test_a_wrong_address_is_named(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("X", text)
    with pytest.raises(SettingError, match="X must be an http:// or https:// address"):
        environment.url("X")


def test_an_empty_address_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "")
    assert environment.url("X") is None
    monkeypatch.setenv("X", "http://127.0.0.1:8000")
    assert environment.url("X") == "http://127.0.0.1:8000"


@pytest.mark.parametrize("value", ["https://app.example", "http://localhost:3000", "https://[::1]:8443", "*"])
def test_origins_are_read(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("ORIGINS", value)
    assert environment.origins("ORIGINS") == (value,)


@pytest.mark.parametrize(
    "value", ["app.example", "https://app.example/", "https://app.example/x", "https://a.example,*", "null", "ftp://a"]
)
def test_malformed_origin_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("ORIGINS", value)
    with pytest.raises(environment.SettingError, match="ORIGINS"):
        environment.origins("ORIGINS")


def test_a_folder_must_be_there_to_be_written_to(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("X", str(tmp_path))
    assert environment.folder("X") == str(tmp_path)
    monkeypatch.setenv("X", "")
    assert environment.folder("X") is None
    for value in (tmp_path / "absent", Path(__file__)):
        monkeypatch.setenv("X", str(value))
        with pytest.raises(SettingError, match="X must be a folder"):
            environment.folder("X")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("", "127.0.0.1:7"),
        ("0.0.0.0", "0.0.0.0:7"),
        ("localhost", "localhost:7"),
        ("::", "[::]:7"),
        ("[::1]", "[::1]:7"),
    ],
)
def test_an_ipv6_bind_address_gets_brackets(monkeypatch: pytest.MonkeyPatch, host: str, expected: str) -> None:
    monkeypatch.setenv("HOST", host)
    monkeypatch.setenv("PORT", "7")
    assert environment.bind_address("HOST", "PORT") == expected


@pytest.mark.parametrize("host", ["::g", "[::1", "[]", "127.0.0.1:80", "203.0.113.1", "no such host", "x" * 300])
def test_a_wrong_bind_address_is_named(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("HOST", host)
    with pytest.raises(SettingError, match="HOST must be an address or a host name of this machine"):
        environment.bind_address("HOST", "PORT")


def test_flag_is_true_or_false(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, value in (("true", True), ("ON", True), ("1", True), ("", False), ("False", False), ("no", False)):
        monkeypatch.setenv("X", text)
        assert environment.flag("X") is value
    monkeypatch.setenv("X", "maybe")
    with pytest.raises(SettingError, match="X must be true or false"):
        environment.flag("X")
