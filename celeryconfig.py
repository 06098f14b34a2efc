"""Celery's settings, each with its reason. What a job does and when is decided by the ledger, not here."""

from django.conf import settings

from jobs import transport
from jobs.queues import QUEUES, route
from jobs.transport import broker_queues

# Every message passes a validating reader: a malformed one is kept and never stops a worker.
transport.install()

broker_url = settings.REDIS_URL
broker_connection_retry_on_startup = True  # a worker may start before its broker
broker_connection_max_retries = None  # and outlive any outage
broker_connection_timeout = 2
# Flower asks from a dozen threads, each holding one while it waits for a second: too few deadlock.
broker_pool_limit = 64
broker_transport_options = {
    "global_keyprefix": "fikiri:",  # one Redis may serve others too
    "priority_steps": [0],  # one FIFO list a queue: priorities are exact in the ledger, not emulated in Redis
    "socket_timeout": 5,  # a hung Redis must not hang a worker (kombu's default waits for ever)
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 5,
    "visibility_timeout": 900,  # unused: nothing is acknowledged, the ledger knows what runs
}

task_queues = broker_queues()
task_default_queue = "email"
task_create_missing_queues = False  # a misspelt queue is an error, not a new queue nobody reads
task_routes = (route,)  # by the task's declared queue
task_publish_retry = False  # a lost doorbell is rung again by the dispatcher
task_ignore_result = False
task_acks_late = False
task_reject_on_worker_lost = False  # rescue decides, with a bound
task_track_started = False  # the claim is the "started" write
task_send_sent_event = False  # halves the publishing rate, and the ledger knows
task_soft_time_limit = QUEUES["email"].soft_time_limit
task_time_limit = QUEUES["email"].time_limit
worker_send_task_events = True  # Flower
worker_prefetch_multiplier = 1
worker_disable_prefetch = True  # queues are no_ack: without this one worker swallows the whole list
worker_max_tasks_per_child = 10_000  # bounds slow leaks
worker_redirect_stdouts = False  # what a task prints stays as it is
worker_enable_remote_control = True
worker_cancel_long_running_tasks_on_connection_loss = False  # it would kill a job in the middle of an effect
worker_proc_alive_timeout = 30
worker_soft_shutdown_timeout = 0

accept_content = ["json"]
task_serializer = "json"
result_serializer = "json"
result_backend = "jobs.results.LedgerBackend"
result_expires = None  # results go with their job
result_extended = False  # arguments stay in the ledger
timezone = "UTC"
enable_utc = True

# Celery's Django fix-up closes the connection around every task whatever CONN_MAX_AGE says; this keeps it.
CELERY_DB_REUSE_MAX = 1_000_000_000
