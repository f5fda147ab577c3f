"""``./picus create_table``: create the tables."""

from typing import Any

from picus_api.bulk.errors import BulkError
from picus_api.core.dynamodb.table import is_refusal
from picus_api.core.errors import TableUnavailable
from picus_api.management.terminal import TerminalCommand
from picus_api.table_setup import TableSpec, create_missing, table_problem, table_specs


class Command(TerminalCommand):
    summary = """
        Create the tables for items, for Idempotency-Keys and for tokens unless they exist, and wait until they are
        active.
    """
    examples = """
        ./picus create_table
        (set -a; . .local/stack.env; DYNAMODB_TABLE_NAME=other ./picus create_table)
        AWS_PROFILE=PROFILE AWS_REGION=eu-central-1 DYNAMODB_TABLE_NAME=items ./picus create_table
    """

    def run(self, options: dict[str, Any]) -> None:
        for spec in table_specs():
            self._create(spec)

    def _create(self, spec: TableSpec) -> None:
        try:
            created = create_missing(spec)
        except TableUnavailable as error:
            if not is_refusal(error):
                raise
            raise BulkError(
                f"DynamoDB refuses the table {spec.name!r}: {getattr(error.__cause__, 'message', '')}"
            ) from error
        if problem := table_problem(spec):
            raise BulkError(problem)
        self.stdout.write(f"Table {spec.name}: {'created and active' if created else 'exists already'}.")
