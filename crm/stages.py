"""When a lead moves on by itself.

What a person or product code asks for is done. What a message says only moves a lead forward:

| the lead is | and                                | it becomes |
|-------------|------------------------------------|------------|
| contacted   | they write                         | replied    |
| contacted, replied | they ask for an appointment | qualified  |
| anything    | the message's data names a later stage | that stage |
"""

from __future__ import annotations

from crm.words import Intent, Stage

ORDER = tuple(Stage)


def next_stage(current: str, *, asked: str | None, intent: str | None, automatic: bool) -> Stage:
    """The stage after an update. `asked` is the stage that the data names, `intent` that of a message from them."""
    now = Stage(current)
    if not automatic:
        return Stage(asked) if asked else now
    return max((now, Stage(asked or now), _heard(now, intent)), key=ORDER.index)


def _heard(current: Stage, intent: str | None) -> Stage:
    if intent is None or current not in (Stage.CONTACTED, Stage.REPLIED):
        return current
    return Stage.QUALIFIED if intent == Intent.APPOINTMENT else Stage.REPLIED
