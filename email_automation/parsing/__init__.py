"""From the raw bytes of a message to plain values. Nothing here touches the database, and nothing raises."""

from email_automation.parsing.message import Address, Attachment, ParsedMessage, Problem, Unreadable
from email_automation.parsing.parse import parse

__all__ = ["Address", "Attachment", "ParsedMessage", "Problem", "Unreadable", "parse"]
