"""Through what a mail leaves: one shape for each provider."""

from email_automation.mailers.base import Later, Mailer, Rejected, Taken
from email_automation.mailers.choice import is_sunk, mailer_of

__all__ = ["Later", "Mailer", "Rejected", "Taken", "is_sunk", "mailer_of"]
