"""The commands that do to one thing what its page can do: a job, a cause, an effect in doubt, a message, a token."""

import sys
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone
from knox.models import AuthToken

from jobs import services, terminal
from jobs.models import AuditEntry, Job, Quarantine, QueueControl
from tests.jobs.states import in_state, put, row
from tests.jobs.test_commands import answer, refused, told
from tests.jobs.test_doubts import doubtful

pytestmark = pytest.mark.django_db


def recorded() -> list[tuple[str, str, str]]:
    """What was done, from where and why, the oldest first."""
    return list(AuditEntry.objects.order_by("pk").values_list("verb", "origin", "reason"))


def test_a_job_that_waits_for_its_time_is_due_now() -> None:
    job = put(delay=3600)
    assert "is due" in told("change", str(job.pk), "--now", "--reason", "asked for")
    assert row(job.pk).run_at <= timezone.now()
    assert recorded() == [("change", "command", "asked for")]


def test_a_job_gets_another_time_and_priority() -> None:
    job = put()
    changed = answer("change", str(job.pk), "--at", "2099-11-23T08:00", "--priority", "2")
    assert (row(job.pk).run_at.year, changed["priority"]) == (2099, 2)
    answer("change", str(job.pk), "--delay", "60")
    assert row(job.pk).run_at.year < 2099


def test_a_job_gets_other_arguments() -> None:
    job = put(task="add", arguments={"a": 1, "b": 2})
    changed = answer("change", str(job.pk), "--args", '{"a": 1, "b": 3}', "--priority", "1", "--reason", "typo")
    assert (row(job.pk).arguments, changed["priority"]) == ({"a": 1, "b": 3}, 1)
    assert recorded() == [("change", "command", "typo")] * 2


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ((), "Say what to change"),
        (("--at", "tomorrow"), "give a time such as"),
        (("--priority", "10"), "0 (first) to 9"),
        (("--delay", "-1"), "seconds from 0"),
    ],
)
def test_a_change_that_is_none_is_refused(words: tuple[str, ...], remedy: str) -> None:
    assert remedy in str(refused("change", str(put().pk), *words))
    assert recorded() == []


def test_a_job_that_has_ended_is_not_changed() -> None:
    assert "only one that waits" in str(refused("change", str(in_state("completed").pk), "--now"))


def test_a_copy_of_a_job_is_enqueued() -> None:
    job = in_state("dead", arguments={"value": 7})
    copy = row(told("copy", str(job.pk), "--reason", "once more").strip())
    assert (copy.pk != job.pk, copy.status, copy.arguments) == (True, "pending", {"value": 7})
    assert recorded() == [("copy", "command", "once more")]


def test_jobs_that_are_named_run_again_at_once() -> None:
    first, second = in_state("dead"), in_state("cancelled", key="mine")
    assert answer("retry", str(first.pk), "mine", "--reason", "mended") == {"retried": 2, "busy": 0, "left": 0}
    assert {row(first.pk).status, row(second.pk).status} == {"pending"}
    assert recorded() == [("retry", "command", "mended")] * 2


def test_none_runs_again_where_one_of_the_names_is_nobodys() -> None:
    job = in_state("dead")
    assert "There is no job" in str(refused("retry", str(job.pk), "nobody"))
    assert row(job.pk).status == "dead"


@pytest.mark.parametrize("words", [("--queue", "email"), ("--status", "dead"), ("--owner", "1")])
def test_jobs_are_named_or_narrowed(words: tuple[str, ...]) -> None:
    assert "one of the two" in str(refused("retry", str(in_state("dead").pk), *words))


def test_a_preview_of_running_again_is_for_programs_too() -> None:
    in_state("dead"), in_state("dead")
    told_to_programs = answer("retry", "--status", "dead")
    assert (told_to_programs["would_retry"], told_to_programs["causes"][0]["count"]) == (2, 2)
    assert answer("retry", "--status", "dead", "--yes")["retried"] == 2


def test_an_error_cannot_steer_the_terminal_of_who_runs_it_again() -> None:
    Job.objects.filter(pk=in_state("dead").pk).update(error="\x1b[2J", error_class="E")
    assert "\x1b" not in told("retry")


def test_a_cause_runs_again_in_stages_and_stops_when_they_fail_again() -> None:
    jobs = [in_state("dead") for _ in range(3)]
    fingerprint = answer("failures")["failures"][0]["fingerprint"]
    done = answer("failures", "--stage", fingerprint, "--size", "2", "--reason", "mended")
    assert (done["retried"], done["stage"]["jobs"], done["stage"]["verdict"]) == (2, 2, "going")
    assert [row(job.pk).status for job in jobs].count("pending") == 2
    assert recorded()[-1][1:] == ("command", "mended")
    Job.objects.filter(status="pending").update(status="dead")
    assert "failed again" in str(refused("failures", "--stage", fingerprint))
    assert "run again" in told("failures", "--stage", fingerprint, "--anyway")


