"""A mail to be sent, a prompt to be answered: what takes time is answered with `202` and the job's id."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from email_automation import services
from email_automation.api.parts import Accepted, accepted, user_id
from email_automation.recipients import MAX_BODY, MAX_RECIPIENTS, BadMailError
from email_automation.services.answering import MAX_PROMPT
from jobs.api.responses import error
from jobs.api.schema import described
from jobs.api.view import ApiView


class SendRequest(serializers.Serializer[Any]):
    to = serializers.ListField(child=serializers.CharField(max_length=320), min_length=1, max_length=MAX_RECIPIENTS)
    subject = serializers.CharField()
    body = serializers.CharField(max_length=MAX_BODY, trim_whitespace=False)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("to"), str):
            data = {**data, "to": [data["to"]]}
        return super().to_internal_value(data)


class PromptRequest(serializers.Serializer[Any]):
    prompt = serializers.CharField(max_length=MAX_PROMPT)


class Send(ApiView):
    """`POST` sends a mail."""

    @described("send_mail", "Send a mail", Accepted, takes=SendRequest, status=[202])
    def post(self, request: Request) -> Response:
        mail = _checked(SendRequest, request.data)
        try:
            job = services.send_email(mail["to"], mail["subject"], mail["body"], user_id=user_id(request))
        except BadMailError as problem:
            return error("INVALID_MAIL", str(problem), 400, field=problem.field)
        return accepted(job, "The mail will be sent.")


class AIRequests(ApiView):
    """`POST` puts a prompt to the model."""

    @described("ask_model", "Put a prompt to the model", Accepted, takes=PromptRequest, status=[202])
    def post(self, request: Request) -> Response:
        prompt = _checked(PromptRequest, request.data)["prompt"]
        return accepted(services.ask_ai(prompt, user_id=user_id(request)), "The model will be asked.")


def _checked(form: type[serializers.Serializer[Any]], data: Any) -> dict[str, Any]:
    serializer = form(data=data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
