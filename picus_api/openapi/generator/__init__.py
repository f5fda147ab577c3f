"""The API's description. Development only: what it writes is served, by a service that needs none of these packages."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework.settings import api_settings


class AsWritten(AutoSchema):
    """drf-spectacular without its guess that an action called list answers with a list of what is described."""

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False


# What drf-spectacular's decorators build on; a setting would make the service need it too.
setattr(api_settings, "DEFAULT_SCHEMA_CLASS", AsWritten)  # noqa: B010 typed as the text of the setting
