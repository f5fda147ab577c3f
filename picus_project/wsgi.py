"""The WSGI application that gunicorn serves."""

import os
import sys
from importlib import import_module

from django.conf import settings
from django.core.cache import close_caches
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, reset_queries

from picus_api.core.environment import SettingError, required

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "picus_project.settings")

try:
    required("DYNAMODB_TABLE_NAME")
    application = get_wsgi_application()
    # Without a database and a cache there is nothing to reset at the start and end of a request.
    request_started.disconnect(reset_queries)
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    request_finished.disconnect(close_caches)
    # Import views and DRF before workers are forked, instead of in the first request.
    import_module(settings.ROOT_URLCONF)
except SettingError as error:
    sys.exit(f"picus: {error}")
