"""A pytest plugin that deletes the items of contract tests in the table itself.

Most tests leave an item or more. A DELETE by way of the distribution, the REST API and the function takes ten times as
long, and the tests of DELETE send enough of them.
"""

import os
from functools import cache
from typing import TYPE_CHECKING

import boto3

from tests.contract.client import Client

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


@cache
def table() -> "Table":
    """Return the table of the stage."""
    return boto3.resource("dynamodb").Table(os.environ["PICUS_TABLE"])


def clean_up(self: Client) -> None:
    """Delete all created items that still exist."""
    if self.created:
        with table().batch_writer(["object_id"]) as batch:
            for key in self.created:
                batch.delete_item(Key={"object_id": key})
        self.created.clear()


Client.clean_up = clean_up  # type: ignore[method-assign]
