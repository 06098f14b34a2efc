"""The same with the one setting that matters most and that no guide mentions: the worker keeps its connection."""

from benchmarks.peers import celery_django_results
from benchmarks.peers.celery_django_results import app

app.conf.CELERY_DB_REUSE_MAX = 1_000_000


class Peer(celery_django_results.Peer):
    module = __name__
