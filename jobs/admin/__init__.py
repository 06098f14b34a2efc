"""The platform in the stock Django admin."""

from jobs.admin import batches, controls, grants, job, records, results, schedules, tokens

__all__ = ["batches", "controls", "grants", "job", "records", "results", "schedules", "tokens"]
