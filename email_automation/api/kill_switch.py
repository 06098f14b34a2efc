"""The switch that stops the mail of everybody, over REST."""

from __future__ import annotations

from typing import Annotated, ClassVar

from django.core.exceptions import PermissionDenied
from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from email_automation import services
from email_automation.api.parts import Moment, iso
from email_automation.models import KillSwitch
from jobs.api import parsing
from jobs.api.parsing import Body, Text
from jobs.api.responses import ok
from jobs.api.schema import described
from jobs.api.scopes import Scope
from jobs.api.view import ApiView

MAY = "email_automation.change_killswitch"


class SwitchWish(Body):
    stopped: Annotated[bool, Field(examples=[True])]
    reason: Annotated[Text, Field(max_length=200, examples=["an incident"])] = ""


class SwitchRow(TypedDict):
    stopped: bool
    reason: str
    changed_at: Moment | None


class Switch(ApiView):
    """For superusers, and who may change it in the admin."""

    scope: ClassVar[Scope] = Scope.ADMIN

    @described("get_kill_switch", "Whether mail may be sent at all", SwitchRow)
    def get(self, request: Request) -> Response:
        _check(request)
        return ok(switch_row(KillSwitch.objects.filter(pk=1).first()))

    @described("set_kill_switch", "Stop the mail of everybody, or allow it again", SwitchRow, takes=SwitchWish)
    def post(self, request: Request) -> Response:
        _check(request)
        wish = parsing.body_of(request, SwitchWish)
        switch = services.set_kill_switch(wish.stopped, by=request.user.get_username(), reason=wish.reason)
        return ok(switch_row(switch), message=str(switch))


def switch_row(switch: KillSwitch | None) -> SwitchRow:
    return {
        "stopped": bool(switch and switch.sending_stopped),
        "reason": switch.reason if switch else "",
        "changed_at": iso(switch.updated_at) if switch else None,
    }


def _check(request: Request) -> None:
    if not request.user.has_perm(MAY):
        raise PermissionDenied
