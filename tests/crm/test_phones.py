import pytest

from crm import phones


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("(212) 555-0123", "+12125550123"),
        ("+49 30 1234567", "+49301234567"),
        ("+44 20 7946 0958 ext. 12", "+442079460958 x12"),
        ("call me", "call me"),
        ("123", "123"),
    ],
)
def test_a_number_is_e164_where_it_can_be_read(written: str, kept: str) -> None:
    assert phones.normalise(written) == kept
    assert phones.normalise(kept) == kept


def test_a_number_without_country_code_is_one_of_the_region(settings: object) -> None:
    settings.PHONE_REGION = "KE"  # type: ignore[attr-defined]
    assert phones.normalise("0711 123456") == "+254711123456"
