"""What the lists of the site are narrowed by: filters, orders and words of a search."""

NARROWED = {  # lists of the admin beside the jobs', with what narrows them
    "jobs.attempt": ("outcome=dead", "q=hung"),
    "jobs.jobevent": ("q=user-7",),
    "jobs.effect": ("status__exact=attempting",),
    "jobs.batch": ("status__exact=closed", "q=import"),
    "jobs.quarantine": ("q=JSON",),
    "jobs.auditentry": ("q=user-7",),
    "jobs.schedule": ("paused__exact=1", "q=minutes"),
    "django_celery_results.taskresult": ("status__exact=FAILURE", "q=update_crm"),
    "email_automation.message": (
        *("intent=support", "needs_review__exact=1", "written_by=machine", "readable=no", "q=question", "o=1", "o=3"),
    ),
    "email_automation.classification": ("is_current__exact=1", "intent__exact=support", "q=question"),
    "email_automation.outgoingmail": ("status__exact=draft", "status__exact=failed", "q=Order"),
    "email_automation.syncrun": ("q=Inbox",),
    "crm.contact": ("q=acme", "o=2"),
    "crm.lead": ("stage__exact=qualified", "band__exact=hot", "q=acme", "o=1"),
    "crm.activity": ("kind__exact=message", "q=question"),
}

WORDS = (  # of a search for jobs
    *("status:dead", "status:waiting", "status:open", "status:trouble", "status:ended", "status:expired"),
    *("queue:ai", "task:update_crm", "task:send_*", "task:nothing*", "owner:user-7", "owner:system", "owner:nobody"),
    *("is:delayed", "is:due", "is:rung", "is:cancelling", "is:unique", "is:child", "is:retried"),
    *("age:<2h", "age:>6d", "duration:>15s", "duration:>1h", "created:2020-01-01", "finished:>2020-01-01"),
    *("run_at:2020-01-01", "error:hung", "error:nowhere", "reason:wanted", "reason:nowhere", "worker:worker-3@host-3"),
    *("worker:nowhere", "attempts:>1", "attempts:>9", "failures:>1", "failures:>9", "priority:0", "priority:<2"),
    *("key:order-10", "key:order-*", "schedule:7", "args.to:person-7@acme.example", "args.to:nobody@acme.example"),
    *("hung", "nowhere", "order-100", "user-7", "status:dead queue:ai error:hung", "-status:completed", "-error:hung"),
    *("status:completed args.to:nobody@acme.example", "status:dead error:nowhere", "status:waiting nowhere"),
)

MAIL_WORDS = (  # of a search for messages: in all texts, in some, in few, in none
    *("chairs", "table", "sofa", "hammock", "nowhere", '"forty chairs"', "subject:order", "subject:nowhere"),
    *("from:acme.example", "from:nobody.example", "is:unsure", "is:unreadable", "has:attachment", "date:>2026-11-01"),
)
