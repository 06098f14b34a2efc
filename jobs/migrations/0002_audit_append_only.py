"""The database itself refuses to change or remove an entry of the audit.

A later migration that alters the table makes it anew on SQLite, without triggers: it has to end with `append_only`.
"""

from django.db import migrations

REFUSAL = "the audit is append-only"

POSTGRESQL = [
    f"""
    CREATE OR REPLACE FUNCTION jobs_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE TRIGGER jobs_audit_append_only BEFORE UPDATE OR DELETE ON jobs_auditentry
    FOR EACH ROW EXECUTE FUNCTION jobs_audit_refuse()
    """,
]
# The third is for INSERT OR REPLACE, which removes a row without a DELETE.
SQLITE = [
    f"CREATE TRIGGER jobs_audit_no_{name} BEFORE {act} ON jobs_auditentry {when} "
    f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    for name, act, when in (
        ("update", "UPDATE", ""),
        ("delete", "DELETE", ""),
        ("replace", "INSERT", "WHEN EXISTS (SELECT 1 FROM jobs_auditentry WHERE id = NEW.id OR hash = NEW.hash)"),
    )
]


def append_only(apps, schema_editor):
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement, params=None)


def not_any_more(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION jobs_audit_refuse() CASCADE")
        return
    for name in ("update", "delete", "replace"):
        schema_editor.execute(f"DROP TRIGGER jobs_audit_no_{name}")


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_initial")]

    operations = [migrations.RunPython(append_only, not_any_more)]
