"""Guesses for filters that the service refuses."""

import pytest

from picus_api.core.errors import BadParameter
from picus_api.core.query.expressions import Placeholders
from picus_api.core.query.filters import compile_filter
from picus_api.pages.filter_correction import correct_filter

CORRECTIONS = {
    "Bern": 'begins_with(object_id, "Bern")',
    "and": 'begins_with(object_id, "and")',
    " New York ": 'begins_with(object_id, "New York")',
    "city = 'Bern'": 'city = "Bern"',
    "city = “Bern”": 'city = "Bern"',
    "city = ‘Zürich’": 'city = "Zürich"',
    "city='say \"hi\"'": 'city = "say \\"hi\\""',
    "city = Bern": 'city = "Bern"',
    "city = New York or n > 3": 'city = "New York" OR n > 3',
    "n = 1 and m = 2": "n = 1 AND m = 2",
    "n = 1 && (m = 2 || not k:*)": "n = 1 AND (m = 2 OR NOT k:*)",
    "n == 1 and m <> 2": "n = 1 AND m != 2",
    "sold = True": "sold = true",
    "sold = None": "sold = null",
    "begins_with(name, 'a')": 'begins_with(name, "a")',
}


@pytest.mark.parametrize("text", CORRECTIONS)
def test_refused_filter_is_corrected(text: str) -> None:
    with pytest.raises(BadParameter):
        compile_filter(text, Placeholders())
    corrected = correct_filter(text)
    assert corrected == CORRECTIONS[text]
    compile_filter(corrected, Placeholders())


@pytest.mark.parametrize(
    "text", ["", " ", "n >> 1", "n = ", "'", "n in (1, 2)", "a=1 AND b=2 OR c=3", 'n = "x', "(", "=" * 5000]
)
def test_filter_without_a_good_guess_is_not_corrected(text: str) -> None:
    assert correct_filter(text) is None
