"""Generate the description of all endpoints on the domain, with drf-spectacular."""

import json
from typing import Any

import yaml
from django.urls import path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import patched_settings
from drf_spectacular.validation import validate_schema

from picus_api.openapi.generator import non_drf_operations, operations
from picus_api.openapi.generator.parameters import SECURITY_SCHEMES
from picus_api.openapi.generator.schemas import SCHEMAS

_DESCRIPTION = """\
A JSON item store on DynamoDB. Every JSON object that DynamoDB can hold comes back equal, with exact numbers: at most 38
significant digits, from 1e-130 to just under 1e126 on either side of zero, and at most 32 levels of nesting.

- A path with one more slash at its end gives the same response, never a redirect.
- Every path with `GET` has `HEAD`, and every path has `OPTIONS`. Another method is a 405 with `Allow`. An unknown
  path is a 404.
- Every error is `application/json` with the schema `Error`. Every response has an `X-Request-Id`.
- Operations on items need a token with a scope, unless the operator of the service allows them to anonymous clients.
  A token with a key prefix reads, lists and changes only items whose key begins with the prefix.
- A malformed HTTP request is a 400, 417, 431 or 501 on every path.
- The list and items are pages for a browser (`Accept: text/html`).
- `Accept: application/x-ndjson` lists one item on each line, `Accept: text/csv` with `fields` one row for each item.
  `POST` with `Content-Type: application/x-ndjson` creates many items. Generated clients handle JSON
  only, so the operations below describe JSON only.
"""

_SETTINGS = {
    "OAS_VERSION": "3.1.1",
    "TITLE": "Picus",
    "DESCRIPTION": _DESCRIPTION,
    "VERSION": "1",
    "CONTACT": {"name": "The maintainers of Picus"},
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "SCHEMA_PATH_PREFIX": "",
    "SORT_OPERATIONS": False,
    "SORT_OPERATION_PARAMETERS": False,
    "TAGS": [
        {"name": "Items", "description": "JSON objects under a key."},
        {"name": "Health", "description": "Health checks of Mozilla's Dockerflow."},
        {"name": "About", "description": "The endpoints and this description."},
    ],
    # Relative, so that the description is valid on every domain.
    "SERVERS": [{"url": "/"}],
    "APPEND_COMPONENTS": {"schemas": SCHEMAS, "securitySchemes": SECURITY_SCHEMES},
    "POSTPROCESSING_HOOKS": [
        "picus_api.openapi.generator.postprocessing.add_links",
        "picus_api.openapi.generator.postprocessing.require_bodies",
        "picus_api.openapi.generator.postprocessing.describe_scopes",
        "picus_api.openapi.generator.postprocessing.require_no_token_by_default",
        "picus_api.openapi.generator.postprocessing.order_methods",
        "picus_api.openapi.generator.postprocessing.use_single_examples",
    ],
}

# Plain paths. The service has regular expressions instead, because keys can have any characters.
_PATHS = [
    path("picus/list", operations.DescribedItems.as_view({"get": "list"})),
    path("picus/put", operations.DescribedItems.as_view({"post": "create"})),
    path("picus/get/<str:key>", operations.DescribedItems.as_view({"get": "retrieve"})),
    path("picus/put/<str:key>", operations.DescribedKeyedItems.as_view({"put": "update", "patch": "partial_update"})),
    path("picus/<str:key>", non_drf_operations.Deletion.as_view()),
    path("__lbheartbeat__", non_drf_operations.Liveness.as_view()),
    path("__heartbeat__", non_drf_operations.Readiness.as_view()),
    path("__version__", non_drf_operations.Version.as_view()),
    path("", operations.DescribedRoot.as_view()),
    path("schema", operations.DescribedDescription.as_view()),
    path("docs", non_drf_operations.DocsPage.as_view()),
]


def description() -> dict[str, Any]:
    """Return the OpenAPI document. Raises an error if the document violates OpenAPI's own schema."""
    with patched_settings(_SETTINGS):
        document: dict[str, Any] = SchemaGenerator(patterns=_PATHS).get_schema(public=True)  # type: ignore[no-untyped-call]
        validate_schema(document)  # type: ignore[no-untyped-call]
    return document


def files() -> dict[str, str]:
    """Return the text of each file that the service serves, by file name."""
    document = description()
    return {
        "openapi.json": json.dumps(document, indent=1, ensure_ascii=False) + "\n",
        "openapi.yaml": yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120),
    }
