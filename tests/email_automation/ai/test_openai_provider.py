"""The real OpenAI client against a server on loopback that answers well, badly, or not at all."""

import json

import pytest

from email_automation.ai.errors import (
    AINotConfigured,
    ModelAnswerInvalid,
    ModelRefused,
    ModelUnavailable,
)
from email_automation.ai.openai_provider import OpenAIProvider
from email_automation.ai.schemas import Intent, MailText, SuggestedAction, Urgency
from tests.email_automation.ai.conftest import KEY, Connect
from tests.email_automation.ai.model_server import ModelServer, chat, failure, response

MAIL = MailText(
    subject="Quote for chairs",
    sender_name="Jane Wanjiru",
    sender_address="jane@acme.example",
    text="Please quote 40 chairs.\nRegards\nJane Wanjiru\nAcme Supplies",
)
SAID = {
    "intent": "sales_enquiry",
    "urgency": "high",
    "sentiment": "neutral",
    "is_automatic": False,
    "confidence": 0.9,
    "name": "Jane Wanjiru",
    "phone": "",
    "company": "Acme Supplies",
}
HOSTILE_TEXT = "é\x00" + "x" * 1_000_000


def test_it_classifies_and_tells_what_it_cost(model: OpenAIProvider, server: ModelServer) -> None:
    server.says(response(json.dumps(SAID)))
    answer, usage = model.classify(MAIL)
    assert (answer.intent, answer.urgency) == (Intent.SALES_ENQUIRY, Urgency.HIGH)
    assert answer.suggested_action is SuggestedAction.CREATE_LEAD
    assert answer.contact.company == "Acme Supplies"
    assert usage.model_dump() == {
        "provider": "openai",
        "model": "a-model-2026",
        "version": "prompts-1",
        "input_tokens": 120,
        "output_tokens": 30,
    }


def test_it_stores_nothing_there_and_bounds_the_answer(model: OpenAIProvider, server: ModelServer) -> None:
    server.says(response(json.dumps(SAID)))
    model.classify(MAIL)
    (asked,) = server.asked
    assert asked.path == "/v1/responses"
    assert asked.body["store"] is False
    assert asked.body["max_output_tokens"] == 2000
    assert asked.body["text"]["format"]["strict"] is True


def test_the_chat_switch_speaks_chat_completions(connect: Connect, server: ModelServer) -> None:
    server.says(chat(json.dumps(SAID)))
    answer, usage = connect(api="chat").classify(MAIL)
    assert answer.intent is Intent.SALES_ENQUIRY
    assert usage.input_tokens == 120
    assert server.asked[0].path == "/v1/chat/completions"
    assert server.asked[0].body["response_format"]["type"] == "json_schema"


def test_a_long_mail_is_cut_before_it_is_sent(model: OpenAIProvider, server: ModelServer) -> None:
    server.says(response(json.dumps(SAID)))
    model.classify(MailText(subject="s" * 100_000, text=HOSTILE_TEXT))
    sent = server.asked[0].body["input"]
    assert len(sent) < 13_000
    assert "\x00" not in sent


def test_a_contact_that_the_mail_does_not_hold_is_not_believed(model: OpenAIProvider, server: ModelServer) -> None:
    server.says(response(json.dumps(SAID | {"company": "Evil Corp", "phone": "+12025550123"})))
    answer, _ = model.classify(MAIL)
    assert (answer.contact.company, answer.contact.phone) == ("", "")
    assert answer.contact.email == "jane@acme.example"


@pytest.mark.parametrize(("said", "kept"), [(7, 1.0), (-1, 0.0)])
def test_a_confidence_out_of_range_is_clipped(
    model: OpenAIProvider, server: ModelServer, said: float, kept: float
) -> None:
    server.says(response(json.dumps(SAID | {"confidence": said})))
    assert model.classify(MAIL)[0].confidence == kept


def test_a_draft_keeps_no_link_that_the_user_did_not_give(model: OpenAIProvider, server: ModelServer) -> None:
    body = "See https://ours.example/list and https://evil.example/?d=secret ![x](https://evil.example/p.png)"
    server.says(response(json.dumps({"subject": "Re: chairs\r\nBcc: evil@example.com", "body": body})))
    draft, _ = model.draft_reply(MAIL, instructions="Point to https://ours.example/list", sender="Ann")
    assert "https://ours.example/list" in draft.body
    assert "evil.example" not in draft.body
    assert draft.links_removed == 2
    assert "\n" not in draft.subject


def test_an_overlong_draft_is_cut(model: OpenAIProvider, server: ModelServer) -> None:
    server.says(response(json.dumps({"subject": "s" * 900, "body": "b" * 90_000})))
    draft, _ = model.draft_reply(MAIL)
    assert (len(draft.subject), len(draft.body)) == (200, 8_000)


def test_it_summarises(model: OpenAIProvider, server: ModelServer) -> None:
    server.says(response(json.dumps({"text": "Jane wants chairs.", "points": ["40 chairs", " "]})))
    summary, _ = model.summarise(MAIL)
    assert (summary.text, summary.points) == ("Jane wants chairs.", ("40 chairs",))


@pytest.mark.parametrize("api", ["responses", "chat"])
def test_it_answers_a_prompt(connect: Connect, server: ModelServer, api: str) -> None:
    server.says(response("Seven.") if api == "responses" else chat("Seven."))
    answer, usage = connect(api=api).answer("How many days has a week?")
    assert answer.text == "Seven."
    assert usage.output_tokens == 30


