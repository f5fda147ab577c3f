"""The paths of the service, and the handlers of Django's own errors."""

from picus_api.urls import urlpatterns

__all__ = ["handler400", "handler404", "handler500", "urlpatterns"]

handler400 = "picus_api.exceptions.bad_request"
handler404 = "picus_api.exceptions.not_found"
handler500 = "picus_api.exceptions.server_error"
