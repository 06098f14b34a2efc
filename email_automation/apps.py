from django.apps import AppConfig


class EmailAutomationConfig(AppConfig):
    name = "email_automation"
    verbose_name = "Mail"
