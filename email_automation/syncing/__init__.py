"""Mail comes in: read page by page, stored once, followed where its provider changes it."""
