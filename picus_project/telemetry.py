"""OpenTelemetry, for operators who want it: a span for each request, sent by OTLP over HTTP.

OTEL_EXPORTER_OTLP_ENDPOINT switches it on. The SDK reads this and all other OTEL_… variables:
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
The packages are the extra `otel`. Without the variable none of them is imported.
"""

import os
from collections.abc import Callable
from typing import Any

from picus_api.core.environment import SettingError

SWITCH = "OTEL_EXPORTER_OTLP_ENDPOINT"
Application = Callable[..., Any]


def instrumented(application: Application) -> Application:
    """Return the application with a span for each request, or as it is. Raises SettingError without the packages."""
    if not os.environ.get(SWITCH):
        return application
    try:
        # Imported only here, because these imports take longer than all imports of the service.
        from opentelemetry import trace  # noqa: PLC0415
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SettingError(f"{SWITCH} is set, but {error.name} is not installed: install the extra `otel`.") from error
    os.environ.setdefault("OTEL_SERVICE_NAME", "picus")
    provider = TracerProvider()
    # It starts its thread again in a forked worker.
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return OpenTelemetryMiddleware(application, tracer_provider=provider)
