from django.apps import AppConfig
from typing_extensions import override


class EmailAutomationConfig(AppConfig):
    name = "email_automation"
    verbose_name = "Mail"

    @override
    def ready(self) -> None:
        from crm import hooks
        from email_automation.automation import followups
        from email_automation.reading import timeline
        from email_automation.sending import mirroring
        from email_automation.services import mailboxes
        from email_automation.syncing import sync
        from jobs import holding
        from jobs.api import details
        from jobs.drill import scenarios

        details.register("process_gmail_sync", sync.details)
        for task in timeline.TASKS:
            details.register(task, timeline.details)
        mirroring.attach()
        scenarios.register("mail", "email_automation.drill.conduct.smtp")
        scenarios.register("gmail", "email_automation.drill.conduct.gmail")
        holding.mended_by("mailbox", mailboxes.mend_hold)
        hooks.on_moved(followups.lead_moved)
