"""What a laptop runs: Redis, the mail sink, workers, the dispatcher, and for people the web server and Flower."""

import http.client
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import redis
from django.conf import settings

from fikiri import places
from fikiri.broker import connect
from fikiri.laptop import ports
from fikiri.laptop.accounts import Login
from fikiri.laptop.interrupts import Waiter, deferred, uninterrupted
from fikiri.laptop.ports import HOST
from fikiri.laptop.processes import Processes, Program
from fikiri.laptop.running import Running
from fikiri.laptop.smtp_sink import SmtpSink
from fikiri.laptop.valkey import RedisUnavailableError, Valkey
from fikiri.logs import mask

WORKER_GRACE = 40.0  # seconds; a worker lets running jobs go on for 25 of them
WEB_TIMEOUT = 60.0  # seconds until the web server must answer


@dataclass(frozen=True)
class Addresses:
    """Where people find it."""

    web: str
    flower: str


class Machine:
    """Starts it all, keeps it going, ends it all."""

    def __init__(self, running: Running, say: Callable[[str], None]) -> None:
        self._running = running
        self._say = say
        self._redis: Valkey | None = None
        self._sink: SmtpSink | None = None
        self._processes = Processes(places.BASE, places.var() / "log", say)
        self._shared: dict[str, str] = {}

    def start_redis(self) -> None:
        """The Redis that REDIS_URL names, else one of our own. Raises RedisUnavailableError."""
        if not os.environ.get("REDIS_URL"):
            self._redis = Valkey(places.redis_socket(), places.var() / "redis", places.var() / "log" / "redis.log")
            self._redis.start()
            return
        try:
            with connect(settings.REDIS_URL, timeout=5) as client:
                client.ping()
        except (redis.RedisError, OSError, ValueError) as error:
            raise RedisUnavailableError(
                f"The Redis at {mask(settings.REDIS_URL)} (REDIS_URL) does not answer: {mask(str(error))}"
            ) from None

    def start_mail_sink(self) -> None:
        """Unless SMTP_HOST names a real mail server. Raises PortTakenError."""
        if not settings.EMAIL_SINK:
            return
        port = ports.choose("SMTP_PORT", 8025, self._say)
        self._sink = SmtpSink(settings.MAIL_SINK_DIR, port)
        with deferred():
            self._sink.start()
        self._share(SMTP_PORT=str(port))

    def start_workers(self, *, together: bool) -> None:
        """A worker for each queue, or one for all of them, and the dispatcher."""
        if together:
            self._start("worker", _manage("worker", "--concurrency", "2"), grace=WORKER_GRACE)
        else:
            for queue in ("email", "ai", "crm"):
                self._start(f"worker-{queue}", _manage("worker", queue, "--concurrency", "1"), grace=WORKER_GRACE)
        self._start("dispatcher", _manage("dispatcher"), grace=15.0)

    def start_web(self, flower_login: Login) -> Addresses:
        """The web server and Flower. Raises PortTakenError."""
        Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # WhiteNoise warns where it is not
        web = ports.choose("WEB_PORT", 8000, self._say)
        flower = ports.choose("FLOWER_PORT", 5555, self._say, taken={web})
        addresses = Addresses(f"http://{HOST}:{web}", f"http://{HOST}:{flower}")
        self._share(WEB_PORT=str(web), FLOWER_PORT=str(flower), FLOWER_URL=addresses.flower)
        self._start("web", [sys.executable, "-m", "uvicorn", "fikiri.asgi:application", *_uvicorn_options(web)])
        self._start(
            "flower",
            [sys.executable, "-m", "celery", "-A", "fikiri", "flower"],
            # By environment: a command line can be read by everybody on the machine.
            FLOWER_ADDRESS=HOST,
            FLOWER_BASIC_AUTH=f"{flower_login.username}:{flower_login.password}",
            FLOWER_COOKIE_SECRET=places.secret("flower-cookie"),
            essential=False,
        )
        return addresses

    def wait_for_web(self, addresses: Addresses, waiter: Waiter) -> None:
        """Until it answers. What is wrong with it, `tend` says."""
        host = addresses.web.removeprefix("http://")
        for _ in range(int(WEB_TIMEOUT / 0.1)):
            self.tend()
            if _answers(host):
                return
            waiter.wait(0.1)
        self._say(f"The web server does not answer yet; see {self._processes.log_of('web')}")

    def tend(self) -> None:
        """Start again what has crashed. Raises ProgramFailedError where that is no use."""
        if self._redis is not None and not self._redis.is_alive():
            self._say("Redis has ended; starting it again.")
            self._redis.start()
        self._processes.tend()

    def stop(self) -> None:
        """End all of it; Redis last, since workers end gracefully only with it."""
        self._processes.stop()
        with uninterrupted():
            if self._sink is not None:
                self._sink.stop()
            if self._redis is not None:
                self._redis.stop()

    def _share(self, **variables: str) -> None:
        self._shared |= variables
        self._running.tell(self._shared)

    def _start(self, name: str, command: list[str], *, grace: float = 10.0, essential: bool = True, **env: str) -> None:
        variables = {"FIKIRI_LAPTOP": "1", **self._shared, **env}
        self._processes.start(Program(name, command, variables, grace, essential))


def _manage(*arguments: str) -> list[str]:
    return [sys.executable, str(places.BASE / "manage.py"), *arguments]


def _uvicorn_options(port: int) -> list[str]:
    return [
        *("--host", HOST, "--port", str(port)),
        *("--lifespan", "off"),  # Django has none
        *("--no-access-log", "--timeout-graceful-shutdown", "5"),
    ]


def _answers(host: str) -> bool:
    connection = http.client.HTTPConnection(host, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
