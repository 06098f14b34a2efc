"""The settings choose the model, and what does not fit together is named."""

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from email_automation.ai import providers
from email_automation.ai.errors import AINotConfigured
from email_automation.ai.openai_provider import OpenAIProvider
from email_automation.ai.providers import provider


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    yield
    providers._openai.cache_clear()


@pytest.fixture
def openai(settings: Settings) -> Settings:
    settings.AI_PROVIDER = "openai"
    settings.OPENAI_API_KEY = "sk-test"
    settings.OPENAI_MODEL = "a-model"
    settings.OPENAI_BASE_URL = "http://127.0.0.1:1/v1"
    settings.OPENAI_API = "responses"
    settings.AI_TIMEOUT = 30
    return settings


def test_offline_is_the_default(settings: Settings) -> None:
    del settings.AI_PROVIDER
    assert provider().name == "offline"


def test_weights_are_loaded_once(settings: Settings) -> None:
    settings.AI_PROVIDER = "offline"
    assert provider() is provider()


def test_openai_is_used_when_it_is_chosen(openai: Settings) -> None:
    assert isinstance(provider(), OpenAIProvider)


def test_a_changed_setting_makes_another_client(openai: Settings) -> None:
    before = provider()
    openai.OPENAI_MODEL = "another-model"
    assert provider() is not before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AI_PROVIDER", "oracle"),
        ("AI_TIMEOUT", 0.0),
        ("AI_TIMEOUT", "soon"),
        ("AI_TIMEOUT", -1),
        ("AI_TIMEOUT", 100_000),
        ("OPENAI_API", "telepathy"),
        ("OPENAI_MODEL", ""),
    ],
)
def test_a_setting_that_does_not_fit_is_named(openai: Settings, name: str, value: object) -> None:
    setattr(openai, name, value)
    with pytest.raises(AINotConfigured, match=name):
        provider()


def test_a_key_is_needed_for_openai_itself(openai: Settings) -> None:
    openai.OPENAI_API_KEY, openai.OPENAI_BASE_URL = "", None
    with pytest.raises(AINotConfigured, match="OPENAI_API_KEY"):
        provider()
