"""A user's rules on a message: which it meets, why, and what each has done. All of it in the caller's transaction."""

from collections.abc import Iterator, Sequence

import structlog

from crm.models import Lead
from crm.words import Stage
from email_automation.automation import rule_actions, rules
from email_automation.automation.permission import SIMPLE
from email_automation.automation.rule_actions import Found
from email_automation.automation.rules import BadRule, Facts, Reason
from email_automation.models import AutomationSetting, Classification, Message, Rule, RuleMatch
from email_automation.reading.people import crm_key
from jobs import context
from jobs.errors import Discard, Snooze
from jobs.models import FINAL, Job

LOOK_AGAIN = 1.0  # seconds

log = structlog.stdlib.get_logger("mail")


def has_rules(user_id: int) -> bool:
    """Has this user switched anything on?"""
    return (
        Rule.objects.filter(user_id=user_id, enabled=True).exists()
        or AutomationSetting.objects.filter(user_id=user_id, draft_replies=True).exists()
    )


def act(message_id: int, *, asked_by: int | None = None) -> list[RuleMatch]:
    """Do what the rules say of a classified message, each rule once.

    Args:
        asked_by: The person who had the rules run on it; they may be run on old mail, and send nothing by themselves.

    Raises:
        Discard: there is nothing to go by.
        Snooze: a rule asks for what the CRM is about to write.
    """
    message = Message.objects.select_related("mailbox__user").filter(pk=message_id).first()
    classification = message.classifications.filter(is_current=True).first() if message else None
    if message is None or classification is None:
        raise Discard("the message was removed, or is not classified")
    wanted = list(rules_of(message.mailbox.user_id))
    if any(_looks_at_crm(rule) for rule in wanted):
        _wait_for_crm(message, classification)
    found = Found(message, classification, facts_of(message, classification), asked_by)
    return list(_matches(wanted, found))


def explain(rule: Rule, message: Message) -> list[Reason]:
    """Every word of a rule with what the message has there.

    Raises:
        BadRule: the rule is not understood.
    """
    return rules.reasons(rule.when, facts_of(message, message.classifications.filter(is_current=True).first()))


def rules_of(user_id: int) -> Iterator[Rule]:
    """What this user switched on, in order; last the simple rules of their settings."""
    yield from Rule.objects.filter(user_id=user_id, enabled=True)
    setting = AutomationSetting.objects.filter(user_id=user_id, draft_replies=True).first()
    if setting is None:
        return
    asks = "suggests:reply,schedule"
    if setting.release_replies and setting.release_intents:
        sure = f"intent:{','.join(setting.release_intents)} confidence:>={setting.release_confidence:f} -is:unsure"
        yield Rule(user_id=user_id, name="Send replies", when=f"{asks} {sure}", then="send_reply", stop=True)
    yield Rule(user_id=user_id, name="Draft replies", when=asks, then="draft_reply")


def facts_of(message: Message, classification: Classification | None) -> Facts:
    """What rules can ask of a message; without a classification, only what its headers say."""
    lead = Lead.objects.filter(user_id=message.mailbox.user_id, email=message.from_address.lower()).first()
    known = Facts(
        sender=message.from_address,
        subject=message.subject,
        labels=tuple(map(str, message.labels)),
        attachments=message.attachment_count,
        language=message.language,
        lead=lead is not None,
        stage=Stage(lead.stage) if lead else "",
    )
    if classification is None:
        return known
    return Facts(
        **{name: getattr(known, name) for name in OF_HEADERS},
        intent=classification.intent,
        urgency=classification.urgency,
        sentiment=classification.sentiment,
        suggests=classification.suggested_action,
        confidence=classification.confidence,
        unsure=classification.needs_review,
    )


OF_HEADERS = ("sender", "subject", "labels", "attachments", "language", "lead", "stage")


def _matches(wanted: Sequence[Rule], found: Found) -> Iterator[RuleMatch]:
    """What matched now; a rule that acted on the message before is passed over, and still stops the others."""
    earlier = set(found.message.rule_matches.values_list("key", flat=True))
    for rule in wanted:
        key = _key(rule)
        if key not in earlier:
            match = _match(rule, key, found)
            if match is None:
                continue
            yield match
        if rule.stop:
            return


def _match(rule: Rule, key: str, found: Found) -> RuleMatch | None:
    try:
        why = rules.reasons(rule.when, found.facts)
        todo = rules.actions(rule.then)
    except BadRule as error:  # written for other code; the others still hold
        log.warning("rule not understood", action="rule_refused", rule=key, reason=str(error))
        return None
    if not all(reason.holds for reason in why):
        return None
    running = context.current()
    match = RuleMatch.objects.create(
        message=found.message,
        rule=rule if rule.pk else None,
        key=key,
        name=rule.name,
        when=rule.when,
        then=rule.then,
        text=rule.text,
        reasons=[{"word": reason.word, "found": reason.found} for reason in why],
        job_id=running.id if running else None,
        asked_by_id=found.asked_by,
    )
    match.outcomes = [rule_actions.carry_out(action, number, match, found) for number, action in enumerate(todo)]
    match.save(update_fields=["outcomes"])
    return match


def _key(rule: Rule) -> str:
    return str(rule.pk) if rule.pk else f"{SIMPLE} {rule.name.lower()}"


def _looks_at_crm(rule: Rule) -> bool:
    try:
        return rules.looks_at_crm(rule.when)
    except BadRule:
        return False


def _wait_for_crm(message: Message, classification: Classification) -> None:
    """Both jobs came of the same classification; what the message means to the CRM is to be seen by the rules."""
    writing = Job.objects.filter(key=crm_key(message, classification)).exclude(status__in=FINAL)
    if context.current() and writing.exists():
        raise Snooze(LOOK_AGAIN, "waits for the CRM")
