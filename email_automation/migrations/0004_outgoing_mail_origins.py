from django.db import migrations
from django.db.models import F


def tell(apps, schema_editor):
    """What mail that is there already is, and who wrote it."""
    mail = apps.get_model("email_automation", "OutgoingMail").objects
    mail.filter(answers__isnull=False).update(kind="reply")
    mail.filter(written_by__isnull=True, released_by__isnull=True).exclude(status="draft").update(author="product")
    mail.filter(written_by__isnull=False).update(author="model")
    mail.filter(written_by__isnull=False, status="draft").update(status="awaiting_approval")
    mail.filter(status="sent").update(delivered=F("to"), mailer="smtp")


def tell_no_more(apps, schema_editor):
    mail = apps.get_model("email_automation", "OutgoingMail").objects
    mail.filter(status="awaiting_approval").update(status="draft")


class Migration(migrations.Migration):
    dependencies = [("email_automation", "0003_outgoing_mail_states")]

    operations = [migrations.RunPython(tell, tell_no_more)]
