"""One process refreshes a token, all others use it; a revoked grant parks the mailbox's jobs and nobody else's."""

from datetime import timedelta
from functools import partial

import pytest
from django.contrib.auth.models import User
from google.auth.transport.requests import Request
from pytest_django.fixtures import Settings

from email_automation.connecting import accounts, google_tokens
from email_automation.connecting.google_tokens import TokenUnavailable
from email_automation.models import Account, AccountState, Mailbox, MailboxKind
from jobs.clock import Now
from jobs.errors import Fail, Held
from jobs.models import Job
from jobs.testing import drain
from tests.email_automation.google import Connect
from tests.jobs.test_races import together
from tests.servers.google_tokens import TokenServer
from tests.servers.smtp import Server


def refreshes(google: TokenServer, account: Account) -> int:
    return google.refreshes[account.refresh_token.reveal()]


@pytest.mark.django_db
def test_the_token_is_its_owners(user: User, google: TokenServer, connect: Connect) -> None:
    account = connect(user)
    given = google_tokens.credentials(account.mailbox)
    assert google.issued[str(given.token)] == "me@gmail.com"
    assert given.valid
    assert given.refresh_token is None  # what a job holds cannot outlive the hour


@pytest.mark.django_db
def test_a_stored_token_is_used_until_it_nearly_ends(user: User, google: TokenServer, connect: Connect) -> None:
    account = connect(user)
    first, second = (google_tokens.credentials(account.mailbox).token for _ in range(2))
    assert first == second
    assert refreshes(google, account) == 1
    Account.objects.update(access_until=Now(google_tokens.SPARE - 1))
    assert google_tokens.credentials(account.mailbox).token != first
    assert refreshes(google, account) == 2


@pytest.mark.django_db
def test_a_token_that_google_refuses_is_replaced(user: User, google: TokenServer, connect: Connect) -> None:
    account = connect(user)
    given = google_tokens.credentials(account.mailbox)
    before = given.token
    given.refresh(Request())  # type: ignore[no-untyped-call]  # as google-auth does after a 401
    assert given.token != before
    assert google.issued[str(given.token)] == "me@gmail.com"


@pytest.mark.django_db(transaction=True)
def test_twenty_who_want_a_token_at_once_make_one_refresh(user: User, google: TokenServer, connect: Connect) -> None:
    account = connect(user)
    answers = together(*[partial(google_tokens.credentials, account.mailbox) for _ in range(20)])
    assert len({getattr(answer, "token", answer) for answer in answers}) == 1
    assert refreshes(google, account) == 1


@pytest.mark.django_db(transaction=True)
def test_tokens_of_two_owners_are_never_mixed(user: User, google: TokenServer, connect: Connect) -> None:
    other = User.objects.create_user("other")
    mailboxes = [connect(user, "ann@gmail.com").mailbox, connect(other, "bob@gmail.com").mailbox]
    for _ in range(3):
        given = together(*[partial(google_tokens.credentials, mailboxes[index % 2]) for index in range(8)])
        owners = [google.issued[str(one.token)] for one in given if not isinstance(one, BaseException)]
        assert owners == ["ann@gmail.com", "bob@gmail.com"] * 4
        Account.objects.update(access_token="", access_until=None)


@pytest.mark.django_db
def test_one_that_dies_while_it_refreshes_holds_the_others_up_for_its_lease_only(
    user: User, google: TokenServer, connect: Connect
) -> None:
    account = connect(user)
    Account.objects.update(refreshing_until=Now(-1))
    assert google_tokens.credentials(account.mailbox).valid


@pytest.mark.django_db
def test_a_late_answer_of_a_lost_lease_is_not_stored(user: User, google: TokenServer, connect: Connect) -> None:
    account = connect(user)
    assert google_tokens._take_turn(account)
    Account.objects.update(version=99)  # somebody else has it now
    assert google_tokens._refresh(account) is None
    assert not Account.objects.get().access_token


@pytest.mark.django_db
@pytest.mark.parametrize("answer", [(500, "<html>busy"), (400, {"error": "invalid_client"}), (429, {"error": "slow"})])
def test_other_refusals_are_tried_again(
    user: User, google: TokenServer, connect: Connect, answer: tuple[int, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("google.auth._exponential_backoff.time.sleep", lambda _seconds: None)
    account = connect(user)
    google.answers += [answer] * 3
    with pytest.raises(TokenUnavailable, match="Google gave no token for me@gmail"):
        google_tokens.credentials(account.mailbox)
    google.answers.clear()
    assert Account.objects.get().state == AccountState.CONNECTED
    assert google_tokens.credentials(account.mailbox).valid  # at once: the lease was given back


@pytest.mark.django_db
def test_a_token_server_that_is_away_is_tried_again(user: User, connect: Connect, settings: Settings) -> None:
    account = connect(user)
    settings.GOOGLE_TOKEN_URI = "http://127.0.0.1:9/token"
    with pytest.raises(TokenUnavailable, match="cannot be reached: TransportError"):
        google_tokens.credentials(account.mailbox)


@pytest.mark.django_db
def test_a_revoked_grant_tells_its_owner_once(
    user: User, google: TokenServer, connect: Connect, mail_sink: Server
) -> None:
    account = connect(user)
    google.owners.clear()
    for _ in range(3):
        with pytest.raises(Held, match="has to be connected again: Google refuses its token"):
            google_tokens.credentials(account.mailbox)
    account.refresh_from_db()
    assert (account.state, bool(account.refresh_token)) == (AccountState.NEEDS_REAUTH, False)
    assert account.told_at
    drain()
    [told] = mail_sink.mails
    assert told["To"] == user.email
    assert "me@gmail.com has to be connected again" in told["Subject"]


@pytest.mark.django_db
def test_a_mailbox_that_nobody_connected_fails(user: User) -> None:
    mailbox = Mailbox.objects.create(user=user, kind=MailboxKind.GMAIL, name="Gmail")
    with pytest.raises(Fail, match="is not connected"):
        google_tokens.credentials(mailbox)


@pytest.mark.django_db
def test_a_mailbox_reconnected_meanwhile_is_not_called_broken(
    user: User, google: TokenServer, connect: Connect
) -> None:
    account = connect(user)
    as_it_was = Account.objects.get()
    connect(user)
    with pytest.raises(Held):
        accounts.broken(as_it_was, "too late")
    assert Account.objects.get(pk=account.pk).state == AccountState.CONNECTED
    assert not Job.objects.exists()


def test_the_lease_outlives_every_try_of_google_auth() -> None:
    tries, waits = 3, 1 + 2
    assert tries * google_tokens.TIMEOUT + waits < google_tokens.LEASE
    assert timedelta(seconds=google_tokens.SPARE) > timedelta(minutes=3, seconds=45)
