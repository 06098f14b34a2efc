"""`manage.py up` as a person meets it: what it shows works as shown, and when it ends nothing is left."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fikiri.laptop.valkey import Valkey
from tests.servers import migrated
from tests.servers.laptop import SAMPLE, Laptop, interrupt, last_line
from tests.servers.programs import Programs, descendants, eventually, is_alive

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


FEW = 5  # messages, where it does not matter which: the whole sample takes as long as all that starts


@pytest.fixture
def laptop(tmp_path: Path, programs: Programs) -> Laptop:
    """One that Fikiri ran on before."""
    laptop = Laptop(tmp_path / "var", programs)
    laptop.folder.mkdir()
    migrated.copy_to(laptop.folder / "fikiri.sqlite3")
    return laptop


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """A mailbox of a few messages."""
    beginning = SAMPLE.read_bytes().split(b"\nFrom ", FEW)[:FEW]
    path = tmp_path / "few.mbox"
    path.write_bytes(b"\nFrom ".join(beginning) + b"\n")
    return path


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """A laptop on which Fikiri runs; `shared.said` is what it said."""
    folder = tmp_path_factory.mktemp("laptop")
    with Programs(folder) as programs:
        laptop = Laptop(folder / "var", programs)
        up = laptop.up()
        laptop.wait_until_ready(up)
        yield laptop
        interrupt(up)


@pytest.fixture(scope="module")
def said(shared: Laptop) -> str:
    return (shared.folder.parent / "program-0.log").read_text()


def shown(pattern: str, said: str) -> str:
    found = re.search(pattern, said)
    assert found, said
    return found[1]


def curl(laptop: Laptop, *arguments: str) -> str:
    return laptop.run("curl", "--silent", "--show-error", "--max-time", "20", *arguments).stdout


def test_the_first_start_syncs_the_sample(said: str) -> None:
    assert int(shown(r"Messages +(\d+) found", said)) > 150
    assert int(shown(r"Classified +(\d+)", said)) > 150


def test_the_curl_line_works_as_pasted(shared: Laptop, said: str) -> None:
    answer = shared.run("sh", "-c", shown(r"API +(curl .*)", said)).stdout
    assert '"success":true' in answer.replace(" ", "")
    assert "process_gmail_sync" in answer


def test_the_administrators_login_works_as_shown(shared: Laptop, said: str) -> None:
    address, password = re.findall(r"Admin +(\S+) +admin / (\S+)", said)[0]
    jar = str(shared.folder / "cookies")
    form = curl(shared, "--cookie-jar", jar, f"{address}login/")
    token = shown(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
    fields = [f"csrfmiddlewaretoken={token}", "username=admin", f"password={password}", "next=/admin/"]
    data = [part for field in fields for part in ("--data-urlencode", field)]
    page = curl(shared, "--location", "--cookie", jar, "--cookie-jar", jar, *data, f"{address}login/")
    assert "Log out" in page


def test_flower_asks_for_the_login_that_is_shown(shared: Laptop, said: str) -> None:
    address, user, password = re.findall(r"Flower +(\S+) +(\S+) / (\S+)", said)[0]
    assert curl(shared, "--output", "/dev/null", "--write-out", "%{http_code}", address) == "401"
    assert "· Flower</title>" in curl(shared, "--user", f"{user}:{password}", address)


def test_flower_shows_tasks_by_their_names(shared: Laptop, said: str) -> None:
    address, user, password = re.findall(r"Flower +(\S+) +(\S+) / (\S+)", said)[0]
    code = "from jobs.queues import process_ai_request_async as ask; print(ask('Anybody there?', user_id=1))"
    job = shared.manage("shell", "--no-imports", "-c", code).stdout.strip()
    tasks = ("--user", f"{user}:{password}", f"{address}api/tasks?limit=100")
    eventually(lambda: job in curl(shared, *tasks), what="the job in Flower")
    assert json.loads(curl(shared, *tasks))[job]["name"] == "process_ai_request"


def test_everything_is_reachable_from_this_machine_only(shared: Laptop) -> None:
    listening = subprocess.run(["cat", "/proc/net/tcp"], check=True, capture_output=True, text=True).stdout
    for port in shared.ports.values():
        addresses = re.findall(rf": ([0-9A-F]{{8}}):{port:04X} 00000000:0000 0A", listening)
        assert addresses == ["0100007F"]


def test_a_second_terminal_finds_redis_and_the_database(shared: Laptop) -> None:
    code = "from jobs.queues import email_queue as q; print(q.is_connected(), q.get_queue_stats()['total_jobs'] > 0)"
    assert shared.manage("shell", "--no-imports", "-c", code).stdout.split() == ["True", "True"]


def test_a_second_one_in_the_same_folder_says_so_and_breaks_nothing(shared: Laptop) -> None:
    second = shared.manage("up")
    assert second.returncode == 1
    assert "runs in this folder already" in second.stderr
    assert str(shared.ports["WEB_PORT"]) in second.stderr
    assert curl(shared, f"http://127.0.0.1:{shared.ports['WEB_PORT']}/readyz").startswith('{"status": "ok"')


def test_a_mailbox_that_is_named_in_a_second_terminal_is_synced_by_what_runs(shared: Laptop, tmp_path: Path) -> None:
    mail = tmp_path / "one.eml"
    mail.write_text(
        "From: new.person@customers.example\nSubject: Prices\n\nWhat does your coffee cost for 40 people?\n"
    )
    ran = shared.manage("up", "--once", "--json", "--mailbox", str(mail))
    assert ran.returncode == 0, ran.stderr
    assert last_line(ran)["messages_synced"] == 1
    assert curl(shared, f"http://127.0.0.1:{shared.ports['WEB_PORT']}/readyz").startswith('{"status": "ok"')


def test_mail_sent_here_is_kept_here(shared: Laptop) -> None:
    code = "from django.core.mail import send_mail; send_mail('Kept', 'body', None, ['somebody@example.com'])"
    shared.manage("shell", "--no-imports", "-c", code)
    kept = list((shared.folder / "mail").glob("*.eml"))
    assert any("Subject: Kept" in path.read_text() for path in kept)


def test_what_crashes_is_started_again(shared: Laptop) -> None:
    web = f"127.0.0.1:{shared.ports['WEB_PORT']}"
    os.kill(shared.process("uvicorn"), signal.SIGKILL)
    eventually(lambda: "ok" in curl(shared, f"http://{web}/healthz"), timeout=60, what="the web server is back")


def test_ctrl_c_ends_everything_it_started(laptop: Laptop, few: Path) -> None:
    up = laptop.up("--mailbox", str(few))
    laptop.wait_until_ready(up)
    started = descendants(up.pid)
    assert len(started) >= 8
    assert interrupt(up) == 0
    assert [pid for pid in started if is_alive(pid)] == []
    assert not (laptop.folder / "redis.sock").exists()


def test_kill_9_leaves_nothing_and_the_next_start_goes_on(laptop: Laptop, few: Path) -> None:
    up = laptop.up("--mailbox", str(few))
    laptop.wait_until_ready(up)
    started = descendants(up.pid)
    up.kill()
    up.wait()
    eventually(lambda: not any(map(is_alive, started)), timeout=60, what="all of it ends")
    again = laptop.manage("up", "--once", "--json", "--mailbox", str(few))
    assert again.returncode == 0, again.stderr
    assert last_line(again)["messages_synced"] == 0


def test_an_interrupted_start_is_no_obstacle(laptop: Laptop, few: Path) -> None:
    up = laptop.up("--once", "--mailbox", str(few))
    eventually(lambda: (laptop.folder / "redis.sock").exists(), what="Redis starts")
    assert interrupt(up) == 130
    ran = laptop.manage("up", "--once", "--json", "--mailbox", str(few))
    assert ran.returncode == 0, ran.stderr


def test_a_mailbox_path_may_hold_spaces_and_any_letters(laptop: Laptop, few: Path, tmp_path: Path) -> None:
    folder = tmp_path / "Żółta poczta 📬"
    folder.mkdir()
    shutil.copy(few, folder / "my mail (1).mbox")
    ran = laptop.manage("up", "--once", "--json", "--mailbox", str(folder / "my mail (1).mbox"))
    assert ran.returncode == 0, ran.stderr
    assert last_line(ran)["messages_synced"] == FEW


def test_a_redis_that_is_named_is_used_and_outlives_it(laptop: Laptop, few: Path, tmp_path: Path) -> None:
    own = Valkey(tmp_path / "own.sock", tmp_path / "own", tmp_path / "own.log")
    own.start()
    url = f"redis+socket://{own.socket}?virtual_host=0"
    ran = laptop.manage("up", "--once", "--json", "--mailbox", str(few), REDIS_URL=url)
    assert ran.returncode == 0, ran.stderr
    assert not (laptop.folder / "redis").exists()
    assert own.client().ping()
    own.stop()


def test_a_redis_that_is_not_there_is_said_without_its_password(laptop: Laptop) -> None:
    ran = laptop.manage("up", "--once", REDIS_URL=f"redis://:hunter2@127.0.0.1:{laptop.ports['WEB_PORT']}/0")
    assert ran.returncode == 1
    assert "REDIS_URL" in ran.stderr
    assert "hunter2" not in ran.stderr


def test_a_chosen_port_in_use_is_said_with_the_remedy(laptop: Laptop) -> None:
    with socket.create_server(("127.0.0.1", laptop.ports["WEB_PORT"])):
        ran = laptop.manage("up")
    assert ran.returncode == 1
    assert f"Port {laptop.ports['WEB_PORT']} (WEB_PORT) is in use" in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--mailbox", "/nowhere/at/all"], "does not exist"),
        (["--mailbox", "/dev/null"], "/dev/null"),
        (["--mailbox", ""], "--mailbox"),
        (["--json"], "--json needs --once"),
        (["--once", "--timeout", "0"], "--timeout"),
        (["--once", "--timeout", "soon"], "--timeout"),
    ],
)
def test_bad_input_is_refused_with_code_2_before_anything_starts(
    arguments: list[str], reason: str, laptop: Laptop
) -> None:
    ran = laptop.manage("up", *arguments)
    assert ran.returncode == 2
    assert reason in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (laptop.folder / "redis").exists()


def test_the_sample_never_goes_into_another_database(laptop: Laptop, tmp_path: Path) -> None:
    ran = laptop.manage("up", "--once", DATABASE_URL=f"sqlite:///{tmp_path / 'precious.sqlite3'}")
    assert ran.returncode == 2
    assert "--mailbox" in ran.stderr


def test_past_its_time_out_it_says_what_is_left_and_fails(laptop: Laptop) -> None:
    ran = laptop.manage("up", "--once", "--json", "--timeout", "0.1", "--mailbox", str(SAMPLE))
    assert ran.returncode == 1
    assert "Not done after 0.1 s" in ran.stderr
    assert "jobs" in last_line(ran)
