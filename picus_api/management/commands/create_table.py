"""``manage.py create_table``: idempotent."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from picus_api import records_table
from picus_api.core import idempotency
from picus_api.core.environment import SettingError
from picus_api.core.table import TableUnavailable
from picus_api.models import Item


class Command(BaseCommand):
    """A thin face over ``Item.create_missing_table`` and ``records_table.create_missing``."""

    help = "Create the tables (items, and Idempotency-Key records) unless they are there; wait until they are active."
    requires_system_checks = []  # noqa: RUF012 the table check would fail before its creation

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was done."""
        try:
            created = Item.create_missing_table()
            problem = Item.table_problem()
            records_created = not problem and records_table.create_missing()
        except SettingError as error:
            raise CommandError(str(error), returncode=2) from error
        except TableUnavailable as error:
            raise CommandError(f"The table can't be reached: {error.cause}") from error
        if problem:
            raise CommandError(problem)
        self._report(Item.Meta.table_name, created)
        self._report(idempotency.table_name(), records_created)

    def _report(self, name: str, created: bool) -> None:
        self.stdout.write(f"Table {name}: {'created and active' if created else 'there already'}.")
