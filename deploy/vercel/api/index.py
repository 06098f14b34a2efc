"""The site as a Vercel function: copy this folder's files to the project's root. See docs/operations.md."""

from fikiri.asgi import application as app

__all__ = ["app"]
