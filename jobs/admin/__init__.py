"""The platform in the stock Django admin."""

from jobs.admin import controls, job, records, results, schedules, tokens

__all__ = ["controls", "job", "records", "results", "schedules", "tokens"]
