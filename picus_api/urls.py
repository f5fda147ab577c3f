"""The paths on ECS. One more slash at the end is answered the same, never by a redirect."""

from django.urls import path, re_path

from picus_api.views import ItemViewSet, Root

_list = ItemViewSet.as_view({"get": "list"}, name="Items")
_put = ItemViewSet.as_view({"post": "create"}, name="New item")

urlpatterns = [
    # First, because it is asked most. Not a dot: a key may contain a line break.
    re_path(r"^picus/get/[\s\S]+\Z", ItemViewSet.as_view({"get": "retrieve"}, name="Item")),
    path("", Root.as_view(), name="root"),
    path("picus/list", _list, name="list"),
    path("picus/list/", _list),
    path("picus/put", _put, name="put"),
    path("picus/put/", _put),
]
