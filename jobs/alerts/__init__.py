"""Telling people, by webhook and mail, that something needs them, once; and once more when it is over."""
