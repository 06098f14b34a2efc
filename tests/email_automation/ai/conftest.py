"""A model's server on loopback and the real client that talks to it."""

from collections.abc import Callable, Iterator

import pytest

from email_automation.ai.openai_provider import OpenAIProvider
from tests.email_automation.ai.model_server import ModelServer

KEY = "sk-test-0123456789abcdef"
Connect = Callable[..., OpenAIProvider]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def connect(server: ModelServer) -> Iterator[Connect]:
    opened: list[OpenAIProvider] = []

    def open_provider(**changes: object) -> OpenAIProvider:
        options = {"key": KEY, "model": "a-model", "base_url": server.url, "timeout": 10} | changes
        opened.append(OpenAIProvider(**options))  # type: ignore[arg-type]
        return opened[-1]

    yield open_provider
    for provider in opened:
        provider.close()


@pytest.fixture
def model(connect: Connect) -> OpenAIProvider:
    return connect()
