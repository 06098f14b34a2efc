"""Mail that wants to run, load, lead away, or lie on top of the page: one of each kind that is known.

Whatever gets through opens a dialog, or asks EVIL for something. One on each line of the file beside this.
"""

from pathlib import Path

EVIL = "https://evil.example"
_LINES = Path(__file__).with_suffix(".txt").read_text().splitlines()

SAMPLES = [line.replace("EVIL", EVIL) for line in _LINES if line and not line.startswith("# ")]
SAMPLES += [
    "<img src=x onerror\x00=alert(1)>",
    "<scr\x00ipt>alert(1)</scr\x00ipt>",
    "<img src=x\x0conerror=alert(1)>",
    '<div id="1\nalert(1)" style="a:b"onmouseover="alert(1)">x</div>',
    "\ufeff<script>alert(1)</script>",
    "<img src=x \u2028onerror=alert(1)>",
    "\u202e<script>alert(1)</script>",
    "<b>" * 500 + "<img src=x onerror=alert(1)>",
    "<div>" * 150 + "<img src=x onerror=alert(1)>" + "</div>" * 150,
    f"<p>{'&nbsp;' * 5000}</p><img src={EVIL}/late.png>",
]
