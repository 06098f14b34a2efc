"""Statements that PostgreSQL keeps prepared, run by libpq: a cursor would cost as much as the statement itself."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg import abc
from psycopg.abc import Buffer, PQGen
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.generators import execute
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult

_numbers = itertools.count()
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@dataclass
class Session:
    """What is kept of a connection. The transformer must not hold the connection, which would live for ever then."""

    transformer: abc.Transformer
    names: dict[bytes, bytes] = field(default_factory=dict)


_sessions: WeakKeyDictionary[psycopg.Connection[Any], Session] = WeakKeyDictionary()


def fetch(connection: psycopg.Connection[Any], text: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement with placeholders like `%(name)s`, whose types are plain from its text, and return its rows."""
    if _has_to_begin(connection):
        with psycopg.Cursor(connection) as cursor:
            return cursor.execute(text.encode(), parameters, prepare=False).fetchall()
    query, names, formats = _numbered(text)
    session = _session(connection)
    values = session.transformer.dump_sequence([parameters[name] for name in names], formats)
    with connection.lock:
        result = connection.wait(_run(connection.pgconn, session, query, values))
    session.transformer.set_pgresult(result)
    return session.transformer.load_rows(0, result.ntuples, tuple)


def _has_to_begin(connection: psycopg.Connection[Any]) -> bool:
    """Whether a transaction begins with this statement: the cursor knows how."""
    return not connection.autocommit and connection.pgconn.transaction_status == TransactionStatus.IDLE


def _session(connection: psycopg.Connection[Any]) -> Session:
    session = _sessions.get(connection)
    if session is None:
        session = _sessions[connection] = Session(Transformer(connection.adapters))
    return session


@lru_cache(maxsize=100)
def _numbered(text: str) -> tuple[bytes, list[str], list[PyFormat]]:
    """The statement as libpq wants it, the names of its parameters in order, and their formats."""
    names = list(dict.fromkeys(_PLACEHOLDER.findall(text)))
    query = _PLACEHOLDER.sub(lambda match: f"${names.index(match[1]) + 1}", text).replace("%%", "%")
    return query.encode(), names, [PyFormat.TEXT] * len(names)


def _run(pgconn: PGconn, session: Session, query: bytes, values: Sequence[Buffer | None]) -> PQGen[PGresult]:
    name = session.names.get(query)
    if name is None:
        name = b"jobs_%d" % next(_numbers)  # never one that an interrupted try may have used
        pgconn.send_prepare(name, query)
        yield from _result(pgconn)
        session.names[query] = name
    pgconn.send_query_prepared(name, values)
    return (yield from _result(pgconn))


def _result(pgconn: PGconn) -> PQGen[PGresult]:
    results: list[PGresult] = yield from execute(pgconn)
    for result in results:  # two where the server says why it hangs up
        if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            raise error_from_result(result)
    return results[0]
