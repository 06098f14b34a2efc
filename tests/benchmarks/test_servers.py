"""The counts that the benchmarks call exact."""

import psycopg
import pytest
import redis

from benchmarks.servers import Counter, servers

pytestmark = pytest.mark.slow


def test_every_statement_connection_and_command_is_counted_once() -> None:
    with servers() as both:
        both.create_database("counted")
        with redis.Redis.from_url(both.redis_url(0)) as client:
            client.ping()
            counter = Counter(both)
            with psycopg.connect(both.database_url("counted", "worker")) as connection:  # opens a transaction
                for _ in range(3):
                    connection.execute("SELECT 1")
            client.lpush("list", "one", "two")
            client.llen("list")
            counts = counter.read()
    assert counts.statements == {"worker": 3}
    assert counts.transaction_control == {"worker": 2}
    assert counts.connections == {"producer": 0, "worker": 1, "dispatcher": 0}
    assert counts.redis_commands == {"lpush": 1, "llen": 1}


def test_commits_wait_for_the_disk() -> None:
    with servers() as both, both.connect() as connection:
        settings = connection.execute(
            "SELECT current_setting('fsync'), current_setting('synchronous_commit')"
        ).fetchone()
    assert settings == ("on", "on")
