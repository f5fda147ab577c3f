"""Serve the OpenAPI 3.1 description of the API, and the page that shows it."""

from pathlib import Path
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import conditional_page
from django.views.generic import TemplateView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from picus_api.core.response_body import encode_json

# `./picus make_schema` writes the files here. A test compares the files with its output.
FOLDER = Path(__file__).resolve().parent


class DescriptionRenderer(BaseRenderer):
    """Base of the media types of the description."""

    charset = None
    render_style = "text"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """Return the body of an error, which is JSON. The description needs no rendering."""
        return encode_json(data)


class JsonDescription(DescriptionRenderer):
    media_type = "application/json"
    format = "json"


class OpenApiJsonDescription(DescriptionRenderer):
    """JSON with the media type that OpenAPI tools ask for."""

    media_type = "application/vnd.oai.openapi+json"
    format = "json"


class YamlDescription(DescriptionRenderer):
    # RFC 9512
    media_type = "application/yaml"
    format = "yaml"


class OpenApiYamlDescription(DescriptionRenderer):
    """YAML with the media type that OpenAPI tools ask for."""

    media_type = "application/vnd.oai.openapi"
    format = "yaml"


class Description(APIView):
    """The path of the description."""

    renderer_classes = (JsonDescription, OpenApiJsonDescription, YamlDescription, OpenApiYamlDescription)

    def get(self, request: Request) -> HttpResponse:
        """Return the description in the format that the client accepts."""
        chosen = request.accepted_renderer
        # Requests for the description are rare, so the file is not kept in memory.
        content = (FOLDER / f"openapi.{chosen.format}").read_bytes()
        return HttpResponse(content, content_type=chosen.media_type)


description = conditional_page(Description.as_view())
page = TemplateView.as_view(template_name="picus_api/docs.html")
