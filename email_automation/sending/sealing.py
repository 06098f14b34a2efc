"""Words of a mail that nobody reads before it leaves: kept encrypted apart from its text, put in at the last moment,
erased once it went."""

from email_automation.models import OutgoingMail

PLACE = "--sealed--"  # where they belong, in the text that everybody may see


def unsealed(mail: OutgoingMail) -> tuple[str, str]:
    """The text and the HTML as they leave.

    Raises:
        ValueError: the words that belong there are erased already.
    """
    if PLACE not in mail.body and PLACE not in mail.html:
        return mail.body, mail.html
    if not mail.sealed:
        raise ValueError("what was sealed in it is erased; ask for a new one")
    words = mail.sealed.reveal()
    return mail.body.replace(PLACE, words), mail.html.replace(PLACE, words)
