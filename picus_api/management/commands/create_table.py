"""``manage.py create_table``: create the tables."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from picus_api.core.environment import SettingError
from picus_api.core.errors import TableUnavailable
from picus_api.table_setup import TableSpec, create_missing, table_problem, table_specs


class Command(BaseCommand):
    help = "Create the tables (items, and Idempotency-Keys) unless they exist, and wait until they are active."
    requires_system_checks = []  # noqa: RUF012 - the check of the table would fail before its creation

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            for spec in table_specs():
                self._create(spec)
        except SettingError as error:
            raise CommandError(str(error), returncode=2) from error
        except TableUnavailable as error:
            raise CommandError(f"The table can't be reached: {error.cause}") from error

    def _create(self, spec: TableSpec) -> None:
        created = create_missing(spec)
        if problem := table_problem(spec):
            raise CommandError(problem)
        self.stdout.write(f"Table {spec.name}: {'created and active' if created else 'there already'}.")
