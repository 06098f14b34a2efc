from benchmarks.marks import mark
from jobs.queues import crm_queue


@crm_queue.task(name="benchmark_mark")
def benchmark_mark(number: int) -> None:
    mark(number)
