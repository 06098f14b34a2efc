import pytest

from crm import addresses


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        (" Jane.Doe@ACME.Example ", "jane.doe@acme.example"),
        ("JÜRGEN@BÜCHER.example", "jürgen@bücher.example"),
        ("x@xn--bcher-kva.example", "x@bücher.example"),
        ("root@intranet.test", "root@intranet.test"),
    ],
)
def test_an_address_has_one_spelling(written: str, normal: str) -> None:
    assert addresses.normalise(written) == normal
    assert addresses.normalise(normal) == normal


@pytest.mark.parametrize(
    "text", ["", "jane", "jane@", "@acme.example", "a b@acme.example", "x@localhost", "x\0@y.example", "x" * 5000]
)
def test_what_is_no_address_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        addresses.normalise(text)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "local",
    ["no-reply", "noreply", "NoReply", "do-not-reply", "donotreply", "shop.no_reply", "noreply+17", "mailer-daemon",
     "postmaster", "bounce+x=y", "bounces", "notifications", "auto-confirm"],
)  # fmt: skip
def test_no_reply_addresses_are_known(local: str) -> None:
    assert addresses.is_no_reply(addresses.normalise(f"{local}@shop.example"))


@pytest.mark.parametrize(
    "local", ["jane", "info", "norbert.plyer", "replying", "nobodyknows", "bouncer", "automatic", "sales"]
)
def test_people_are_not_taken_for_no_reply_addresses(local: str) -> None:
    assert not addresses.is_no_reply(f"{local}@shop.example")


@pytest.mark.parametrize("domain", ["gmail.com", "yahoo.co.uk", "hotmail.fr", "gmx.de", "yahoo.com.br"])
def test_free_mail_is_known(domain: str) -> None:
    assert addresses.is_free_mail(f"jane@{domain}")


@pytest.mark.parametrize("domain", ["acme.example", "notgmail.com", "gmail.com.acme.example", "livestock.com"])
def test_business_domains_are_not_free_mail(domain: str) -> None:
    assert not addresses.is_free_mail(f"jane@{domain}")


def test_addresses_are_the_same_whatever_their_case() -> None:
    assert addresses.same("Jane@Acme.example", "jane@acme.EXAMPLE ")
    assert not addresses.same("jane@acme.example", "john@acme.example")
    assert not addresses.same("no address", "no address")
