"""What answers on this domain without being a view of DRF: the delete function, health, the documentation's page."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from picus_api.core.response_body import deleted_body
from picus_api.openapi.generator import parameters as p
from picus_api.openapi.generator.responses import HTML, JSON, answer, errors
from picus_api.openapi.generator.schemas import ref


class Deletion(APIView):
    """The delete function's, on the same domain."""

    @extend_schema(
        operation_id="deleteItem",
        summary="Delete an item",
        description="One conditional call, by the function on Lambda.",
        tags=["Items"],
        parameters=[p.DELETED_KEY, p.IF_MATCH, p.IF_NONE_MATCH, *p.MEASURED, p.REQUEST_ID, p.retry_after(503)],
        responses={
            (200, JSON): answer("Deleted", ref("Message"), deleted_body(p.EXAMPLE_KEY)),
            **errors(400, 404, 405, 412, 503),
        },
    )
    def delete(self, request: Request) -> Response:
        """On Lambda."""
        raise NotImplementedError


def _health(operation_id: str, summary: str, responses: dict[Any, Any]) -> type[APIView]:
    class Health(APIView):
        @extend_schema(
            operation_id=operation_id,
            summary=summary,
            tags=["Health"],
            parameters=[p.REQUEST_ID],
            responses=responses,
        )
        def get(self, request: Request) -> Response:
            """The middleware's."""
            raise NotImplementedError

    return Health


Alive = _health("isAlive", "Whether the process serves, whatever DynamoDB does", {200: answer("It serves")})
Ready = _health(
    "isReady",
    "Whether the table answers",
    {(200, JSON): answer("It does", ref("Health")), (500, JSON): answer("It does not", ref("Health"))},
)
Version = _health("getVersion", "What is deployed", {(200, JSON): answer("The version", ref("Version")), **errors()})


class Page(APIView):
    """The page that shows this description."""

    @extend_schema(
        operation_id="getDocumentation",
        summary="This description as a page to try it out",
        tags=["About"],
        parameters=[p.REQUEST_ID],
        responses={(200, HTML): answer("The page", {"type": "string"}), **errors()},
    )
    def get(self, request: Request) -> Response:
        """Django's own TemplateView."""
        raise NotImplementedError
