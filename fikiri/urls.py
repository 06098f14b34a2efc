"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path, re_path

from email_automation.connecting.callback import gmail_callback
from fikiri import flower, health
from fikiri.first_page import first_page
from jobs.api.metrics import Metrics
from jobs.api.unknown import unknown

admin.site.site_header = "Fikiri"
admin.site.site_title = "Fikiri"
admin.site.index_title = "Background jobs, mail and customers"

urlpatterns = [
    path("", first_page),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("workerz", health.workerz),
    path("flower-access", flower.access),
    path("metrics", Metrics.as_view()),
    path("api/", include("jobs.api.urls")),
    path("api/", include("email_automation.urls")),
    path("api/", include("crm.urls")),
    re_path(r"^api/", unknown),
    path("mail/", include("email_automation.sending.public_urls")),
    path("mine/", include("email_automation.mine.urls")),
    path("mailboxes/gmail/callback", gmail_callback, name="gmail-callback"),
    path("admin/mail-sink/", include("fikiri.mail_sink")),
    path("admin/jobs/", include("jobs.admin.urls")),
    path("admin/", admin.site.urls),
]
