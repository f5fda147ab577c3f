"""The API's description (OpenAPI 3.1) and the page that shows it."""

from pathlib import Path
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import conditional_page
from django.views.generic import TemplateView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from picus_api.core.response_body import encode_json

# Written by `./picus make_schema`; a test compares them with what it would write now.
FOLDER = Path(__file__).resolve().parent


class DescriptionRenderer(BaseRenderer):
    """A media type that the description is served as. An error is JSON."""

    charset = None
    render_style = "text"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """The body of an error; the description itself is sent as it is."""
        return encode_json(data)


class JsonDescription(DescriptionRenderer):
    """JSON."""

    media_type = "application/json"
    format = "json"


class OpenApiJsonDescription(DescriptionRenderer):
    """JSON, under the name that OpenAPI's own tools ask for."""

    media_type = "application/vnd.oai.openapi+json"
    format = "json"


class YamlDescription(DescriptionRenderer):
    """YAML (RFC 9512)."""

    media_type = "application/yaml"
    format = "yaml"


class OpenApiYamlDescription(DescriptionRenderer):
    """YAML, under the name that OpenAPI's own tools ask for."""

    media_type = "application/vnd.oai.openapi"
    format = "yaml"


class Description(APIView):
    """The API's description."""

    renderer_classes = (JsonDescription, OpenApiJsonDescription, YamlDescription, OpenApiYamlDescription)

    def get(self, request: Request) -> HttpResponse:
        """The whole of it, in the form that the client asks for."""
        chosen = request.accepted_renderer
        # Read anew each time: it is asked rarely and would stay in memory.
        content = (FOLDER / f"openapi.{chosen.format}").read_bytes()
        return HttpResponse(content, content_type=chosen.media_type)


description = conditional_page(Description.as_view())
page = TemplateView.as_view(template_name="picus_api/docs.html")
