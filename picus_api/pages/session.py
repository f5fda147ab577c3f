"""What every page shows of access: who is signed in, what the token may do, and whether changes are switched off."""

from functools import cached_property
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest
from django.urls import reverse

from picus_api.authentication import ACCESS, authenticate
from picus_api.core.access import access
from picus_api.core.access.access import DELETE, READ, SCOPES, WRITE, Access
from picus_api.core.errors import TableUnavailable
from picus_api.pretty_json import escape_bidi


def session(request: HttpRequest) -> dict[str, Any]:
    """Return the variable ``session`` of all templates. This is a context processor of Django."""
    return {"session": Session(request)}


class Session:
    """The access of the request for a page, in the terms of templates."""

    def __init__(self, request: HttpRequest) -> None:
        """Take the Access that the view checked. Pages that need no token have not checked one."""
        self.access: Access = request.META.get(ACCESS) or authenticate(request.META)
        self.label, self.prefix = escape_bidi(self.access.label), escape_bidi(self.access.prefix)
        self.scopes = ", ".join(scope for scope in SCOPES if scope in self.access.scopes) or "nothing"
        self.can_read = READ in self.access.scopes
        self._request = request

    @property
    def sign_in_path(self) -> str:
        """Return the path of the sign-in page, which leads back to this page."""
        path, query = self._request.path_info, self._request.META.get("QUERY_STRING")
        if self._request.method != "GET" or path.startswith(reverse("sign-in")):
            return reverse("sign-in")
        target = f"{path}?{query}" if query else path
        return f"{reverse('sign-in')}?next={quote(target, safe='/')}"

    @cached_property
    def is_read_only(self) -> bool:
        """Return True if changes are switched off. A page is shown although DynamoDB does not say it."""
        try:
            return access.rules().tokens.is_read_only()
        except TableUnavailable:
            return False

    @property
    def can_write(self) -> bool:
        return WRITE in self.access.scopes and not self.is_read_only

    @property
    def can_delete(self) -> bool:
        return DELETE in self.access.scopes and not self.is_read_only
