"""Characters that mean nothing in a cell, or the same as plainer ones: what copying, phones and other scripts bring.

Invisible ones are left out without a word, since nobody can see or mend them; what Postgres or JSON cannot hold is
left out and told. The joiners of emoji and of Indic and Persian words stay.
"""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")  # soft hyphen, zero-width space, word joiner, byte order mark
_DIRECTION = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_DIRECTIONS = re.compile(f"[{_DIRECTION}]")
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_SPACES = dict.fromkeys("\u00a0\u202f\u2009\u2007\u2002\u2003\u2004\u2005\u2006\u2008\u200a\u205f\u3000\t", " ")
_SIGNS = {"−": "-", "‐": "-", "‑": "-", "﹣": "-", "’": "'", "ʼ": "'", "٪": "%", "﹪": "%"}
_FULL_WIDTH = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_WESTERN = str.maketrans(_SPACES | _SIGNS | _FULL_WIDTH | {"￥": "¥", "￡": "£", "￦": "₩"})
_EDGES = "".join([*_SPACES, " \r\n\v\f\u0085\u2028\u2029\u200c", _DIRECTION])


def visible(text: str) -> str:
    """``text`` without invisible characters, and without spaces and marks of direction at its ends. Marks of direction
    inside stay: there they keep mixed scripts in order."""
    return (text if text.isascii() else _INVISIBLE.sub("", text)).strip(_EDGES)


def storable(text: str) -> tuple[str, int]:
    """``text`` without NUL, lone surrogates and control characters, and how many were left out."""
    clean = _UNSTORABLE.sub("", text)
    return clean, len(text) - len(clean)


def printable(text: str) -> str:
    """``text`` as a message can show it: on one line, what cannot be stored as a replacement character."""
    return " ".join(_UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", _DIRECTIONS.sub("", _INVISIBLE.sub("", text))).split())


def plain(text: str) -> str:
    """``text`` trimmed, with Western digits, plain spaces, signs and apostrophes, and no mark of direction; a leading
    apostrophe is dropped."""
    bare = visible(text)
    if not bare.isascii() or "\t" in bare:
        bare = _DIRECTIONS.sub("", bare).translate(_WESTERN)
    if not bare.isascii():
        bare = "".join(
            str(unicodedata.decimal(c)) if not c.isascii() and unicodedata.decimal(c, None) is not None else c
            for c in bare
        )
    return bare.strip().removeprefix("'").strip()
