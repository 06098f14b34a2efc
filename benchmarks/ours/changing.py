"""Cancels a waiting job for each line that it reads, and says which."""

import sys

import django


def main() -> None:
    django.setup()

    from jobs import services
    from jobs.models import Job

    waiting = list(Job.objects.waiting().newest_first().values_list("pk", flat=True)[:1_000])
    for _ in sys.stdin:
        job_id = waiting.pop()
        services.cancel(job_id, by="the benchmark")
        print(job_id, flush=True)


if __name__ == "__main__":
    main()
