"""The Django app."""

from django.apps import AppConfig


class PicusApiConfig(AppConfig):
    """Views, commands, checks and templates."""

    name = "picus_api"

    def import_models(self) -> None:
        """Don't import models.py: its model is PynamoDB's, not Django's, and most commands do without PynamoDB."""
        self.models = self.apps.all_models[self.label]  # type: ignore[union-attr]  # populate() has set it

    def ready(self) -> None:
        """Register the system checks."""
        from picus_api import checks  # noqa: F401, PLC0415 only once the apps are loaded
