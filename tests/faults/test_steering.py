"""Cancelling, schedules and enqueueing while what carries them dies."""

import itertools
import random
import signal
from datetime import timedelta

from jobs import clock
from jobs.drill import outside, system, verdict
from jobs.drill.programs import Program
from jobs.errors import WrongState
from jobs.models import Job, Lease, Schedule
from jobs.services import cancel
from jobs.worker import DISPATCHER
from tests.faults.rig import Rig

VENDOR = "sqlite"


def test_a_cancel_that_is_answered_done_means_that_nothing_happens(rig: Rig) -> None:
    dice = random.Random(31)
    jobs = rig.send(30, pause=0.2) + rig.send(10, pause=0.2, delay=0.5)
    answers = {}
    for job in dice.sample(jobs, 30):
        try:
            answers[job] = cancel(job).done
        except WrongState:
            continue
    rig.settled(jobs)
    done = [job for job, at_once in answers.items() if at_once]
    assert done
    assert rig.happened(done) == [0] * len(done)
    assert rig.settled(done) == {"cancelled": len(done)}
    assert max(rig.happened(jobs)) == 1
    ran = [job for job in jobs if Job.objects.get(pk=job).status == "completed"]
    assert rig.happened(ran) == [1] * len(ran)


def test_a_cancel_holds_though_no_worker_is_there_to_hear_it(rig: Rig) -> None:
    workers = list(rig.named("worker"))
    for worker in workers:
        rig.stop(worker)
    jobs = rig.send(40)
    called_off = jobs[::2]
    assert all(cancel(job).done for job in called_off)
    for worker in workers:
        rig.programs.append(worker)
        worker.start()
    rig.done_once(jobs[1::2])
    assert rig.settled(called_off) == {"cancelled": 20}
    assert rig.happened(called_off) == [0] * 20


def test_a_tick_fires_once_while_dispatchers_freeze_and_die(rig: Rig) -> None:
    schedule = Schedule.objects.create(name="every second", task="echo", every=1, overlap="allow", missed="all")
    fired = Job.objects.filter(schedule=schedule)
    rig.until(lambda: fired.count() >= 2, "it ticks")
    for _ in range(2):
        leader = leading(rig)
        pids = leader.tree()
        rig.freeze(*pids)
        rig.until(lambda leader=leader: leading(rig) is not leader, "another leads")  # type: ignore[misc]
        ticked = fired.count()
        rig.until(lambda ticked=ticked: fired.count() > ticked + 1, "it ticks on")  # type: ignore[misc]
        system.send(signal.SIGCONT, *pids)
    leading(rig).kill()
    ticked = fired.count()
    rig.until(lambda: fired.count() > ticked + 1, "it ticks on")
    Schedule.objects.filter(pk=schedule.pk).update(paused=True)
    ticks = [tick for tick in fired.order_by("tick").values_list("tick", flat=True) if tick]
    assert len(ticks) == len(set(ticks))
    assert all(later - earlier == timedelta(seconds=1) for earlier, later in itertools.pairwise(ticks))


def test_an_enqueuer_that_is_killed_again_and_again_loses_and_doubles_nothing(rig: Rig) -> None:
    began = clock.now().timestamp()
    enqueuer = rig.module("enqueuer", "jobs.drill.stream", "60", "37", "4", str(began), once=True)
    accepted = rig.folder / outside.ACCEPTED
    for count in (5, 20, 40):
        rig.until(lambda count=count: len(outside.counts(accepted)) >= count, f"{count} accepted")  # type: ignore[misc]
        enqueuer.kill()
    rig.until(lambda: enqueuer.is_done, "all are accepted")
    assert rig.database is not None
    database = rig.database
    rig.until(lambda: not verdict.unfinished(database), "all are settled")
    found = verdict.of_ledger(rig, last_fault=began)
    assert (found.accepted, found.lost, found.doubled) == (60, {}, {})
    assert Job.objects.filter(key__startswith="37-").count() == 60


def leading(rig: Rig) -> Program:
    """The dispatcher that holds the lease."""
    holders: list[str] = []

    def found() -> bool:
        lease = Lease.objects.filter(name=DISPATCHER, until__gt=clock.Now()).first()
        holders[:] = [str(lease.holder)] if lease else []
        return bool(lease) and any(holders[0] in program.says() for program in rig.named("dispatcher"))

    rig.until(found, "one leads")
    return next(program for program in rig.named("dispatcher") if holders[0] in program.says())
