"""The settings of the service. It has no secrets of its own: credentials come from AWS.

Environment variables:
    DYNAMODB_TABLE_NAME    the table; no default
    DYNAMODB_IDEMPOTENCY_TABLE_NAME   the table of Idempotency-Key records; default: <table>_idempotency
    DYNAMODB_ENDPOINT_URL  another DynamoDB than AWS's; default: AWS's own rules
    DYNAMODB_TOKENS_TABLE_NAME        the table of tokens and of the read-only switch; default: <table>_tokens
    AWS_*                  region and credentials, as botocore documents them
    ALLOWED_HOSTS          comma-separated host names that the service accepts; default: none but the health endpoints
    ANONYMOUS_SCOPES       what requests without a token may do: read, write, delete, comma-separated, or none;
                           default: none; for both computes, as are the next two
    ACCESS_CACHE_SECONDS   seconds for which reads of the table of tokens are kept, at most 30; default 30
    SECURE_COOKIES         on or off; off accepts the cookie of a sign-in without TLS; default: on
    CORS_ALLOWED_ORIGINS   comma-separated origins whose pages may send requests, or *; default: none; for both computes
    MAX_BODY_BYTES         largest request body; default 2621440: an item of 400 KB fits in any escaping
    BODY_SECONDS           seconds that a request body may take to arrive; default 60
    MAX_NDJSON_BYTES       largest body of many items, a line each; default 1073741824: 1 GiB
    NDJSON_SECONDS         seconds that such a body may take to arrive; default 1800
    SPOOL_DIR              folder for such a body while it is checked; default: Python's temporary folder
    SEARCH_SECONDS         seconds for which a page of a filtered list is searched; default 10
    TTL_ATTRIBUTE          attribute by which items expire, in seconds since 1970; default: items don't expire
    REQUIRE_IF_MATCH       true: PUT, PATCH and DELETE need a precondition; default false; for both computes
    LOG_FORMAT             json or text; default: text on a terminal, else json
    LOG_LEVEL              DEBUG, INFO, WARNING or ERROR; default INFO
    METRICS_NAMESPACE      CloudWatch's namespace for metrics in request lines; default: none; read by core/metrics.py
    PICUS_COMMIT           commit that /__version__ shows where there is no version.json
    PORT, BIND_HOST, WEB_CONCURRENCY, WEB_THREADS, WEB_PIN_WORKERS, BUSY_SECONDS, MIN_BYTES_PER_SECOND:
                           see gunicorn.conf.py
"""

from pathlib import Path

from picus_api.core import cors, environment, expiry, logs, preconditions

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = False
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS")
BODY_SECONDS = environment.body_seconds()
MAX_BODY_BYTES = environment.integer("MAX_BODY_BYTES", 2_621_440, minimum=1, maximum=1_000_000_000)
MAX_NDJSON_BYTES = environment.integer("MAX_NDJSON_BYTES", 1_073_741_824, minimum=1, maximum=100_000_000_000)
NDJSON_SECONDS = environment.integer("NDJSON_SECONDS", 1800, minimum=1, maximum=86_400)
SPOOL_DIR = environment.folder("SPOOL_DIR")
expiry.check_setting()
REQUIRE_IF_MATCH = environment.flag(preconditions.REQUIRED_SETTING)
SEARCH_SECONDS = environment.integer("SEARCH_SECONDS", 10, minimum=1, maximum=3600)

INSTALLED_APPS = [
    "django.contrib.staticfiles",
    "drf_spectacular_sidecar",  # static files alone
    "rest_framework",
    "picus_api",
    "picus_api.pages",  # templates and static files
    "picus_project",
]
MIDDLEWARE = [
    "picus_api.middleware.request_log",
    "picus_api.middleware.request_rules",
]

# The delete function has the same rules. Without origins CORS is off.
CORS_ALLOWED_ORIGINS = environment.origins("CORS_ALLOWED_ORIGINS")
CORS_ALLOW_ALL_ORIGINS = CORS_ALLOWED_ORIGINS == cors.ALL
CORS_ALLOW_METHODS = cors.METHODS
CORS_ALLOW_HEADERS = cors.REQUEST_HEADERS
CORS_EXPOSE_HEADERS = cors.EXPOSED_HEADERS
CORS_PREFLIGHT_MAX_AGE = cors.MAX_AGE_SECONDS
if CORS_ALLOWED_ORIGINS:
    # Around all middleware that responds by itself; only the request log is outside.
    MIDDLEWARE.insert(1, "corsheaders.middleware.CorsMiddleware")

ROOT_URLCONF = "picus_project.urls"
WSGI_APPLICATION = "picus_project.wsgi.application"
APPEND_SLASH = False
# The load balancer ends TLS.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; "
    "form-action 'self'; base-uri 'none'"
)

DATABASES: dict[str, object] = {}
USE_TZ = True
# None keeps the process's time zone, for log lines in text; Django would change it to America/Chicago.
TIME_ZONE = None
USE_I18N = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": ["django.template.context_processors.request", "picus_api.pages.session.session"]
        },
    }
]

STATIC_URL = "/static/"
# Static files are read from the packages at start, without a collecting step.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
# The same CORS as everywhere: CORS_ALLOWED_ORIGINS.
WHITENOISE_ALLOW_ALL_ORIGINS = False

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["picus_api.renderers.ItemRenderer", "picus_api.pages.renderer.BrowsableRenderer"],
    "DEFAULT_PARSER_CLASSES": ["picus_api.parsers.ItemParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "picus_api.parsers.Negotiation",
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "EXCEPTION_HANDLER": "picus_api.exceptions.handle",
    "URL_FORMAT_OVERRIDE": "format",
}

DOCKERFLOW_VERSION_CALLBACK = "picus_api.health.version"

LOG_FORMAT = environment.choice("LOG_FORMAT", "", ("", "json", "text"))
LOG_LEVEL = environment.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = logs.configuration(LOG_FORMAT, LOG_LEVEL)
LOGGING["filters"] = {
    "exceptions": {"()": "django.utils.log.CallbackFilter", "callback": lambda record: bool(record.exc_info)}
}
# Refused requests have their own line; only exceptions are left to say.
LOGGING["loggers"]["django.request"] = {"filters": ["exceptions"]}
# Any client can cause these messages, and the request log has a line for each such request.
LOGGING["loggers"]["django.security"] = {"level": "CRITICAL"}
# The failing check has its own line with the cause.
LOGGING["loggers"]["dockerflow.checks.registry"] = {"level": "CRITICAL"}
