"""Indexes that are made while everything goes on."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently


class AddIndexLive(AddIndexConcurrently):
    """Locks nobody out, on PostgreSQL; one that was broken off, and left an index that is no good, begins anew."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != "postgresql":
            super(AddIndexConcurrently, self).database_forwards(app_label, schema_editor, from_state, to_state)
            return
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {schema_editor.quote_name(self.index.name)}")
        super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        kind = super() if schema_editor.connection.vendor == "postgresql" else super(AddIndexConcurrently, self)
        kind.database_backwards(app_label, schema_editor, from_state, to_state)


class RemoveIndexLive(RemoveIndexConcurrently):
    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        kind = super() if schema_editor.connection.vendor == "postgresql" else super(RemoveIndexConcurrently, self)
        kind.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        kind = super() if schema_editor.connection.vendor == "postgresql" else super(RemoveIndexConcurrently, self)
        kind.database_backwards(app_label, schema_editor, from_state, to_state)
