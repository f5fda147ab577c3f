"""DRF's ViewSet with a short path for requests that leave nothing to negotiate: JSON without a query."""

from collections.abc import Callable, Mapping
from functools import update_wrapper
from typing import Any, ClassVar, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from picus_api.authentication import HasScope, TokenAuthentication, authenticate
from picus_api.core.access.access import Access
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.parsers import ItemParser, Negotiation
from picus_api.renderers import ItemRenderer

_NEGOTIATION, _PARSERS, _RENDERER = Negotiation(), (ItemParser(),), ItemRenderer()
_ANY_JSON = (None, "*/*", ItemRenderer.media_type)


class JsonRequest(Request):
    """DRF's request of a client that takes JSON. What DRF creates for each request is shared here."""

    parsers, authenticators, negotiator = _PARSERS, (), _NEGOTIATION
    accepted_renderer, accepted_media_type = _RENDERER, ItemRenderer.media_type
    version = versioning_scheme = None
    user: Access  # type: ignore[assignment]  # DRF's stubs know Django's users only

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self.META = request.META
        self.method = request.method

    @property
    def parser_context(self) -> dict[str, Any]:  # type: ignore[override]  # an attribute in DRF
        """Return DRF's context of a parser. As an attribute it would keep the request until a garbage collection."""
        return {"request": self}

    @property
    def data(self) -> AttributeMap:
        """Return the attribute map in the body. Raises what Negotiation and ItemParser raise."""
        parser: ItemParser = _NEGOTIATION.select_parser(self, _PARSERS)
        return parser.parse(self._request)


class JsonViewSet(ViewSet):
    """A ViewSet without throttling. ``permission_of`` has the permission of each action.

    DRF's dispatch creates parsers, renderers and a negotiator for each request, and asks them what is known for most
    requests. Where it is known, the action is called at once. All other requests take DRF's way.
    """

    authentication_classes = (TokenAuthentication,)
    permission_of: ClassVar[Mapping[str, type[HasScope]]]

    @classmethod
    def as_view(cls, actions: dict[str, Any] | None = None, **initkwargs: Any) -> Any:
        """Return the view function of these actions. It responds like DRF's."""
        negotiating: Callable[..., HttpResponseBase] = super().as_view(actions, **initkwargs)
        actions = dict(actions or {})
        action_of = {method.upper(): action for method, action in actions.items()}
        scope_of = {action: cls.permission_of[action].scope for action in actions.values()}
        headers = cls._constant_headers(actions, initkwargs)

        def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            action = action_of.get(str(request.method))
            meta = request.META
            if action is None or meta.get("QUERY_STRING") or meta.get("HTTP_ACCEPT") not in _ANY_JSON:
                return negotiating(request, *args, **kwargs)
            viewset = cls(**initkwargs)
            viewset.action = action
            return viewset._respond(JsonRequest(request), scope_of[action], headers, kwargs)

        return update_wrapper(view, negotiating)

    def get_permissions(self) -> list[BasePermission]:
        """Return the permission of the action. OPTIONS, and methods that are not served, need none."""
        permission = self.permission_of.get(self.action)
        return [permission()] if permission else []

    @property
    def default_response_headers(self) -> dict[str, str]:
        """Return DRF's header fields, with the Vary that compression would add to each response."""
        headers: dict[str, str] = super().default_response_headers
        return headers | {"Vary": "Accept, Accept-Encoding"}

    def finalize_response(self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any) -> Any:
        """Return DRF's final response, which no longer refers to its request once it is rendered."""
        final = super().finalize_response(request, cast(Response, response), *args, **kwargs)
        if isinstance(final, Response):
            final.add_post_render_callback(_forget_request)
        return final

    @classmethod
    def _constant_headers(cls, actions: Mapping[str, str], initkwargs: dict[str, Any]) -> dict[str, str]:
        """Return the header fields of every response, which DRF computes from the methods that a view has."""
        viewset = cls(**initkwargs)
        for method, action in actions.items():
            setattr(viewset, method, getattr(viewset, action))
        if "get" in actions:
            setattr(viewset, "head", getattr(viewset, actions["get"]))  # noqa: B010 - DRF adds HEAD like this
        return viewset.default_response_headers

    def _respond(
        self, request: JsonRequest, scope: str, headers: dict[str, str], kwargs: dict[str, Any]
    ) -> HttpResponseBase:
        """Check the access, call the action and add the header fields. An error takes DRF's way."""
        self.request = request
        try:
            request.user = authenticate(request.META)
            request.user.check_scope(scope)
            response: HttpResponseBase = getattr(self, self.action)(request, **kwargs)
        except Exception as error:
            response = self.handle_exception(error)
        if hasattr(response, "render") or response.has_header("Vary"):
            self.headers = dict(headers)
            return cast(HttpResponseBase, self.finalize_response(request, response))
        for name, value in headers.items():
            response[name] = value
        return response


def _forget_request(response: Any) -> None:
    """Break DRF's reference cycles, which would keep the request until a garbage collection."""
    context = response.renderer_context
    context["request"].parser_context.clear()
    vars(context["view"]).clear()  # each of its handlers refers to the view
    context.clear()
