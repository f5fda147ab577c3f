"""Sign in with a token, which becomes a cookie of the browser, and sign out. Both work without JavaScript."""

import re
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views import View

from picus_api.authentication import ACCESS, authenticate
from picus_api.core.access import access
from picus_api.core.access.access import SECURE_COOKIE, Credentials
from picus_api.core.errors import CrossSiteWrite, PicusError, UnsupportedMediaType
from picus_api.exceptions import log_error, respond_to
from picus_api.request_body import read_body

FORM_TYPE = "application/x-www-form-urlencoded"
_FOREIGN_FORM = (
    "Sign in and out on the pages of this site only (Sec-Fetch-Site: same-origin). Browsers send this field over HTTPS "
    "and to localhost."
)
# One slash at the start: two, or a backslash, would begin the name of another host. Browsers remove tabs and line
# breaks, so no control character is allowed either (https://url.spec.whatwg.org/#url-parsing).
_LOCAL_PATH = re.compile(r"/(?!/)[!-\[\]-~]*")


class SeeOther(HttpResponseRedirect):
    """Send the browser to a page with GET (RFC 9110, section 15.4.4)."""

    status_code = 303


class SessionView(View):
    """Base of the two paths. A form of another site can't sign a browser in or out (login CSRF)."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Respond to the request, and to an error with a page if the client prefers HTML."""
        try:
            if request.method == "POST" and request.META.get("HTTP_SEC_FETCH_SITE") != "same-origin":
                raise CrossSiteWrite(_FOREIGN_FORM)
            return super().dispatch(request, *args, **kwargs)
        except PicusError as error:
            return respond_to(request, error)


class SignIn(SessionView):
    """The page with the form that takes a token."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return the page with the form."""
        return _page(request, request.GET.get("next", ""))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Set the cookie and lead to the page ``next``. A token that is not accepted gets the form again."""
        form = _form(request)
        token, target = form.get("token", "").strip(), form.get("next", "")
        found = access.authenticate(Credentials(f"Bearer {token}", None, None))
        if found.refusal is None:
            response: HttpResponse = SeeOther(local_path(target))
            name = access.rules().cookie
            # Without Max-Age: the browser forgets the cookie when it is closed.
            response.set_cookie(name, token, secure=name == SECURE_COOKIE, httponly=True, samesite="Strict")
        else:
            log_error(found.refusal)
            response = _page(request, target, found.refusal)
        # The log line and Cache-Control need the new token. The page above has shown the session before it.
        request.META[ACCESS] = found
        return response


class SignOut(SessionView):
    """The button of every page that removes the cookie."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Remove the cookie and lead to the start page. The token stays valid for other clients."""
        authenticate(request.META)  # for the log line
        response = SeeOther(reverse("root"))
        response.delete_cookie(access.rules().cookie, samesite="Strict")
        return response


def local_path(target: str) -> str:
    """Return the target if it is a path on this site that a browser may open after a sign-in, else the start page."""
    is_safe = _LOCAL_PATH.fullmatch(target) and not target.startswith((reverse("sign-in"), reverse("sign-out")))
    return target if is_safe else reverse("root")


def _form(request: HttpRequest) -> QueryDict:
    """Return the fields of the form. Raises UnsupportedMediaType, BodyTooLarge, BodyTimeout, IncompleteBody."""
    media_type = request.META.get("CONTENT_TYPE", "")
    if media_type.partition(";")[0].strip().lower() != FORM_TYPE:
        raise UnsupportedMediaType(media_type, FORM_TYPE)
    has_body = request.META.get("CONTENT_LENGTH") not in (None, "", "0")
    return QueryDict(read_body(request) if has_body else b"")


def _page(request: HttpRequest, target: str, error: PicusError | None = None) -> HttpResponse:
    context = {
        "heading": "Sign in",
        "part": "picus_api/sign_in.html",
        "next": local_path(target),
        "error": error,
        "works_without_script": True,
    }
    page = render(request, "picus_api/page.html", context, status=error.status if error else 200)
    for name, value in (error.headers() if error else {}).items():
        page[name] = value
    return page
