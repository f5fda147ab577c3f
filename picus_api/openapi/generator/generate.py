"""The description of the whole domain, by drf-spectacular."""

import json
from typing import Any

import yaml
from django.urls import path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import patched_settings
from drf_spectacular.validation import validate_schema

from picus_api.openapi.generator import non_drf_operations, operations
from picus_api.openapi.generator.schemas import SCHEMAS

_ABOUT = """\
A JSON item store on DynamoDB. Nothing is rounded: any JSON object that DynamoDB can hold comes back equal, numbers
exactly.

- One more slash at the end of a path is answered the same, never by a redirect.
- `HEAD` where there is `GET`; `OPTIONS` answers. A method that a path does not serve: 405 with `Allow`. A path
  that does not exist: 404.
- Every error is `application/json` in the shape of `Error`, and every answer has an `X-Request-Id`.
- What is not proper HTTP is a 400, 417, 431 or 501 before any path is looked at.
- A browser (`Accept: text/html`) gets the answers about items as pages, errors too.
"""

_SETTINGS = {
    "OAS_VERSION": "3.1.1",
    "TITLE": "Picus",
    "DESCRIPTION": _ABOUT,
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "",
    "SORT_OPERATION_PARAMETERS": False,
    "TAGS": [
        {"name": "Items", "description": "JSON objects under a key."},
        {"name": "Health", "description": "As Mozilla's Dockerflow has them."},
        {"name": "About"},
    ],
    # Relative: the description holds wherever it is served.
    "SERVERS": [{"url": "/"}],
    "APPEND_COMPONENTS": {"schemas": SCHEMAS},
    "POSTPROCESSING_HOOKS": [
        "picus_api.openapi.generator.links.add_links",
        "picus_api.openapi.generator.links.require_bodies",
    ],
}

# As plain paths: the service's own are regular expressions, for the sake of odd keys.
_PATHS = [
    path("picus/list", operations.Items.as_view({"get": "list"})),
    path("picus/put", operations.Items.as_view({"post": "create"})),
    path("picus/put/<str:key>", operations.KeyedItems.as_view({"put": "update", "patch": "partial_update"})),
    path("picus/get/<str:key>", operations.Items.as_view({"get": "retrieve"})),
    path("picus/<str:key>", non_drf_operations.Deletion.as_view()),
    path("__lbheartbeat__", non_drf_operations.Alive.as_view()),
    path("__heartbeat__", non_drf_operations.Ready.as_view()),
    path("__version__", non_drf_operations.Version.as_view()),
    path("", operations.Root.as_view()),
    path("schema/", operations.Description.as_view()),
    path("docs/", non_drf_operations.Page.as_view()),
]


def description() -> dict[str, Any]:
    """The OpenAPI document. Raises when it does not conform to OpenAPI's own schema."""
    with patched_settings(_SETTINGS):
        document: dict[str, Any] = SchemaGenerator(patterns=_PATHS).get_schema(public=True)  # type: ignore[no-untyped-call]
        validate_schema(document)  # type: ignore[no-untyped-call]
    return document


def files() -> dict[str, str]:
    """What is served, by file name."""
    document = description()
    return {
        "openapi.json": json.dumps(document, indent=1, ensure_ascii=False) + "\n",
        "openapi.yaml": yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120),
    }
