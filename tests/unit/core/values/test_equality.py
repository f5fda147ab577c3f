"""Items are compared by value, as DynamoDB stores them."""

from typing import Any

import pytest

from picus_api.core.dynamodb.ambiguous_writes import for_retry, with_token
from picus_api.core.values.equality import same_attributes


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ({"S": "a"}, {"S": "a"}),
        ({"N": "1.10"}, {"N": "1.1"}),
        ({"N": "1E+2"}, {"N": "100"}),
        ({"NS": ["1.0", "2"]}, {"NS": ["2", "1"]}),
        ({"SS": ["a", "b"]}, {"SS": ["b", "a"]}),
        ({"BS": ["AA==", "AQ=="]}, {"BS": ["AQ==", "AA=="]}),
        ({"B": "AP8="}, {"B": "AP8="}),
        ({"NULL": True}, {"NULL": True}),
        ({"L": [{"N": "1.0"}, {"M": {"a": {"N": "0.5"}}}]}, {"L": [{"N": "1"}, {"M": {"a": {"N": ".5"}}}]}),
    ],
)
def test_equal_values_are_equal(mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert same_attributes({"a": mine}, {"a": theirs})


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ({"S": "1"}, {"N": "1"}),
        ({"S": "a"}, {"S": "A"}),
        ({"N": "12345678901234567890123456789012345678"}, {"N": "12345678901234567890123456789012345679"}),
        ({"NS": ["1", "2"]}, {"NS": ["1"]}),
        ({"BOOL": True}, {"BOOL": False}),
        ({"L": [{"N": "1"}]}, {"L": [{"N": "1"}, {"N": "1"}]}),
        ({"L": [{"S": "a"}, {"S": "b"}]}, {"L": [{"S": "b"}, {"S": "a"}]}),
        ({"M": {"a": {"N": "1"}}}, {"M": {"b": {"N": "1"}}}),
        ({"B": "AP8="}, {"B": "AP4="}),
    ],
)
def test_different_values_are_not_equal(mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert not same_attributes({"a": mine}, {"a": theirs})
    assert not same_attributes({"a": mine}, {"a": mine, "b": theirs})


def test_repeated_write_asks_for_item_once() -> None:
    conditional = b'{"Item":{},"ConditionExpression":"x"}'
    asking = b'{"Item":{},"ConditionExpression":"x","ReturnValuesOnConditionCheckFailure":"ALL_OLD"}'
    assert for_retry("PutItem", conditional) == asking
    assert for_retry("PutItem", asking) == asking
    assert for_retry("DeleteItem", conditional) == asking
    assert for_retry("PutItem", b'{"Item":{}}') == b'{"Item":{}}'
    assert for_retry("Query", conditional) == conditional


def test_member_name_in_text_is_no_member() -> None:
    """An attribute may have the name of a DynamoDB type."""
    body = b'{"Item":{"ReturnValuesOnConditionCheckFailure":{"S":"a"}},"ConditionExpression":"x"}'
    assert for_retry("PutItem", body).endswith(b',"ReturnValuesOnConditionCheckFailure":"ALL_OLD"}')
    assert b',"ClientRequestToken":"' in with_token("TransactWriteItems", b'{"a":"ClientRequestToken"}\n')
