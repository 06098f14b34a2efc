"""Keeps redis-py from loading OpenTelemetry's metrics, which it does at every start where the SDK is installed.

Imported first, it is told that there are none. Traces (`jobs.tracing`) load what they need when they are on.
"""

import sys
from typing import Any

MASKED = "opentelemetry"

if not {"redis", MASKED} & sys.modules.keys():
    modules: dict[str, Any] = sys.modules
    modules[MASKED] = None  # what Python itself writes for "not there"
    import redis  # noqa: F401

    del modules[MASKED]
