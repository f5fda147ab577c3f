"""What gunicorn serves."""

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
    # There is no database and no cache to tidy up after at the start and end of every request.
    request_started.disconnect(reset_queries)
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    request_finished.disconnect(close_caches)
    # Views and DRF too, once, before workers are forked: not in the first request.
    import_module(settings.ROOT_URLCONF)
except SettingError as error:
    sys.exit(f"picus: {error}")
