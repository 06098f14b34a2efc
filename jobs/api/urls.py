"""The platform's REST addresses, under /api/."""

from django.urls import path

from jobs.api import again, batches, controls, jobs, queues, users, why

# A caller's own id is any text, slashes too: the paths that name something else come first.
urlpatterns = [
    path("jobs", jobs.JobList.as_view(), name="api-jobs"),
    path("jobs/", jobs.JobList.as_view()),
    path("jobs/suggest", jobs.Suggestions.as_view(), name="api-jobs-suggest"),
    path("jobs/queue/<str:queue>/stats", queues.QueueStats.as_view(), name="api-queue-stats"),
    path("jobs/user/<str:user_id>/recent", users.RecentJobs.as_view(), name="api-recent-jobs"),
    path("jobs/retry", again.RetryMany.as_view(), {"job_id": "retry"}, name="api-retry-many"),
    path("jobs/<path:job_id>/cancel", jobs.JobCancel.as_view(), name="api-job-cancel"),
    path("jobs/<path:job_id>/retry", jobs.JobRetry.as_view(), name="api-job-retry"),
    path("jobs/<path:job_id>/why", why.Why.as_view(), name="api-job-why"),
    path("jobs/<path:job_id>", jobs.JobDetail.as_view(), name="api-job"),
    path("batches/<uuid:batch_id>", batches.BatchDetail.as_view(), name="api-batch"),
    path("batches/<uuid:batch_id>/cancel", batches.BatchCancel.as_view(), name="api-batch-cancel"),
    path("paused", controls.Paused.as_view(), name="api-paused"),
    path("queues/<str:name>/pause", controls.Pause.as_view(), name="api-queue-pause"),
    path("queues/<str:name>/resume", controls.Resume.as_view(), name="api-queue-resume"),
    path("tasks/<str:name>/pause", controls.PauseTask.as_view(), name="api-task-pause"),
    path("tasks/<str:name>/resume", controls.ResumeTask.as_view(), name="api-task-resume"),
]
