"""Generate the OpenAPI description. The service only serves the files, so it needs none of these packages."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework.settings import api_settings


class LiteralAutoSchema(AutoSchema):
    """drf-spectacular without its rule that an action named list returns a list of the described schema."""

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False


# The decorators of drf-spectacular extend this class. As a Django setting, the service would need the package too.
setattr(api_settings, "DEFAULT_SCHEMA_CLASS", LiteralAutoSchema)  # noqa: B010 typed as the text of the setting
