"""The drill's tasks as a Django app, and the Celery app of its processes. Only the drill's own settings install it."""

from django.apps import AppConfig

from jobs.app import LedgerCelery

app = LedgerCelery("drill")
app.config_from_object("celeryconfig")  # the product's own: what runs there is what is tried here


class DrillConfig(AppConfig):
    name = "jobs.drill"
    label = "drill"
