"""Whether there are traces, by the standard variables of OpenTelemetry."""

import logging
import os
from collections.abc import Mapping

from app.infrastructure.untraced import Untraced
from app.ports import Tracing

log = logging.getLogger(__name__)

PROTOCOL = "http/protobuf"


def make_tracing(environment: Mapping[str, str] = os.environ) -> Tracing:
    """Connects to nothing yet. Settings that can't be met leave the service without traces."""
    if not _is_wanted(environment):
        return Untraced()
    exporter = environment.get("OTEL_TRACES_EXPORTER") or "otlp"
    protocol = _for_traces(environment, "PROTOCOL") or PROTOCOL
    if (exporter, protocol) != ("otlp", PROTOCOL):
        return _without(f"only otlp over {PROTOCOL} is supported, not {exporter} over {protocol}")
    try:
        from app.infrastructure.opentelemetry.exporting import make_pipeline
        from app.infrastructure.opentelemetry.tracing import OpenTelemetryTracing
    except ImportError as error:
        return _without(f"install podline[otel] ({error})")
    except ValueError as error:  # a wrong OTEL_…_LIMIT, which the SDK reads when it is imported
        return _without(str(error))
    return OpenTelemetryTracing(make_pipeline)


def _is_wanted(environment: Mapping[str, str]) -> bool:
    """Off unless an exporter is set: the standard's default is one on this machine."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = environment.get("OTEL_TRACES_EXPORTER")
    return exporter != "none" if exporter else bool(_for_traces(environment, "ENDPOINT"))


def _for_traces(environment: Mapping[str, str], name: str) -> str | None:
    """The variable for traces goes before the one for all signals."""
    return environment.get(f"OTEL_EXPORTER_OTLP_TRACES_{name}") or environment.get(
        f"OTEL_EXPORTER_OTLP_{name}"
    )


def _without(why: str) -> Tracing:
    log.warning("there are no traces: %s", why)
    return Untraced()
