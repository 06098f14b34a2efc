"""What the mail part does in the background."""

import uuid

from email_automation import mailbox_actions
from email_automation.automation import acting, followups
from email_automation.reading import classifying, replying
from email_automation.sending import delivery, outbox
from email_automation.syncing import gmail_notices, polling, sync
from jobs import services
from jobs.queues import ai_queue, crm_queue, email_queue


@email_queue.task(max_retries=3, names_job="job_id")
def process_gmail_sync(job_id: str) -> dict[str, object]:
    """Sync a mailbox: `job_id` names its SyncRun. A long sync goes on in slices, as the same job."""
    return sync.result(sync.run(uuid.UUID(job_id)))


@email_queue.task(max_retries=0)
def poll_mailboxes() -> dict[str, object]:
    """Enqueue the syncs of the mailboxes whose turn it is."""
    return {"success": True, "syncs": polling.poll()}


@email_queue.task(max_retries=0)
def watch_mailboxes() -> dict[str, object]:
    """Have Gmail's notices go on coming, each account by a job of its own."""
    due = list(gmail_notices.due())
    for mailbox in due:
        services.enqueue("watch_mailbox", {"mailbox_id": mailbox.pk}, owner_id=mailbox.user_id)
    return {"success": True, "mailboxes": len(due)}


@email_queue.task(max_retries=3)
def watch_mailbox(mailbox_id: int) -> dict[str, object]:
    """Ask Gmail to tell of news in a mailbox."""
    return {"success": True, "mailbox_id": mailbox_id, "until": gmail_notices.watch(mailbox_id)}


@email_queue.task(max_retries=3, effects=True)
def mailbox_action(message_id: int, action: str, value: str = "", match_id: int | None = None) -> dict[str, object]:
    """Do something to a message where it lies: `mark_read`, `mark_unread`, `archive`, `add_label`, `remove_label`."""
    message = mailbox_actions.act(message_id, action, value, match_id)
    return {"success": True, "message_id": message.pk, "labels": message.labels, "flags": message.flags}


@ai_queue.task(max_retries=3)
def classify_message(message_id: int, again: bool = False) -> dict[str, object]:
    """Classify a message; what comes of it is enqueued with the answer."""
    classification = classifying.classify(message_id, again=again)
    return {"success": True, "message_id": message_id, "intent": classification.intent}


@crm_queue.task(atomic=True, max_retries=3)
def act_on_message(message_id: int, asked_by: int | None = None) -> dict[str, object]:
    """Do what the user's rules say of a classified message."""
    matches = acting.act(message_id, asked_by=asked_by)
    return {"success": True, "message_id": message_id, "rules": [match.name for match in matches]}


@ai_queue.task(max_retries=3)
def follow_up(follow_up_id: int) -> dict[str, object]:
    """Write to a lead who has not answered, unless they have meanwhile."""
    return {"success": True, "follow_up_id": follow_up_id, "mail_id": followups.write(follow_up_id).mail_id}


@email_queue.task(max_retries=3, effects=True)
def send_email(to: str | list[str], subject: str, body: str, user_id: int | None = None) -> dict[str, object]:
    """Send a mail.

    Returns:
        {"success": True, "message_id": its Message-ID, "sent_to": `to`}; with "skipped" and the reason, and neither
        id nor recipient, where it must not leave this machine.
    """
    return outbox.receipt(delivery.deliver(outbox.mail_of_job(to, subject, body, user_id)), to)


@email_queue.task(max_retries=3, effects=True)
def send_mail(mail_id: int) -> dict[str, object]:
    """Send a mail that was released: at once, or when nobody has taken it back in time."""
    mail = outbox.released(mail_id)
    return outbox.receipt(delivery.deliver(mail), mail.to)


@ai_queue.task(max_retries=3)
def process_ai_request(prompt: str, user_id: int) -> dict[str, object]:
    """Answer a prompt."""
    return {"success": True, "response": replying.answer(prompt, user_id).text, "user_id": user_id}


@ai_queue.task(max_retries=3)
def draft_reply(message_id: int, match_id: int | None = None) -> dict[str, object]:
    """Draft a reply to a message, for a person to approve; or for the rule to send that asked for it."""
    return {"success": True, "message_id": message_id, "draft_id": replying.draft_reply(message_id, match_id).pk}


@ai_queue.task(max_retries=3)
def summarise_message(message_id: int) -> dict[str, object]:
    """Summarise a message."""
    summary = replying.summarise(message_id)
    return {"success": True, "message_id": message_id, "summary": summary.text, "points": list(summary.points)}
