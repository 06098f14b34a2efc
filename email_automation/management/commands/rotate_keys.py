"""Encrypt everything anew with the first of FIELD_KEYS."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from email_automation.connecting import rotating
from email_automation.connecting.encryption import Undecryptable


class Command(BaseCommand):
    help = "Encrypt everything anew with the first of FIELD_KEYS. Afterwards the other keys can be taken out."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            for table, done in rotating.rotate():
                self.stdout.write(f"{table}: {done.changed} of {done.seen} rows encrypted anew")
        except (Undecryptable, ImproperlyConfigured) as problem:
            raise CommandError(str(problem)) from None
