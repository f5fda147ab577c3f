"""Describe the operations that are no views of DRF: the delete function, health, and the page /docs."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from picus_api.core.access.access import DELETE
from picus_api.core.response_body import deleted_body
from picus_api.openapi.generator import parameters as p
from picus_api.openapi.generator.responses import HTML, JSON, errors, response
from picus_api.openapi.generator.schemas import ref


class Deletion(APIView):
    """Stand-in for the delete function."""

    @extend_schema(
        operation_id="deleteItem",
        summary="Delete an item",
        description="A function on Lambda deletes the item with one conditional call.",
        tags=["Items"],
        **p.needs(DELETE),
        parameters=[
            p.KEY,
            p.IF_MATCH,
            p.IF_NONE_MATCH,
            *p.MEASURED,
            p.CHALLENGE,
            p.REQUEST_ID,
            p.retry_after_header(503),
        ],
        responses={
            (200, JSON): response("Deleted", ref("Message"), deleted_body(p.EXAMPLE_KEY)),
            **errors(400, 404, 405, 412, 428, 503, scope=DELETE),
        },
    )
    def delete(self, request: Request) -> Response:
        raise NotImplementedError


def _health(operation_id: str, summary: str, description: str, responses: dict[Any, Any]) -> type[APIView]:
    class Health(APIView):
        @extend_schema(
            operation_id=operation_id,
            summary=summary,
            description=description,
            tags=["Health"],
            parameters=[p.REQUEST_ID],
            responses=responses,
        )
        def get(self, request: Request) -> Response:
            raise NotImplementedError

    return Health


Liveness = _health(
    "isAlive",
    "Check that the process serves",
    "The load balancer sends this request. The response does not depend on DynamoDB.",
    {200: response("The process serves"), **errors()},
)
Readiness = _health(
    "isReady",
    "Check that the table responds",
    "The response names the failing check.",
    {
        **errors(),
        (200, JSON): response("The table responds", ref("Health")),
        (500, JSON): response("The table does not respond", ref("Health")),
    },
)
Version = _health(
    "getVersion",
    "Get the deployed version",
    "Version, commit, source and build of the service.",
    {(200, JSON): response("The version", ref("Version")), **errors()},
)


class DocsPage(APIView):
    """Stand-in for Django's TemplateView."""

    @extend_schema(
        operation_id="getDocumentation",
        summary="Get a page to read and try this API",
        tags=["About"],
        parameters=[p.REQUEST_ID],
        responses={(200, HTML): response("The page", {"type": "string"}), **errors()},
    )
    def get(self, request: Request) -> Response:
        raise NotImplementedError
