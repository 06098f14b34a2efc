"""What a user lets happen without a person, and the switch that stops all of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from email_automation import services
from email_automation.api.parts import person, user_id
from email_automation.automation.permission import stopped_because
from email_automation.models import AutomationSetting
from email_automation.models.automation import MAX_UNDO, MIN_UNDO
from jobs.api import parsing
from jobs.api.parsing import Body, Text
from jobs.api.responses import ok
from jobs.api.schema import described
from jobs.api.view import ApiView

NAMES = ("sending_stopped", "undo_seconds", "reply_instructions", "sender_name")


class AutomationChange(Body):
    """What is left out stays as it is. `sending_stopped`: the kill switch of this user."""

    sending_stopped: bool | None = None
    undo_seconds: Annotated[int, Field(ge=MIN_UNDO, le=MAX_UNDO)] | None = None
    reply_instructions: Annotated[Text, Field(max_length=10_000)] | None = None
    sender_name: Annotated[Text, Field(max_length=200)] | None = None


class AutomationRow(TypedDict):
    """`stopped`: why nothing is sent now, for everybody or for this user; null where it is."""

    sending_stopped: bool
    undo_seconds: int
    reply_instructions: str
    sender_name: str
    stopped: str | None


class Automation(ApiView):
    @described("get_automation", "What happens without you", AutomationRow)
    def get(self, request: Request) -> Response:
        return ok(_row(user_id(request)))

    @described("change_automation", "Change what happens without you", AutomationRow, takes=AutomationChange)
    def patch(self, request: Request) -> Response:
        wanted = parsing.body_of(request, AutomationChange).model_dump(exclude_none=True)
        services.set_automation(person(request), by=person(request).get_username(), **wanted)
        return ok(_row(user_id(request)))


def _row(number: int) -> dict[str, object]:
    setting = AutomationSetting.objects.filter(user_id=number).first() or AutomationSetting()
    return {**{name: getattr(setting, name) for name in NAMES}, "stopped": stopped_because(number) or None}
