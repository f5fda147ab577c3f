"""The endpoints on ECS, in DRF's terms."""

from django.http.response import HttpResponseBase
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from picus_api.body import is_ndjson
from picus_api.conditional import not_modified, request_preconditions
from picus_api.core.errors import BadValue
from picus_api.core.idempotency_key import idempotency_key
from picus_api.keyed import answer_created, document_of, key_of
from picus_api.listing import list_items
from picus_api.models import Item
from picus_api.ndjson import create_many
from picus_api.renderers import answer


class Root(APIView):
    """A JSON item store on DynamoDB. Its endpoints, all on this domain."""

    name = "Picus"

    def get(self, request: Request) -> Response:
        """Where things are."""
        return Response(
            {
                "list": f"GET {reverse('list')}",
                "put": f"POST {reverse('put')}",
                "get": "GET /picus/get/{key}",
                "replace": "PUT /picus/put/{key}",
                "patch": "PATCH /picus/put/{key}",
                "delete": "DELETE /picus/{key}",
                "docs": f"GET {reverse('docs')}",
                "schema": f"GET {reverse('schema')}",
            },
            # RFC 8631: where programs look for them.
            headers={"Link": f'<{reverse("schema")}>; rel="service-desc", <{reverse("docs")}>; rel="service-doc"'},
        )


class ItemViewSet(ViewSet):
    """Items of the table."""

    def perform_authentication(self, request: Request) -> None:
        """Nothing to do: everybody is anonymous."""

    def list(self, request: Request) -> HttpResponseBase:
        """Every item, or a page of those that the query asks for."""
        return list_items(request)

    def create(self, request: Request) -> HttpResponseBase:
        """Store one item under a new key, or many, a line each."""
        field = request.META.get("HTTP_IDEMPOTENCY_KEY")
        if is_ndjson(request._request):
            if field is not None:
                raise BadValue("An Idempotency-Key stands for one item: send lines without it.", located=False)
            return create_many(request)
        document = document_of(request)
        if field is not None:
            return answer_created(request, *Item.create_once(idempotency_key(field), document))
        item = Item.create(document)
        return answer_created(request, item.object_id, item.etag())

    def retrieve(self, request: Request, **kwargs: str) -> HttpResponseBase:
        """One item."""
        item = Item.fetch(key_of(request._request))
        if request.accepted_renderer.format == "api":
            return Response(item)
        tag = item.etag()
        if (wanted := request_preconditions(request)) and wanted.is_seen(item.object_id, tag):
            return not_modified(tag, item.json_text())
        return answer(request, item, headers={"ETag": tag})
