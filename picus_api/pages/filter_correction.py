"""Guess what a user meant by a filter that the service refuses."""

import json
import re
from collections.abc import Iterator
from itertools import takewhile

from picus_api.core.errors import BadParameter
from picus_api.core.keys import KEY
from picus_api.core.query.expressions import Placeholders
from picus_api.core.query.filters import compile_filter

_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|[“”][^“”]*[“”]|[‘’][^‘’]*[‘’]|[=!<>]+|&&|\|\||[(),]|[^\s"\'=!<>&|(),]+|.'
)
_OTHER_SPELLINGS = {"==": "=", "===": "=", "<>": "!=", "&&": "AND", "||": "OR", "and": "AND", "or": "OR", "not": "NOT"}
_LITERALS = {"true": "true", "false": "false", "null": "null", "none": "null"}
_OPERATORS = ("=", "!=", "<", "<=", ">", ">=")
_KEY = re.compile(r"\s*[\w.:/@+-][\w.:/@+ -]*(?<!:)")
_END_OF_VALUE = ("AND", "OR", "NOT", "(", ")", ",", *_OPERATORS)


def correct_filter(text: str) -> str | None:
    """Return a valid filter that is close to a refused one, or None if there is no good guess.

    Quotes of other kinds, other spellings of operators, and values without quotes are corrected. Words without any
    operator become the beginning of a key.
    """
    tokens = [_common_spelling(token) for token in _TOKEN.findall(text) if not token.isspace()]
    if _KEY.fullmatch(text):
        return f"begins_with({KEY}, {json.dumps(text.strip(), ensure_ascii=False)})"
    corrected = re.sub(r"\( | (?=[),])", lambda found: found[0].strip(), " ".join(_with_quoted_values(tokens)))
    corrected = corrected.replace("begins_with (", "begins_with(")
    return corrected if corrected != text and _is_valid(corrected) else None


def _common_spelling(token: str) -> str:
    if len(token) > 1 and token[0] in "'“”‘’":
        return json.dumps(token[1:-1], ensure_ascii=False)
    return _OTHER_SPELLINGS.get(token.lower(), token)


def _with_quoted_values(tokens: list[str]) -> Iterator[str]:
    """Yield the tokens; the words without quotes after an operator become one string."""
    while tokens:
        yield (operator := tokens[0])
        words = list(takewhile(_is_word, tokens[1:])) if operator in _OPERATORS else []
        if words:
            yield _value(" ".join(words))
        tokens = tokens[1 + len(words) :]


def _is_word(token: str) -> bool:
    return token not in _END_OF_VALUE and not token.startswith('"')


def _value(text: str) -> str:
    try:
        json.loads(text)
    except ValueError:
        return _LITERALS.get(text.lower(), json.dumps(text, ensure_ascii=False))
    return text


def _is_valid(text: str) -> bool:
    try:
        compile_filter(text, Placeholders())
    except BadParameter:
        return False
    return True
