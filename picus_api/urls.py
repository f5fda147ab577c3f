"""The paths on ECS. A path with one more slash at the end gives the same response, never a redirect."""

from django.urls import path, re_path

from picus_api.openapi import views as openapi_views
from picus_api.pages.renderer import BrowsableRenderer
from picus_api.pages.sign_in import SignIn, SignOut
from picus_api.renderers import CsvRenderer, ItemRenderer, NdjsonRenderer
from picus_api.views import ItemViewSet, KeyedItemViewSet, Root

_LIST_RENDERERS = [ItemRenderer, BrowsableRenderer, NdjsonRenderer]
_list = ItemViewSet.as_view({"get": "list"}, name="Items", renderer_classes=[*_LIST_RENDERERS, CsvRenderer])
_put = ItemViewSet.as_view({"post": "create"}, name="New item", renderer_classes=_LIST_RENDERERS)
_keyed = KeyedItemViewSet.as_view({"put": "update", "patch": "partial_update"}, name="Item")

urlpatterns = [
    # First, because most requests are for these. [\s\S] instead of a dot: a key may contain a line break.
    re_path(r"^picus/get/[\s\S]+\Z", ItemViewSet.as_view({"get": "retrieve"}, name="Item")),
    path("picus/put", _put, name="put"),
    path("", Root.as_view(), name="root"),
    path("picus/list", _list, name="list"),
    path("picus/list/", _list),
    path("picus/put/", _put),
    re_path(r"^picus/put/[\s\S]+\Z", _keyed),
    path("schema/", openapi_views.description, name="schema"),
    path("schema", openapi_views.description),
    path("docs/", openapi_views.page, name="docs"),
    path("docs", openapi_views.page),
    path("sign-in", SignIn.as_view(), name="sign-in"),
    path("sign-in/", SignIn.as_view()),
    path("sign-out", SignOut.as_view(), name="sign-out"),
    path("sign-out/", SignOut.as_view()),
]
