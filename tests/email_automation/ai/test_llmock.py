"""An independent imitation of OpenAI's server agrees with how our client behaves."""

from collections.abc import Iterator

import pytest
from llmock.scenarios import Fail
from llmock.testing import LLMockServer

from email_automation.ai.errors import ModelUnavailable
from email_automation.ai.openai_provider import OpenAIProvider
from email_automation.ai.schemas import MailText

MAIL = MailText(subject="Quote", text="Please quote 40 chairs.", sender_address="jane@example.com")


@pytest.fixture(params=["responses", "chat"])
def connected(request: pytest.FixtureRequest) -> Iterator[tuple[LLMockServer, OpenAIProvider]]:
    with LLMockServer() as server:
        provider = OpenAIProvider(key="k", model="gpt-5-mini", base_url=server.base_url("openai"), api=request.param)
        yield server, provider
        provider.close()


def test_its_answers_fit_our_schemas(connected: tuple[LLMockServer, OpenAIProvider]) -> None:
    _, provider = connected
    classification, usage = provider.classify(MAIL)
    assert classification.contact.email == "jane@example.com"
    assert usage.input_tokens > 0
    assert provider.draft_reply(MAIL)[0].body
    assert provider.summarise(MAIL)[0].text
    assert provider.answer("What is a lead?")[0].text


def test_a_rate_limit_is_reported_not_retried(connected: tuple[LLMockServer, OpenAIProvider]) -> None:
    server, provider = connected
    server.state.scenarios.add(Fail(429, retry_after=7))
    with pytest.raises(ModelUnavailable) as caught:
        provider.classify(MAIL)
    assert (caught.value.retry_after, caught.value.counts) == (7, False)
