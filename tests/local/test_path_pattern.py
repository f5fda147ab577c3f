"""CloudFront's path patterns."""

import pytest

from picus_api.core.request_target import parse_request_target
from picus_project.local.path_pattern import matches


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/picus/list", "/picus/list"),
        ("picus/list", "/picus/list"),
        ("/picus/get/*", "/picus/get/"),
        ("/picus/get/*", "/picus/get/a/b/c"),
        ("/picus/*", "/picus/get/x"),
        ("*", "/"),
        ("*", "/anything/at.all"),
        ("/a?c", "/abc"),
        ("/a?c", "/a/c"),
        ("/*.txt", "/x/y.txt"),
        ("/a*b*c", "/a1b2c"),
        ("/picus/list", "/%70icus/l%69st"),
        ("/p%69cus/list", "/picus/list"),
        ("/a%2Fb", "/a%2fb"),
        ("/picus/get/*", "/picus/get/%2E%2E"),
        ("/picus/get/*", "/picus/get/.."),
        ("/x(1)+[a]", "/x(1)+[a]"),
    ],
)
def test_pattern_matches(pattern: str, path: str) -> None:
    assert matches(pattern, parse_request_target(path).route_path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/picus/list", "/picus/List"),
        ("/picus/list", "/picus/list/"),
        ("/picus/list", "/picus/listing"),
        ("/picus/get/*", "/picus/get"),
        ("/a?c", "/ac"),
        ("/a?c", "/abbc"),
        ("/a.c", "/abc"),
        ("/a/b", "/a%2Fb"),
        ("/picus/list", "//picus/list"),
        ("/picus/list", "/x/picus/list"),
    ],
)
def test_pattern_does_not_match(pattern: str, path: str) -> None:
    assert not matches(pattern, parse_request_target(path).route_path)