def test_a_cause_that_there_is_not_is_refused() -> None:
    assert "manage.py failures lists" in str(refused("failures", "--stage", "nothing"))
    assert "not both" in str(refused("failures", "queue:email", "--stage", "nothing"))


@pytest.mark.parametrize(("word", "status"), [("--happened", "confirmed"), ("--did-not-happen", "failed")])
def test_an_effect_in_doubt_is_settled_by_a_persons_word(word: str, status: str) -> None:
    _, effect = doubtful("mail:7")
    [listed] = answer("effects")["effects"]
    assert (listed["effect_id"], listed["key"]) == (effect.pk, "mail:7")
    assert "mail:7" in told("effects")
    assert "runs on" in told("effects", str(effect.pk), word, "--reason", "looked into Sent")
    effect.refresh_from_db()
    assert (effect.status, effect.reason) == (status, "looked into Sent")
    assert told("effects") == "Nothing is in doubt.\n"
    assert recorded() == [("resolve", "command", "looked into Sent")]


@pytest.mark.parametrize("words", [("{0}",), ("--happened",), ("{0}", "--happened"), ("999", "--happened")])
def test_a_word_on_an_effect_needs_its_number_and_a_reason(words: tuple[str, ...]) -> None:
    _, effect = doubtful("mail:7")
    why = () if len(words) == 2 and words[0] == "{0}" else ("--reason", "x")
    refused("effects", *(word.format(effect.pk) for word in words), *why)
    effect.refresh_from_db()
    assert effect.status == "attempting"


def test_what_was_not_understood_is_seen_and_thrown_away() -> None:
    head = "\x1b[2Jnonsense"
    Quarantine.objects.create(queue="email", reason="not JSON", digest="ab", size=len(head), head=head)
    [message] = answer("quarantine")["messages"]
    number = str(message["message_id"])
    shown = told("quarantine", number)
    assert ("nonsense" in shown, "\x1b" in shown, "not JSON" in shown) == (True, False, True)
    assert "It is gone." in told("quarantine", number, "--delete", "--reason", "noise")
    assert told("quarantine") == "Everything was understood.\n"
    assert recorded() == [("delete", "command", "noise")]
    assert "no message" in str(refused("quarantine", number))
    assert "Give the number" in str(refused("quarantine", "--delete"))


def test_tokens_are_listed_and_revoked() -> None:
    User.objects.create_user("jane")
    assert "No token" in told("token")
    secret = answer("token", "jane", "--scope", "read")["token"]
    [token] = answer("token")["tokens"]
    assert (token["user"], token["scope"], secret.startswith(token["token_key"])) == ("jane", "read", True)
    assert secret not in told("token")
    assert "is revoked" in told("token", "--revoke", token["token_key"])
    assert not AuthToken.objects.exists()
    assert [verb for verb, origin, _ in recorded() if origin == "command"] == ["make token", "revoke token"]
    assert "manage.py token lists" in str(refused("token", "--revoke", token["token_key"]))


def test_tasks_are_listed_with_what_they_take() -> None:
    assert "echo" in {task["task"] for task in answer("enqueue")["tasks"]}
    lines = told("enqueue").splitlines()
    assert next(line for line in lines if line.startswith("greet ")).split()[2] == "user_id"


def test_what_is_paused_is_for_programs_too() -> None:
    assert told("pause") == "Nothing is paused or held.\n"
    [control] = answer("pause", "email", "--reason", "calm")["controls"]
    assert (control["name"], control["paused"], control["reason"]) == ("email", True, "calm")
    assert [one["name"] for one in answer("pause")["controls"]] == ["email"]
    assert answer("resume", "email")["controls"][0]["paused"] is False


def test_a_queue_that_there_is_not_leaves_the_others_as_they_are() -> None:
    assert "Unknown queue" in str(refused("pause", "email", "nothing"))
    assert not services.paused()
    assert not QueueControl.objects.filter(paused=True).exists()


@pytest.mark.parametrize("command", ["jobs", "batches", "audit", "retry", "effects", "quarantine"])
def test_a_limit_is_one_or_more(command: str) -> None:
    with pytest.raises(CommandError, match="give 1 or more"):
        told(command, "--limit", "0")


def test_a_worker_that_there_is_not_is_refused() -> None:
    assert "manage.py workers lists them" in str(refused("workers", "nobody@nowhere"))


def test_who_has_seen_enough_gets_no_traceback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Closed(StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    with (tmp_path / "out").open("w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        with pytest.raises(SystemExit) as leaving:
            call_command("jobs", "--json", stdout=Closed())
    assert leaving.value.code == 141


def test_an_id_is_never_broken_in_two(monkeypatch: pytest.MonkeyPatch) -> None:
    job = put()
    monkeypatch.setattr(terminal, "PIPED", terminal.NARROWEST)
    assert str(job.pk) in told("jobs")
