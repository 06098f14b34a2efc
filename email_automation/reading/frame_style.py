"""The one style sheet of frames that show a stranger's HTML. It stands in the frame, and pages allow it by its hash."""

from base64 import b64encode
from hashlib import sha256

STYLE = (
    "body{background:#fff;color:#222;font:15px/1.5 system-ui,sans-serif;margin:12px;overflow-wrap:anywhere}"
    "pre{white-space:pre-wrap}table{max-width:100%}"
    "blockquote{border-left:3px solid #bbb;margin:0 0 0 4px;padding-left:12px}"
)
HASH = f"'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'"
