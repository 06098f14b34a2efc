"""A private Dovecot on free loopback ports: an IMAP server that nobody here wrote, with CONDSTORE and QRESYNC."""

import contextlib
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fikiri.laptop.lifeline import ends_with_parent
from tests.servers import certificates
from tests.servers.ports import free_port

PASSWORD = "correct-horse"
START_TIMEOUT = 30.0
CONFIG = """
protocols = imap
base_dir = {folder}/run
log_path = {folder}/log
default_internal_user = {account}
default_login_user = {account}
default_internal_group = {group}
mail_location = sdbox:~/mail
mailbox_list_index = yes
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
}}
disable_plaintext_auth = no
first_valid_uid = 1
first_valid_gid = 1
state_dir = {folder}/run
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
auth_mechanisms = plain login xoauth2 oauthbearer
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/tokens.conf
}}
passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {tls_port}
    ssl = yes
  }}
}}
"""

TOKENS = """
tokeninfo_url = {url}/tokeninfo?access_token=
username_attribute = email
"""


@dataclass(frozen=True)
class Dovecot:
    """Takes any user name with PASSWORD, or with a token of theirs; each has a mail folder of its own."""

    port: int
    """Plain, and STARTTLS."""
    tls_port: int
    certificate: Path
    folder: Path

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")


@contextlib.contextmanager
def dovecot(token_server: str = "http://127.0.0.1:9") -> Iterator[Dovecot]:
    """A fresh server. `token_server`: where it asks whose a token is."""
    account = pwd.getpwnam("dovecot" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name)
    folder = Path(tempfile.mkdtemp(prefix="fikiri-dovecot-"))
    certificate, key = certificates.make(folder, "localhost", "127.0.0.1")
    server = Dovecot(free_port(), free_port(), certificate, folder)
    (folder / "dovecot.conf").write_text(
        CONFIG.format(
            folder=folder,
            account=account.pw_name,
            group=grp.getgrgid(account.pw_gid).gr_name,
            uid=account.pw_uid,
            gid=account.pw_gid,
            certificate=certificate,
            key=key,
            password=PASSWORD,
            port=server.port,
            tls_port=server.tls_port,
        )
    )
    (folder / "tokens.conf").write_text(TOKENS.format(url=token_server))
    for path in (folder, *folder.iterdir()):
        shutil.chown(path, account.pw_uid, account.pw_gid)
    process = _start(folder, account)
    try:
        _wait(process, server)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        shutil.rmtree(folder)


def _start(folder: Path, account: pwd.struct_passwd) -> "subprocess.Popen[bytes]":
    binary = shutil.which("dovecot") or "/usr/sbin/dovecot"
    with (folder / "output").open("wb") as output:
        return subprocess.Popen(
            [binary, "-F", "-c", folder / "dovecot.conf"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=account.pw_uid if os.getuid() == 0 else None,
            group=account.pw_gid if os.getuid() == 0 else None,
            extra_groups=[] if os.getuid() == 0 else None,
            cwd="/",
            preexec_fn=ends_with_parent(),
        )


def _wait(process: "subprocess.Popen[bytes]", server: Dovecot) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 5) as probe:
            if probe.recv(4) == b"* OK":
                return
        if process.poll() is not None or time.monotonic() > deadline:
            written = (server.folder / "output").read_text(errors="replace")
            raise RuntimeError(f"Dovecot did not start:\n{written}")
        time.sleep(0.05)
