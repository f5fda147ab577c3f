"""The Django app."""

from django.apps import AppConfig


class PicusApiConfig(AppConfig):
    """Views, commands, checks and templates."""

    name = "picus_api"

    def ready(self) -> None:
        """Register the system checks."""
        from picus_api import checks  # noqa: F401, PLC0415 only once the apps are loaded
