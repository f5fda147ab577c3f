"""What gunicorn serves."""

import os
import sys
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from picus_api.core.environment import SettingError, required

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "picus_project.settings")

try:
    required("DYNAMODB_TABLE_NAME")
    application = get_wsgi_application()
    # Views and DRF too, once, before workers are forked: not in the first request.
    import_module(settings.ROOT_URLCONF)
except SettingError as error:
    sys.exit(f"picus: {error}")
