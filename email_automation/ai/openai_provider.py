"""OpenAI, and whatever speaks its API: structured answers, bounded in time, size and length, never retried in here."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TypeVar

import httpx2
import openai
from pydantic import BaseModel, ValidationError

from email_automation.ai import answers, prompts
from email_automation.ai.answers import ClassificationAnswer, DraftAnswer, SummaryAnswer
from email_automation.ai.errors import AINotConfigured, ModelAnswerInvalid
from email_automation.ai.openai_errors import translate
from email_automation.ai.replies import Reply, read_chat, read_response
from email_automation.ai.schemas import Answer, Classification, Draft, MailText, Summary, Usage

APIS = ("responses", "chat")
MAX_ANSWER_BYTES = 2_000_000

# Models that think first spend these too, so they are far above what the answers need.
CLASSIFY_TOKENS = 2_000
SUMMARY_TOKENS = 2_500
TEXT_TOKENS = 4_000

Said = TypeVar("Said", bound=BaseModel)


class OpenAIProvider:
    """A model behind OpenAI's client. One HTTP request per call, about `timeout` seconds at most.

    `api`: "responses", or "chat" for servers that only know chat completions. `key` may be empty for a local server.
    """

    name = "openai"

    def __init__(
        self, *, key: str, model: str, base_url: str = "", api: str = "responses", timeout: float = 30, region: str = ""
    ) -> None:
        if not key and not base_url:
            raise AINotConfigured("OPENAI_API_KEY is empty; set it, or OPENAI_BASE_URL for a server that needs none")
        if not model:
            raise AINotConfigured("OPENAI_MODEL is empty; set it to the name of a model that the account may use")
        if api not in APIS:
            raise AINotConfigured(f"OPENAI_API is {api!r}; set it to one of: {', '.join(APIS)}")
        self._model, self._api, self._region, self._own_server = model, api, region, bool(base_url)
        self._client = openai.OpenAI(
            api_key=key or "none",
            base_url=base_url or None,
            timeout=timeout,
            max_retries=0,
            http_client=openai.DefaultHttpxClient(event_hooks={"response": [_Limit(timeout)]}),
        )

    def classify(self, mail: MailText) -> tuple[Classification, Usage]:
        said, usage = self._ask(prompts.CLASSIFY, prompts.quote_mail(mail), ClassificationAnswer, CLASSIFY_TOKENS)
        return answers.classification(said, mail, region=self._region), usage

    def draft_reply(self, mail: MailText, *, instructions: str = "", sender: str = "") -> tuple[Draft, Usage]:
        request = prompts.draft_request(mail, instructions, sender)
        said, usage = self._ask(prompts.DRAFT, request, DraftAnswer, TEXT_TOKENS)
        return answers.draft(said, mail, instructions), usage

    def summarise(self, mail: MailText) -> tuple[Summary, Usage]:
        said, usage = self._ask(prompts.SUMMARISE, prompts.quote_mail(mail), SummaryAnswer, SUMMARY_TOKENS)
        return answers.summary(said), usage

    def answer(self, prompt: str) -> tuple[Answer, Usage]:
        reply = self._send(prompts.ANSWER, prompts.question(prompt), None, TEXT_TOKENS)
        return answers.answer(reply.text), self._usage(reply)

    def close(self) -> None:
        """Gives back the connections."""
        self._client.close()

    def _ask(self, rules: str, text: str, schema: type[Said], max_tokens: int) -> tuple[Said, Usage]:
        reply = self._send(rules, text, schema, max_tokens)
        try:
            return schema.model_validate_json(reply.text), self._usage(reply)
        except ValidationError:
            # The original quotes what the model said.
            raise ModelAnswerInvalid("the model's answer does not fit the schema that it was given") from None

    def _send(self, rules: str, text: str, schema: type[BaseModel] | None, max_tokens: int) -> Reply:
        try:
            if self._api == "chat":
                return read_chat(self._chat(rules, text, schema, max_tokens))
            return read_response(self._response(rules, text, schema, max_tokens))
        except openai.OpenAIError as error:
            raise translate(error) from None  # the original holds parts of the key and of the mail

    def _response(self, rules: str, text: str, schema: type[BaseModel] | None, max_tokens: int) -> bytes:
        return self._client.responses.with_raw_response.parse(
            model=self._model,
            instructions=rules,
            input=text,
            text_format=schema or openai.omit,
            max_output_tokens=max_tokens,
            store=False,
        ).content

    def _chat(self, rules: str, text: str, schema: type[BaseModel] | None, max_tokens: int) -> bytes:
        # Local servers know the older name and nothing of storing; OpenAI's newer models refuse the older name.
        return self._client.chat.completions.with_raw_response.parse(
            model=self._model,
            messages=[{"role": "system", "content": rules}, {"role": "user", "content": text}],
            response_format=schema or openai.omit,
            max_completion_tokens=openai.omit if self._own_server else max_tokens,
            max_tokens=max_tokens if self._own_server else openai.omit,
            store=openai.omit if self._own_server else False,
        ).content

    def _usage(self, reply: Reply) -> Usage:
        return Usage(
            provider=self.name,
            model=reply.model or self._model,
            version=prompts.VERSION,
            input_tokens=reply.input_tokens,
            output_tokens=reply.output_tokens,
        )


class _Limit:
    """Bounds a whole answer; the client's own time-out starts again with every byte that drips in."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __call__(self, response: httpx2.Response) -> None:
        if isinstance(response.stream, httpx2.SyncByteStream):
            response.stream = _LimitedStream(response.stream, time.monotonic() + self._seconds)


class _LimitedStream(httpx2.SyncByteStream):
    def __init__(self, stream: httpx2.SyncByteStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def __iter__(self) -> Iterator[bytes]:
        left = MAX_ANSWER_BYTES
        for chunk in self._stream:
            left -= len(chunk)
            if left < 0 or time.monotonic() > self._deadline:
                raise httpx2.ReadTimeout("the answer is too long or too slow")
            yield chunk

    def close(self) -> None:
        self._stream.close()
