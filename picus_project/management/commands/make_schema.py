"""``./picus make_schema``: writes the API's description that the service serves."""

from typing import Any

from django.core.management.base import BaseCommand

from picus_api.openapi.views import FOLDER


class Command(BaseCommand):
    """A thin face over ``picus_api.openapi.generator``, which needs the packages of development."""

    help = "Write the API's description (OpenAPI 3.1) to picus_api/openapi/."
    requires_system_checks = []  # noqa: RUF012 it needs no table

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the files."""
        # Not needed by any other command.
        from picus_api.openapi.generator.generate import files  # noqa: PLC0415

        FOLDER.mkdir(exist_ok=True)
        for name, content in files().items():
            (FOLDER / name).write_text(content)
            self.stdout.write(f"wrote {FOLDER.name}/{name}")
