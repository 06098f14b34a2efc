"""Mail that came back: read from the report, noted on the mail that it is about."""

from email_automation.bouncing.noticing import notice

__all__ = ["notice"]
