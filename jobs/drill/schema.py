"""What the drill adds to its scratch database: a witness of every change of state, and a table that tasks write to."""

from __future__ import annotations

from jobs.drill.databases import Database

ROWS = "CREATE TABLE drill_row (key varchar(200) NOT NULL)"
MOVES = """CREATE TABLE drill_move (job varchar(36) NOT NULL, was varchar(16) NOT NULL, became varchar(16) NOT NULL,
           attempt_was integer NOT NULL, attempt integer NOT NULL)"""

WITNESS = {
    "sqlite": [
        """CREATE TRIGGER drill_witness AFTER UPDATE OF status, attempt ON jobs_job
           WHEN old.status <> new.status OR old.attempt <> new.attempt
           BEGIN
             INSERT INTO drill_move VALUES (new.id, old.status, new.status, old.attempt, new.attempt);
           END"""
    ],
    "postgresql": [
        """CREATE FUNCTION drill_witness() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN
             INSERT INTO drill_move VALUES (new.id, old.status, new.status, old.attempt, new.attempt);
             RETURN NULL;
           END $$""",
        """CREATE TRIGGER drill_witness AFTER UPDATE OF status, attempt ON jobs_job
           FOR EACH ROW WHEN (old.status <> new.status OR old.attempt <> new.attempt)
           EXECUTE FUNCTION drill_witness()""",
    ],
}


def extend(database: Database) -> None:
    """Call once, after the migrations."""
    for statement in (ROWS, MOVES, *WITNESS[database.vendor]):
        database.query(statement)
