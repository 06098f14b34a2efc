"""Pages of the platform's own, under /admin/jobs/, before those that the admin makes of models."""

from django.urls import path

from jobs.admin import overview

urlpatterns = [
    path("overview/", overview.overview_page, name="jobs-overview"),
]
