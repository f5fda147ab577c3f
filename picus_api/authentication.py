"""Connect access control (core/access) to DRF: authentication, permissions and audit lines."""

from typing import TYPE_CHECKING, Any, cast

from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from picus_api.core import audit
from picus_api.core.access import access
from picus_api.core.access.access import ANONYMOUS, READ, WRITE, Access, Credentials

if TYPE_CHECKING:
    # At run time DRF's views would import the renderers, which import this module.
    from rest_framework.views import APIView

ACCESS = "picus.access"
"""The key in META under which the middleware finds the Access of the request, for log lines and Cache-Control."""
ITEM_KEY = "picus.item_key"
"""The key in META under which the middleware finds the item's key that the view read from the path or assigned."""


def authenticate(meta: dict[str, Any]) -> Access:
    """Return the access of the request with these header fields."""
    found = _access(meta)
    meta[ACCESS] = found
    return found


def check_again(request: Request, scope: str) -> None:
    """Raise an error if the client may not do this any more. A body can take long to arrive, and many items to write.

    Raises the errors of ``Access.check_scope``. Log lines keep the access that the request began with.
    """
    _access(request.META).check_scope(scope)


def _access(meta: dict[str, Any]) -> Access:
    fields = Credentials(meta.get("HTTP_AUTHORIZATION"), meta.get("HTTP_COOKIE"), meta.get("HTTP_SEC_FETCH_SITE"))
    return access.authenticate(fields)


def caller(meta: dict[str, Any]) -> dict[str, Any]:
    """Return the log fields that identify the client of the request with these header fields."""
    peer = meta.get("REMOTE_ADDR", "")
    who = audit.caller("service", meta.get("HTTP_X_FORWARDED_FOR"), peer, meta.get("HTTP_USER_AGENT"))
    found: Access | None = meta.get(ACCESS)
    # Views that need no token have not checked one.
    return who | (found.log_fields() if found else {"token": ANONYMOUS})


def log_change(request: Request, action: str, **about: Any) -> None:
    """Write the audit line of a change by this request. See ``audit.log_change``."""
    audit.log_change(caller(request.META), action, **about)


def access_of(request: Request) -> Access:
    """Return the Access of an authenticated request, which DRF calls the user."""
    return cast(Access, request.user)


class TokenAuthentication(BaseAuthentication):
    """Find the token in Authorization, or in the cookie of a browser. Anonymous clients have an Access too."""

    def authenticate(self, request: Request) -> tuple[Access, None]:
        """Return the Access as DRF's user. An Access with a refused token allows nothing."""
        return authenticate(request.META), None


class HasScope(BasePermission):
    """Base of the permissions: the client needs a scope, by its token or as an anonymous client."""

    scope: str

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Return True if the client has the scope. Raises the errors of ``Access.check_scope``."""
        access_of(request).check_scope(self.scope)
        return True


class CanRead(HasScope):
    scope = READ


class CanWrite(HasScope):
    scope = WRITE
