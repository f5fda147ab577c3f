"""The parser of request targets."""

import string
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picus_api.core.keys import normalise_path
from picus_api.core.request_target import InvalidRequestTarget, RequestTarget, parse_request_target

UNRESERVED = string.ascii_letters + string.digits + "-._~"
RESERVED = ":/?#[]@!$&'()*+,;="


def origin(path: str, route_path: str | None = None, query: str = "") -> RequestTarget:
    return RequestTarget("origin", "", "", path, path if route_path is None else route_path, query)


@pytest.mark.parametrize(
    ("raw", "target"),
    [
        ("/", origin("/")),
        ("/picus/get/k", origin("/picus/get/k")),
        ("/picus/list?a=1&b", origin("/picus/list", query="a=1&b")),
        ("/picus/list?", origin("/picus/list")),
        ("/picus/list?a=/b?c", origin("/picus/list", query="a=/b?c")),
        ("/%70icus/%6C%69st", origin("/%70icus/%6C%69st", "/picus/list")),
        ("/picus%2Fget/k", origin("/picus%2Fget/k")),
        ("/picus%2fget/k", origin("/picus%2fget/k", "/picus%2Fget/k")),
        ("/picus/get/%C3%a9%25%2E", origin("/picus/get/%C3%a9%25%2E", "/picus/get/%C3%A9%25.")),
        ("/picus/get/%2570", origin("/picus/get/%2570")),
        ("/a%zz%4", origin("/a%zz%4", "/a%25zz%254")),
        ("/%%370", origin("/%%370", "/%2570")),
        ("//picus/list", origin("//picus/list")),
        ("//host.example/picus/list", origin("//host.example/picus/list")),
        ("/picus//list", origin("/picus//list")),
        ("/picus/get/../list", origin("/picus/get/../list")),
        ("/picus/%2e%2e/list", origin("/picus/%2e%2e/list", "/picus/../list")),
        ('/a"<>\\^`{|}', origin('/a"<>\\^`{|}')),
        ("/http://x/", origin("/http://x/")),
        ("*", RequestTarget("asterisk", "", "", "*", "*", "")),
        ("http://h/picus/put/k", RequestTarget("absolute", "http", "h", "/picus/put/k", "/picus/put/k", "")),
        ("HTTPS://H:443/%70?q=1", RequestTarget("absolute", "https", "H:443", "/%70", "/p", "q=1")),
        ("http://h", RequestTarget("absolute", "http", "h", "/", "/", "")),
        ("http://h?q", RequestTarget("absolute", "http", "h", "/", "/", "q")),
        ("http://h//x", RequestTarget("absolute", "http", "h", "//x", "//x", "")),
        ("http://[::1]:8080/x", RequestTarget("absolute", "http", "[::1]:8080", "/x", "/x", "")),
        ("http://127.0.0.1:/x", RequestTarget("absolute", "http", "127.0.0.1:", "/x", "/x", "")),
    ],
)
def test_target_is_parsed(raw: str, target: RequestTarget) -> None:
    assert parse_request_target(raw) == target
    assert parse_request_target(raw.encode()) == target


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "picus/list",
        "?a=1",
        "**",
        "*?a",
        "h:80",
        "http:/x",
        "http://",
        "http:///x",
        "http://:80/x",
        "http://user@h/x",
        "http://user:password@h/x",
        "http://h:80x/",
        "http://h:80:81/",
        "http://[::1/x",
        "http://h\\x/",
        "ftp://h/x",
        "javascript:x",
        "/a b",
        "/a\tb",
        "/a\nb",
        "/a\n",
        "/a\x00",
        "/a\x7f",
        "/é",
        "/a#b",
        "/a?b#c",
        "http://h/#",
    ],
)
def test_invalid_target_is_an_error(raw: str) -> None:
    with pytest.raises(InvalidRequestTarget):
        parse_request_target(raw)
    with pytest.raises(InvalidRequestTarget):
        parse_request_target(raw.encode())


@pytest.mark.parametrize(
    ("raw", "segments"),
    [
        ("/", ("",)),
        ("/picus/get/a%2Fb", ("picus", "get", "a%2Fb")),
        ("/%70icus%2fget/", ("picus%2Fget", "")),
        ("//a//", ("", "a", "", "")),
        ("http://h", ("",)),
        ("http://h/a/b?c/d", ("a", "b")),
        ("*", ()),
    ],
)
def test_segments_split_on_literal_slashes_only(raw: str, segments: tuple[str, ...]) -> None:
    assert parse_request_target(raw).segments == segments


# Any text that a path segment can stand for, with the characters that matter over-represented.
TEXT = st.text(st.one_of(st.sampled_from("/.%" + UNRESERVED + RESERVED), st.characters(exclude_categories=["Cs"])))


@st.composite
def spellings(draw: st.DrawFn, text: str) -> str:
    """Return one of the equivalent percent-encodings of a text."""
    encoded = []
    for character in text:
        whole = "".join(f"%{byte:02X}" for byte in character.encode())
        options = [whole, whole.lower()] + ([character] if character in UNRESERVED else [])
        encoded.append(draw(st.sampled_from(options)))
    return "".join(encoded)


@given(st.data(), st.lists(TEXT, min_size=1, max_size=5))
@settings(deadline=None)
def test_equivalent_spellings_have_one_route_path(data: st.DataObject, texts: list[str]) -> None:
    path = "/" + "/".join(data.draw(spellings(text)) for text in texts)
    target = parse_request_target(path)
    assert target.path == path
    assert target.route_path == "/" + "/".join(quote(text, safe="~") for text in texts)
    assert [unquote(segment, errors="strict") for segment in target.segments] == texts


VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#"), max_size=30)


@given(VISIBLE)
@settings(deadline=None)
def test_normalising_changes_no_meaning_and_is_idempotent(rest: str) -> None:
    target = parse_request_target(f"/{rest}")
    assert f"{target.path}?{target.query}".removesuffix("?") == f"/{rest}".removesuffix("?")
    assert target.path.count("/") == target.route_path.count("/") == len(target.segments)
    assert unquote(target.route_path, "latin-1") == unquote(target.path, "latin-1")
    assert normalise_path(target.route_path) == target.route_path


@given(VISIBLE, st.sampled_from(["http", "HTTP", "https"]), st.sampled_from(["h", "h:80", "[::1]", "a.example:8080"]))
@settings(deadline=None)
def test_absolute_form_means_the_same_as_origin_form(rest: str, scheme: str, authority: str) -> None:
    absolute, origin_form = parse_request_target(f"{scheme}://{authority}/{rest}"), parse_request_target(f"/{rest}")
    assert absolute[3:] == origin_form[3:]
    assert (absolute.form, absolute.scheme, absolute.authority) == ("absolute", scheme.lower(), authority)


@given(st.one_of(st.text(), st.binary()))
@settings(deadline=None)
def test_any_input_is_parsed_or_invalid(raw: str | bytes) -> None:
    try:
        target = parse_request_target(raw)
    except InvalidRequestTarget:
        return
    assert target.form == "asterisk" or target.path.startswith("/")
