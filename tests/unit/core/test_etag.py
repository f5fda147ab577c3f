"""An ETag is the same from both computes: with orjson, as in the service, and without, as in the function."""

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from picus_api.core.etag import etag
from picus_api.core.values import codec
from picus_api.core.values.attribute_values import AttributeMap
from tests.dynamodb import ROOT

texts = st.text(max_size=20)
values = st.recursive(
    texts.map(lambda text: {"S": text})
    | st.binary(max_size=20).map(lambda data: {"B": data})
    | st.just({"NULL": True}),
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda found: {"L": found})
        | st.dictionaries(texts, inner, max_size=4).map(lambda found: {"M": found})
    ),
    max_leaves=10,
)


@given(attributes=st.dictionaries(texts, values, max_size=4))
def test_sorted_bytes_are_the_same_with_orjson_and_without(attributes: AttributeMap) -> None:
    assert codec.encode_sorted(attributes) == codec._sorting_encoder.encode(attributes).encode()


def test_an_etag_is_the_same_without_orjson() -> None:
    item: AttributeMap = {"a": {"S": 'é\x7f\x00\u2028"\\/'}, "N": {"NS": ["1", "1.50"]}, "B": {"B": b"\x00\xff"}}
    script = f"import sys; sys.modules['orjson'] = None; from picus_api.core.etag import etag; print(etag({item!r}))"
    without = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert without.stdout.strip() == etag(item)
