"""Small real files for attachments: a PDF of a few lines, a picture, an empty archive, and noise."""

import hashlib
import struct
import zlib

_EMPTY_ZIP = b"PK\x05\x06" + bytes(18)
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def content(kind: str, text: str) -> bytes:
    """The bytes of a file of that kind; `text` says what is in it."""
    if kind == "pdf":
        return pdf(text.splitlines())
    if kind in {"png", "inline"}:
        return png(*(int(word) for word in text.split()))
    return _EMPTY_ZIP if kind == "zip" else text.replace("\n", "\r\n").encode()


def pdf(lines: list[str]) -> bytes:
    """One page with these lines of text."""
    shown = " T* ".join(f"({_escaped(line)}) Tj" for line in lines)
    stream = f"BT /F1 11 Tf 14 TL 60 780 Td {shown} ET".encode("latin-1", errors="replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return out + b"xref\n0 6\n0000000000 65535 f \n%strailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        table,
        len(out),
    )


def png(width: int, height: int, red: int, green: int, blue: int) -> bytes:
    """A picture that fades from a colour to white, at most 65 kB of pixels."""
    rows = b"".join(b"\0" + _row(width, y / height, (red, green, blue)) for y in range(height))
    # Stored, not compressed: zlib builds differ in what they make of the same input.
    size = struct.pack("<HH", len(rows), len(rows) ^ 0xFFFF)
    packed = b"\x78\x01\x01" + size + rows + struct.pack(">I", zlib.adler32(rows))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return _PNG_SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def noise(seed: str, size: int) -> bytes:
    """Bytes without meaning, the same for the same seed, without line ends."""
    blocks = (hashlib.sha256(f"{seed}{number}".encode()).digest() for number in range(size // 32 + 1))
    return b"".join(blocks)[:size].replace(b"\n", b"\0").replace(b"\r", b"\0")


def _row(width: int, fade: float, colour: tuple[int, int, int]) -> bytes:
    return bytes(int(value + (255 - value) * fade) for value in colour) * width


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _escaped(line: str) -> str:
    return line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
