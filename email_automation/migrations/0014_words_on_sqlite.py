from django.db import migrations

from email_automation.migrations._words import drop_words, index_words


class Migration(migrations.Migration):
    dependencies = [("email_automation", "0013_quota_pause")]

    operations = [migrations.RunPython(index_words, drop_words)]
