"""``./picus create_table``: create the tables."""

from typing import Any

from picus_api.bulk.errors import BulkError
from picus_api.management.terminal import TerminalCommand
from picus_api.table_setup import TableSpec, create_missing, table_problem, table_specs


class Command(TerminalCommand):
    summary = """
        Create the tables for items, for Idempotency-Keys and for tokens unless they exist, and wait until they are
        active.
    """
    examples = """
        ./picus create_table
        DYNAMODB_TABLE_NAME=other AWS_REGION=eu-central-1 ./picus create_table
    """

    def run(self, options: dict[str, Any]) -> None:
        for spec in table_specs():
            self._create(spec)

    def _create(self, spec: TableSpec) -> None:
        created = create_missing(spec)
        if problem := table_problem(spec):
            raise BulkError(problem)
        self.stdout.write(f"Table {spec.name}: {'created and active' if created else 'exists already'}.")
