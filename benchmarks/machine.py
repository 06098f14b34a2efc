"""What a measurement ran on."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("celery", "kombu", "redis", "Django", "psycopg")


def describe() -> dict[str, object]:
    """Cores, processor, load of others, versions. No name of the machine."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "load_before": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        **{name.lower(): version(name) for name in PACKAGES},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
