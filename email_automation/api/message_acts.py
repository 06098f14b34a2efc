"""What may be done with a message, over REST: by the model, by the user's rules, and where it lies."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response

from email_automation import services
from email_automation.api.parts import Accepted, accepted, own, own_messages, person
from email_automation.sending.recipients import MAX_BODY, BadMailError
from jobs.api import parsing
from jobs.api.parsing import Body, Text
from jobs.api.responses import error
from jobs.api.schema import described
from jobs.api.view import ApiView


class MessageRules(ApiView):
    """Has the user's rules run on it, old mail too; what they write waits for approval."""

    @described("run_rules", "Run your rules on a message", Accepted, status=[202])
    def post(self, request: Request, message_id: int) -> Response:
        message = own(own_messages(request), message_id, "message")
        return accepted(services.run_rules(message, by=person(request)), "The rules will be run.")


class MessageDraft(ApiView):
    @described("draft_reply", "Have a reply drafted", Accepted, status=[202])
    def post(self, request: Request, message_id: int) -> Response:
        message = own(own_messages(request), message_id, "message")
        return accepted(services.draft_reply(message), "A reply will be drafted.")


class MessageClassify(ApiView):
    """Has it read once more; the new answer becomes the current one."""

    @described("classify_message", "Have a message classified again", Accepted, status=[202])
    def post(self, request: Request, message_id: int) -> Response:
        message = own(own_messages(request), message_id, "message")
        return accepted(services.classify_again(message), "The message will be read again.")


class MessageSummarise(ApiView):
    @described("summarise_message", "Have a message summarised", Accepted, status=[202])
    def post(self, request: Request, message_id: int) -> Response:
        message = own(own_messages(request), message_id, "message")
        return accepted(services.summarise(message), "The message will be summarised.")


class Wish(Body):
    """`value`: the label, or the address to forward to. `text`: the reply, or a note above what is forwarded."""

    action: Annotated[Text, Field(max_length=20, examples=["archive"])]
    value: Annotated[Text, Field(max_length=320)] = ""
    text: Annotated[Text, Field(max_length=MAX_BODY)] = ""


class MessageActions(ApiView):
    """Does something with it where it lies: `mark_read`, `mark_unread`, `archive`, `add_label`, `remove_label`; or
    `forward` and `reply`."""

    @described("act_on_message", "Act on a message", Accepted, takes=Wish, status=[202])
    def post(self, request: Request, message_id: int) -> Response:
        message = own(own_messages(request), message_id, "message")
        wish = parsing.body_of(request, Wish)
        try:
            return accepted(services.act_on(message, wish.action, wish.value, wish.text), "It will be done.")
        except BadMailError as problem:
            return error("INVALID_MAIL", str(problem), 400, field=problem.field)
