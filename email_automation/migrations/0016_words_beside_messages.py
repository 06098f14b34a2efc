from django.db import migrations

# Beside the message, not in the index alone: a plan that looks at messages in their order would make the words of each anew,
# which takes longer than all else that is done to find one.
ADD = (
    """ALTER TABLE email_automation_message ADD COLUMN words tsvector
    GENERATED ALWAYS AS (to_tsvector('simple', "subject" || ' ' || left("text", 20000))) STORED""",
    "DROP INDEX message_words",
    "CREATE INDEX message_words ON email_automation_message USING gin (words)",
)
DROP = (
    "ALTER TABLE email_automation_message DROP COLUMN words",
    """CREATE INDEX message_words ON email_automation_message
    USING gin (to_tsvector('simple', "subject" || ' ' || left("text", 20000)))""",
)


def add(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for statement in ADD:
            schema_editor.execute(statement, params=None)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for statement in DROP:
            schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("email_automation", "0015_forwarded_mail")]

    operations = [migrations.RunPython(add, drop)]
