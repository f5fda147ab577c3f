"""A transport with short timeouts, and tables to use it on."""

import uuid

import pytest

from picus_api.core.dynamodb.transport import Transport
from tests.unit.core.dynamodb.conftest import QUICK, Make, aws_variables, make_transport

__all__ = ["QUICK", "Make", "aws_variables", "make_transport"]


def create_table(transport: Transport) -> str:
    """Create an empty table with the string key object_id, and return its name."""
    name = f"picus_{uuid.uuid4().hex}"
    transport.call(
        "CreateTable",
        {
            "TableName": name,
            "KeySchema": [{"AttributeName": "object_id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "object_id", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    )
    return name


@pytest.fixture
def direct(dynamodb_url: str, make_transport: Make) -> Transport:
    """Return a transport to DynamoDB without faults."""
    return make_transport(dynamodb_url)


@pytest.fixture
def table(direct: Transport) -> str:
    return create_table(direct)
