"""Cancels a waiting job for each line that it reads, and says which, and when that was committed."""

import sys
import time

import django


def main() -> None:
    django.setup()

    from jobs import services
    from jobs.models import Job

    waiting = list(Job.objects.waiting().newest_first().values_list("pk", flat=True)[:1_000])
    for _ in sys.stdin:
        job_id = waiting.pop()
        services.cancel(job_id, by="the benchmark")
        print(job_id, time.monotonic(), flush=True)  # of the clock that all processes share


if __name__ == "__main__":
    main()
