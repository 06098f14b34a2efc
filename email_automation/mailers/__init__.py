"""Through what a mail leaves: one shape for each provider."""

from email_automation.mailers.base import Later, Mailer, Rejected, Taken
from email_automation.mailers.choice import mailer_of

__all__ = ["Later", "Mailer", "Rejected", "Taken", "mailer_of"]
