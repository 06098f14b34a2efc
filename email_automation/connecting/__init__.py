"""Logins of mailboxes: asked for, kept encrypted, refreshed, and found broken once."""
