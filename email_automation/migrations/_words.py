"""On SQLite, the index of the words of messages: a table of its own, kept up by triggers.

A later migration that alters the table of messages makes it anew, without triggers: it has to end with `index_words`.
"""

TABLE = "email_automation_message"
OLD = "INSERT INTO message_words (message_words, rowid, subject, text) VALUES ('delete', old.id, old.subject, old.text);"
NEW = "INSERT INTO message_words (rowid, subject, text) VALUES (new.id, new.subject, new.text);"
MAKE = (
    f"""CREATE VIRTUAL TABLE message_words USING fts5 (subject, text, content='{TABLE}', content_rowid='id',
    tokenize='unicode61 remove_diacritics 0')""",
    f"CREATE TRIGGER message_words_new AFTER INSERT ON {TABLE} BEGIN {NEW} END",
    f"CREATE TRIGGER message_words_gone AFTER DELETE ON {TABLE} BEGIN {OLD} END",
    f"CREATE TRIGGER message_words_other AFTER UPDATE OF subject, text ON {TABLE} BEGIN {OLD} {NEW} END",
    "INSERT INTO message_words (message_words) VALUES ('rebuild')",
)
DROP = (
    *(f"DROP TRIGGER IF EXISTS message_words_{name}" for name in ("new", "gone", "other")),
    "DROP TABLE IF EXISTS message_words",
)


def index_words(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for statement in (*DROP, *MAKE):
            schema_editor.execute(statement, params=None)


def drop_words(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for statement in DROP:
            schema_editor.execute(statement, params=None)