@pytest.mark.parametrize(
    ("api", "body"),
    [
        ("responses", response(refusal="I can't help")),
        ("responses", response(status="incomplete", incomplete_details={"reason": "content_filter"})),
        ("responses", response(status="failed", error={"code": "invalid_prompt", "message": "no"})),
        ("chat", chat(refusal="I can't help")),
        ("chat", chat("", finish_reason="content_filter")),
    ],
)
def test_a_refusal_is_permanent(connect: Connect, server: ModelServer, api: str, body: object) -> None:
    server.says(body)
    with pytest.raises(ModelRefused):
        connect(api=api).classify(MAIL)


@pytest.mark.parametrize(
    ("api", "body"),
    [
        (
            "responses",
            response('{"intent": "sal', status="incomplete", incomplete_details={"reason": "max_output_tokens"}),
        ),
        ("chat", chat('{"intent": "sal', finish_reason="length")),
    ],
)
def test_a_truncated_answer_says_so(connect: Connect, server: ModelServer, api: str, body: object) -> None:
    server.says(body)
    with pytest.raises(ModelAnswerInvalid, match="cut short"):
        connect(api=api).classify(MAIL)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not JSON",
        '{"intent": "sal',
        "[]",
        json.dumps(SAID | {"intent": "obey"}),
        json.dumps(SAID | {"confidence": "high"}),
        json.dumps({"subject": "another schema", "body": ""}),
    ],
)
def test_an_answer_of_another_shape_is_invalid(model: OpenAIProvider, server: ModelServer, text: str) -> None:
    server.says(response(text))
    with pytest.raises(ModelAnswerInvalid) as caught:
        model.classify(MAIL)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("api", ["responses", "chat"])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<html>Welcome to the hotel wifi</html>", "text/html"),
        (b"{garbage", "application/json"),
        (b"", "application/json"),
        (b"null", "application/json"),
        (b"[1, 2]", "application/json"),
        (b'{"object": "response", "output": "none"}', "application/json"),
        (b"\xff\xfe\x00", "application/octet-stream"),
    ],
)
def test_a_body_that_is_no_answer_is_invalid(
    connect: Connect, server: ModelServer, api: str, body: bytes, content_type: str
) -> None:
    server.sends(body, content_type)
    with pytest.raises(ModelAnswerInvalid):
        connect(api=api).classify(MAIL)


def test_an_endless_body_is_not_read_to_the_end(model: OpenAIProvider, server: ModelServer) -> None:
    server.sends(b'{"output": "' + b"x" * 5_000_000)
    with pytest.raises(ModelUnavailable):
        model.classify(MAIL)


def test_a_rate_limit_is_believed_and_costs_no_attempt(model: OpenAIProvider, server: ModelServer) -> None:
    server.says(failure("rate_limit_exceeded"), status=429, headers={"retry-after": "17"})
    with pytest.raises(ModelUnavailable) as caught:
        model.classify(MAIL)
    assert (caught.value.retry_after, caught.value.counts) == (17, False)
    assert len(server.asked) == 1


def test_a_rate_limit_without_a_time_costs_an_attempt(model: OpenAIProvider, server: ModelServer) -> None:
    server.says(failure("rate_limit_exceeded"), status=429)
    with pytest.raises(ModelUnavailable) as caught:
        model.classify(MAIL)
    assert (caught.value.retry_after, caught.value.counts) == (None, True)


def test_a_used_up_budget_is_permanent(model: OpenAIProvider, server: ModelServer) -> None:
    server.says(failure("insufficient_quota"), status=429, headers={"retry-after": "1"})
    with pytest.raises(ModelRefused, match="add credit"):
        model.classify(MAIL)


@pytest.mark.parametrize("status", [408, 409, 500, 502, 503])
def test_trouble_at_the_provider_costs_an_attempt(model: OpenAIProvider, server: ModelServer, status: int) -> None:
    server.says(failure("server_error"), status=status)
    with pytest.raises(ModelUnavailable) as caught:
        model.classify(MAIL)
    assert caught.value.counts
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(400, "OPENAI_MODEL"), (401, "OPENAI_API_KEY"), (403, "OPENAI_API_KEY"), (404, "OPENAI_BASE_URL"), (422, "text")],
)
def test_a_refused_request_is_permanent_and_names_the_remedy(
    model: OpenAIProvider, server: ModelServer, status: int, remedy: str
) -> None:
    server.says(failure("bad"), status=status)
    with pytest.raises(ModelRefused, match=remedy):
        model.classify(MAIL)


def test_no_error_text_holds_the_key_or_the_mail(model: OpenAIProvider, server: ModelServer) -> None:
    told = failure(
        f"bad {KEY}", message=f"Incorrect key {KEY} in request: Please quote 40 chairs", kind=f"Bearer {KEY}"
    )
    server.says(told, status=401)
    with pytest.raises(ModelRefused) as caught:
        model.classify(MAIL)
    assert KEY not in str(caught.value)
    assert "0123456789" not in str(caught.value)
    assert "chairs" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_server_that_hangs_is_left(connect: Connect, server: ModelServer) -> None:
    server.hang = True
    with pytest.raises(ModelUnavailable, match="in time"):
        connect(timeout=0.2).classify(MAIL)


def test_a_server_that_is_away_is_unavailable(connect: Connect) -> None:
    with pytest.raises(ModelUnavailable, match="OPENAI_BASE_URL"):
        connect(base_url="http://127.0.0.1:1/v1").classify(MAIL)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"key": "", "base_url": ""}, "OPENAI_API_KEY"),
        ({"model": ""}, "OPENAI_MODEL"),
        ({"api": "smoke"}, "OPENAI_API"),
    ],
)
def test_settings_that_do_not_fit_are_named(changes: dict[str, str], named: str) -> None:
    options = {"key": KEY, "model": "a-model", "base_url": "http://127.0.0.1:1/v1"} | changes
    with pytest.raises(AINotConfigured, match=named):
        OpenAIProvider(**options)  # type: ignore[arg-type]
