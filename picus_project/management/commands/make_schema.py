"""Write the OpenAPI description that the service serves: ``./picus make_schema``."""

from typing import Any

from picus_api.management.terminal import HelpfulCommand
from picus_api.openapi.views import FOLDER


class Command(HelpfulCommand):
    """Run ``picus_api.openapi.generator``, which needs the development packages."""

    summary = """
        Write the API's description (OpenAPI 3.1) to picus_api/openapi/. Run it after a change of the API, and commit
        the files. It needs the packages of development, and no table.
    """
    examples = "./picus make_schema && git diff picus_api/openapi"
    exit_status = "Exit status: 0 written, 1 failed."

    def handle(self, *args: Any, **options: Any) -> None:
        # Imported here, because its packages are development only.
        from picus_api.openapi.generator.generate import files  # noqa: PLC0415

        FOLDER.mkdir(exist_ok=True)
        for name, content in files().items():
            (FOLDER / name).write_text(content)
            self.stdout.write(f"wrote {FOLDER.name}/{name}")
