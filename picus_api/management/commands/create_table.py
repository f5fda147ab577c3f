"""``manage.py create_table``: idempotent."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from picus_api.core.environment import SettingError
from picus_api.core.table import TableUnavailable
from picus_api.models import Item


class Command(BaseCommand):
    """A thin face over ``Item.create_missing_table``."""

    help = "Create the table unless it is there, and wait until it is active."
    requires_system_checks = []  # noqa: RUF012 the table check would fail before its creation

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was done."""
        try:
            created = Item.create_missing_table()
            problem = Item.table_problem()
        except SettingError as error:
            raise CommandError(str(error), returncode=2) from error
        except TableUnavailable as error:
            raise CommandError(f"The table can't be reached: {error.cause}") from error
        if problem:
            raise CommandError(problem)
        done = "created and active" if created else "there already"
        self.stdout.write(f"Table {Item.Meta.table_name}: {done}.")
