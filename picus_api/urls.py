"""The paths on ECS. One more slash at the end is answered the same, never by a redirect."""

from django.urls import path, re_path

from picus_api import documentation
from picus_api.browsable import BrowsableRenderer
from picus_api.keyed import KeyedItemViewSet
from picus_api.renderers import ItemRenderer, NdjsonRenderer
from picus_api.views import ItemViewSet, Root

_LIST_RENDERERS = [ItemRenderer, BrowsableRenderer, NdjsonRenderer]
_list = ItemViewSet.as_view({"get": "list"}, name="Items", renderer_classes=_LIST_RENDERERS)
_put = ItemViewSet.as_view({"post": "create"}, name="New item", renderer_classes=_LIST_RENDERERS)
_keyed = KeyedItemViewSet.as_view({"put": "update", "patch": "partial_update"}, name="Item")

urlpatterns = [
    # First, because it is asked most. Not a dot: a key may contain a line break.
    re_path(r"^picus/get/[\s\S]+\Z", ItemViewSet.as_view({"get": "retrieve"}, name="Item")),
    path("", Root.as_view(), name="root"),
    path("picus/list", _list, name="list"),
    path("picus/list/", _list),
    path("picus/put", _put, name="put"),
    path("picus/put/", _put),
    re_path(r"^picus/put/[\s\S]+\Z", _keyed),
    path("schema/", documentation.description, name="schema"),
    path("schema", documentation.description),
    path("docs/", documentation.page, name="docs"),
    path("docs", documentation.page),
]
