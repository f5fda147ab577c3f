"""JSON Merge Patch (RFC 7396) on attribute maps."""

from typing import Any

import pytest

from picus_api.core.values.from_json import attributes_from_json
from picus_api.core.values.merge_patch import apply_merge_patch


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        # The objects of RFC 7396, appendix A.
        ('{"a":"b"}', '{"a":"c"}', '{"a":"c"}'),
        ('{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'),
        ('{"a":"b"}', '{"a":null}', "{}"),
        ('{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'),
        ('{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'),
        ('{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'),
        ('{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'),
        ('{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'),
        ('{"e":null}', '{"a":1}', '{"e":null,"a":1}'),
        ("{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'),
        # An array's null stays, a missing name's null does nothing, and numbers stay exact.
        ('{"a":1}', '{"a":[null]}', '{"a":[null]}'),
        ('{"a":1}', '{"b":null}', '{"a":1}'),
        ('{"n":12345678901234567890.5}', '{"m":1e-100}', '{"n":12345678901234567890.5,"m":1e-100}'),
        ('{"a":"x"}', '{"a":{"b":1}}', '{"a":{"b":1}}'),
    ],
)
def test_patch_gives_result(target: str, patch: str, result: str) -> None:
    parsed: list[Any] = [attributes_from_json(text.encode()) for text in (target, patch, result)]
    assert apply_merge_patch(parsed[0], parsed[1]) == parsed[2]
    assert parsed[0] == attributes_from_json(target.encode()), "the target is unchanged"
