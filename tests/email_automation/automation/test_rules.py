"""What a rule says is matched word by word, checked when it is written, and explained."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_automation.automation import rules
from email_automation.automation.rules import Action, BadRule, Do, Facts

ENQUIRY = Facts(
    intent="sales_enquiry",
    urgency="normal",
    sentiment="positive",
    suggests="reply",
    confidence=0.9,
    sender="Ada@Engines.example",
    subject="An Order of coffee",
    labels=("INBOX", "Big deals"),
    attachments=1,
    language="en-GB",
    unsure=False,
    lead=True,
    stage="new",
)


def holds(when: str, facts: Facts = ENQUIRY) -> bool:
    return all(reason.holds for reason in rules.reasons(when, facts))


@pytest.mark.parametrize(
    "when",
    [
        "",
        "intent:sales_enquiry",
        "intent:support,sales_enquiry",
        "-intent:support",
        "urgency:normal sentiment:positive suggests:reply",
        "confidence:0.9",
        "confidence:>=0.9",
        "confidence:>0.8 confidence:<0.91 confidence:<=0.9",
        "from:ada@engines.example",
        "from:ENGINES.example",
        "from:@engines.example",
        'subject:"order of"',
        'label:"big deals"',
        "label:inbox",
        "has:attachment",
        "language:en",
        "stage:new,qualified",
        "is:lead -is:unsure",
    ],
)
def test_what_is_so_holds(when: str) -> None:
    assert holds(when)


@pytest.mark.parametrize(
    "when",
    [
        "intent:support",
        "-intent:sales_enquiry",
        "-intent:support,sales_enquiry",
        "confidence:>0.9",
        "from:gines.example",
        "from:example",
        "from:da@engines.example",
        "subject:tea",
        "label:deals",
        "-has:attachment",
        "language:de",
        "stage:closed",
        "is:unsure",
        "intent:sales_enquiry stage:closed",
    ],
)
def test_what_is_not_so_does_not(when: str) -> None:
    assert not holds(when)


def test_a_subdomain_is_another_domain() -> None:
    assert not holds("from:engines.example", replace(ENQUIRY, sender="eve@engines.example.evil.test"))
    assert not holds("from:engines.example", replace(ENQUIRY, sender="eve@not-engines.example"))


def test_each_word_is_explained_with_what_the_message_has() -> None:
    said = [
        (str(reason), reason.holds) for reason in rules.reasons("intent:support -stage:new has:attachment", ENQUIRY)
    ]
    assert said == [
        ("intent:support (sales_enquiry)", False),
        ("-stage:new (new)", False),
        ("has:attachment (1 attachments)", True),
    ]


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("intent:buy", "intent:buy is unknown. Known: sales_enquiry"),
        ("colour:red", "Unknown field 'colour'. Known: intent:"),
        ("hello", "'hello' names no field, such as subject:hello"),
        ("intent:>support", "intent cannot be compared"),
        ("confidence:2", "is no number from 0 to 1"),
        ("confidence:nan", "is no number from 0 to 1"),
        ("confidence:high", "is no number from 0 to 1"),
        ("stage:won", "stage:won is unknown"),
        ("is:spam", "is:spam is unknown. Known: lead, unsure"),
        ('subject:"open', "is not understood"),
        ("x" * 501, "at most 500 characters"),
    ],
)
def test_a_condition_that_is_none_is_refused_with_the_remedy(when: str, said: str) -> None:
    with pytest.raises(BadRule) as refused:
        rules.conditions(when)
    assert said in str(refused.value)
    assert refused.value.field == "when"


def test_actions_are_done_in_the_order_they_are_named() -> None:
    assert rules.actions('draft_reply label:Sales,"Big deals" stage:qualified archive') == [
        Action(Do.DRAFT_REPLY),
        Action(Do.LABEL, "Sales"),
        Action(Do.LABEL, "Big deals"),
        Action(Do.STAGE, "qualified"),
        Action(Do.ARCHIVE),
    ]


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ("", "then is empty"),
        ("delete", "Unknown action 'delete'"),
        ("-archive", "Unknown action '-archive'"),
        ("label", "label needs a label"),
        ("archive:now", "archive takes no value"),
        ("stage:won", "stage:won is unknown"),
        ("draft_reply send_reply", "two replies"),
        ("escalate", "escalate needs a user name or an address"),
        ("label:>5", "Unknown action"),
    ],
)
def test_an_action_that_is_none_is_refused_with_the_remedy(then: str, said: str) -> None:
    with pytest.raises(BadRule) as refused:
        rules.actions(then)
    assert said in str(refused.value)
    assert refused.value.field == "then"


@pytest.mark.parametrize(
    ("when", "looks"), [("is:lead", True), ("-stage:new", True), ("is:unsure has:attachment", False)]
)
def test_a_rule_says_whether_it_needs_the_crm(when: str, looks: bool) -> None:
    assert rules.looks_at_crm(when) is looks


@given(st.text(max_size=80))
def test_whatever_is_written_is_understood_or_refused(text: str) -> None:
    for part in (rules.conditions, rules.actions):
        with suppress(BadRule):
            part(text)
