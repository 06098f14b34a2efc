"""The platform in the stock Django admin."""

from jobs.admin import controls, job, records, results

__all__ = ["controls", "job", "records", "results"]
