"""The words of a mail that nobody wrote yet: the model's; where none is set up, those that the user left for it."""

import re
from dataclasses import dataclass

from email_automation.ai.errors import AINotConfigured
from email_automation.ai.schemas import Draft
from email_automation.models import AIAnswer, Author, AutomationSetting, Message
from email_automation.reading.asking import answered, mail_text, prompt_hash
from jobs.errors import Fail

BLANK = re.compile(r"\[[^\]\n]{1,80}\]")  # what a model leaves to be filled in, and what no person has looked at


@dataclass(frozen=True)
class Words:
    """A mail's text, who wrote it, and the model's answer that it is."""

    body: str
    author: Author
    answer: AIAnswer | None = None

    @property
    def is_complete(self) -> bool:
        """Is nothing left to be filled in?"""
        return self.author != Author.MODEL or not BLANK.search(self.body)


def draft(message: Message | None, *, user_id: int, text: str = "", task: str = "", name: str = "") -> Words:
    """Words for a reply to a message.

    Args:
        text: Taken where no model is set up, with {name}, {subject} and {sender} filled in.
        task: What the model is to write, where it is no plain answer.
        name: Whom it goes to, where no message says so.

    Raises:
        Fail: no model is set up and there is no text, or the model refuses.
    """
    setting = AutomationSetting.objects.filter(user_id=user_id).first() or AutomationSetting(user_id=user_id)
    if message is not None:
        try:
            answer = _asked(message, setting, task)
            return Words(Draft.model_validate(answer.answer).body, Author.MODEL, answer)
        except Fail as error:
            if error.code != AINotConfigured.code or not text:
                raise
    values = {
        "name": (message.from_name if message else "") or name or "there",
        "subject": message.subject if message else "",
        "sender": setting.sender_name or setting.user.get_username(),
    }
    return Words(fill(text, values), Author.RULE)


def fill(text: str, values: dict[str, str]) -> str:
    """A text with its {names} replaced; what is no name of ours stays as it is written."""
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), text)


def _asked(message: Message, setting: AutomationSetting, task: str) -> AIAnswer:
    mail, sender = mail_text(message), setting.sender_name
    instructions = "\n".join(part for part in (setting.reply_instructions, task) if part)
    return answered(
        AIAnswer(user_id=setting.user_id, message=message, kind=AIAnswer.Kind.DRAFT),
        prompt_hash("draft", mail, instructions, sender),
        lambda model: model.draft_reply(mail, instructions=instructions, sender=sender),
    )
