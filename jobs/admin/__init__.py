"""The platform in the stock Django admin."""

from jobs.admin import controls, grants, job, records, results, schedules, tokens

__all__ = ["controls", "grants", "job", "records", "results", "schedules", "tokens"]
