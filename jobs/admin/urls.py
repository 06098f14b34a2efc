"""Pages of the platform's own, under /admin/jobs/, before those that the admin makes of models."""

from django.urls import path

from jobs.admin import alerts, doubt, enqueueing, failures, overview, queues, workers

urlpatterns = [
    path("overview/", overview.overview_page, name="jobs-overview"),
    path("failures/", failures.failures_page, name="jobs-failures"),
    path("failures/<slug:fingerprint>/", failures.stage_page, name="jobs-stage"),
    path("doubt/", doubt.doubt_page, name="jobs-doubt"),
    path("alerts/", alerts.alerts_page, name="jobs-alerts"),
    path("alerts/<str:key>/", alerts.handle_page, name="jobs-alert"),
    path("queues/", queues.queues_page, name="jobs-queues"),
    path("queues/<slug:act>/task/", queues.control_page, {"kind": "task"}, name="jobs-control-task"),
    path("queues/<slug:act>/<slug:kind>/<str:name>/", queues.control_page, name="jobs-control"),
    path("workers/", workers.workers_page, name="jobs-workers"),
    path("holds/<str:key>/release/", queues.release_page, name="jobs-hold-release"),
    path("workers/<uuid:boot>/slots/", workers.slots_page, name="jobs-worker-slots"),
    path("workers/<uuid:boot>/stop/", workers.stop_page, name="jobs-worker-stop"),
    path("enqueue/", enqueueing.enqueue_page, name="jobs-enqueue"),
]
