"""A real nginx with our configuration: the site, and Flower for those whom the site lets in, in their name."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from jobs.models import Role
from tests.deploy.commands import DEPLOY
from tests.jobs.api.people import a_user, with_role
from tests.servers.ports import free_port
from tests.servers.programs import Programs, eventually

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.only_on("sqlite")]

CONFIG = (DEPLOY / "nginx/fikiri.conf").read_text()
LOGIN = "Basic b3BlcmF0b3I6c2VjcmV0"


class Echo(BaseHTTPRequestHandler):
    """In place of Flower: says what came."""

    def do_GET(self) -> None:
        body = json.dumps({"path": self.path, "headers": dict(self.headers)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def flower() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(programs: Programs, tmp_path: Path, live_server: LiveServer, flower: int) -> str:
    """nginx before the site and Flower, with ports and files of this test; its address."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/bin")
    assert nginx, "apt-get install nginx"
    port, plain = free_port(), free_port()
    _certificate(tmp_path)
    (tmp_path / "fikiri-flower.conf").write_text(f'proxy_set_header Authorization "{LOGIN}";\n')
    changes = {
        "127.0.0.1:8000": live_server.url.removeprefix("http://"),
        "127.0.0.1:5555": f"127.0.0.1:{flower}",
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "/etc/ssl/fikiri/": f"{tmp_path}/",
        "/etc/nginx/": f"{tmp_path}/",
        "proxy_set_header Host $host;": "proxy_set_header Host localhost;",
    }
    site = CONFIG
    for before, after in changes.items():
        assert before in site
        site = site.replace(before, after)
    folders = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    conf = tmp_path / "nginx.conf"
    conf.write_text(
        f"daemon off;\nmaster_process off;\npid {tmp_path}/nginx.pid;\nerror_log stderr;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{folders}{site}\n}}\n"
    )
    subprocess.run([nginx, "-t", "-c", str(conf)], check=True, capture_output=True)
    programs.start(nginx, "-c", str(conf))
    address = f"https://127.0.0.1:{port}"
    eventually(lambda: _answers(address), 30, "nginx")
    return address


def test_the_site_is_behind_it(proxy: str) -> None:
    assert ask(f"{proxy}/healthz")[0] == 200


def test_strangers_are_led_to_the_login_and_see_nothing_of_flower(proxy: str) -> None:
    status, answer = ask(f"{proxy}/flower/tasks")
    assert (status, answer["Location"].partition("?")) == (302, (f"{proxy}/admin/login/", "?", "next=/flower/"))
    assert [ask(f"{proxy}/flower/{closed}")[0] for closed in ("metrics", "healthcheck")] == [404, 404]
    assert ask(f"{proxy}/flower-access")[0] == 404


def test_who_sees_every_queue_comes_to_flower_in_their_own_name_whatever_they_say(proxy: str) -> None:
    cookie = session_of("jürgen", Role.VIEWER)
    status, body = ask(f"{proxy}/flower/tasks", Cookie=cookie, **{"X-Fikiri-User": "root", "Authorization": "Basic me"})
    assert (status, body["path"]) == (200, "/flower/tasks")
    told = body["headers"]
    assert (told["X-Fikiri-User"], told["Authorization"]) == ("j%C3%BCrgen", LOGIN)
    other = session_of("jane", None)
    assert ask(f"{proxy}/flower/tasks", Cookie=other)[0] == 302


def session_of(name: str, role: Role | None) -> str:
    user = a_user(name, is_staff=True)
    if role:
        with_role(user, role)
    client = Client()
    client.force_login(user)
    return f"sessionid={client.cookies['sessionid'].value}"


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def ask(address: str, **headers: str) -> tuple[int, Any]:
    """Status, and the body as JSON; of what is refused or led elsewhere its headers."""
    trusting = ssl._create_unverified_context()
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=trusting), _Stay())
    try:
        with opener.open(urllib.request.Request(address, headers=headers), timeout=30) as answer:
            text = answer.read().decode()
            return answer.status, json.loads(text) if text.startswith("{") else text
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers


def _answers(address: str) -> bool:
    try:
        return ask(f"{address}/flower/metrics")[0] == 404
    except OSError:
        return False


def _certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=now - timedelta(days=1),
        not_valid_after=now + timedelta(days=1),
    ).sign(key, hashes.SHA256())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "privkey.pem").write_bytes(pem)
    (folder / "fullchain.pem").write_bytes(made.public_bytes(Encoding.PEM))
