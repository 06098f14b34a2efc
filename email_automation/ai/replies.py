"""Reads the body of a model's HTTP answer: text and usage, or why there is none.

Only the few fields that are needed, of whatever arrived: servers that imitate OpenAI's leave out the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

from pydantic import BaseModel, ValidationError

from email_automation.ai.errors import ModelAnswerInvalid, ModelRefused, ModelUnavailable

Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Reply:
    text: str
    model: str
    input_tokens: int
    output_tokens: int


def read_response(content: bytes) -> Reply:
    """The text of a Responses API answer; raises a `ModelError` when refused, failed, cut short or no answer at all."""
    body = _read(content, _Response)
    if body.status == "failed" or body.error:
        raise _failed(body.error)
    if body.status == "incomplete":
        raise _incomplete(body.incomplete_details.reason if body.incomplete_details else "")
    if body.status not in ("completed", None):
        raise ModelAnswerInvalid("the model's answer is not complete")
    parts = [part for item in body.output if item.type == "message" for part in item.content or []]
    if any(part.type == "refusal" for part in parts):
        raise ModelRefused("the model refused to answer")
    text = "".join(part.text or "" for part in parts if part.type == "output_text")
    usage = body.usage or _ResponseUsage()
    return _reply(text, body.model, usage.input_tokens, usage.output_tokens)


def read_chat(content: bytes) -> Reply:
    """The text of a chat completion; raises a `ModelError` like `read_response`."""
    body = _read(content, _Chat)
    if not body.choices:
        raise ModelAnswerInvalid("the model sent no choice")
    choice = body.choices[0]
    if choice.message.refusal:
        raise ModelRefused("the model refused to answer")
    if choice.finish_reason in ("length", "content_filter"):
        raise _incomplete(choice.finish_reason)
    usage = body.usage or _ChatUsage()
    return _reply(choice.message.content or "", body.model, usage.prompt_tokens, usage.completion_tokens)


class _Part(BaseModel):
    type: str
    text: str | None = None


class _Item(BaseModel):
    type: str
    content: list[_Part] | None = None


class _Error(BaseModel):
    code: str | None = None


class _Incomplete(BaseModel):
    reason: str | None = None


class _ResponseUsage(BaseModel):
    input_tokens: int = 0
    output_tokens: int = 0


class _Response(BaseModel):
    object: Literal["response"]
    output: list[_Item]
    model: str = ""
    status: str | None = None
    error: _Error | None = None
    incomplete_details: _Incomplete | None = None
    usage: _ResponseUsage | None = None


class _ChatMessage(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _ChatMessage
    finish_reason: str | None = None


class _ChatUsage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Chat(BaseModel):
    choices: list[_Choice]
    model: str = ""
    usage: _ChatUsage | None = None


def _read(content: bytes, schema: type[Body]) -> Body:
    try:
        return schema.model_validate_json(content)
    except ValidationError:
        # The original quotes what was sent.
        message = "the model's server sent something that is no answer; check OPENAI_BASE_URL and OPENAI_API"
        raise ModelAnswerInvalid(message) from None


def _failed(error: _Error | None) -> ModelUnavailable | ModelRefused:
    if error and error.code == "invalid_prompt":
        return ModelRefused("the model refused the prompt")
    return ModelUnavailable("the model failed while it answered")


def _incomplete(reason: str | None) -> ModelRefused | ModelAnswerInvalid:
    if reason == "content_filter":
        return ModelRefused("the model provider's content filter stopped the answer")
    return ModelAnswerInvalid("the model's answer was cut short by its length limit")


def _reply(text: str, model: str, input_tokens: int, output_tokens: int) -> Reply:
    if not text.strip():
        raise ModelAnswerInvalid("the model's answer is empty")
    return Reply(text, model[:100], max(input_tokens, 0), max(output_tokens, 0))
