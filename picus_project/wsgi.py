"""What gunicorn serves."""

import os
import sys

from django.core.wsgi import get_wsgi_application

from picus_api.core.environment import SettingError, required

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "picus_project.settings")

try:
    required("DYNAMODB_TABLE_NAME")
    application = get_wsgi_application()
except SettingError as error:
    sys.exit(f"picus: {error}")
