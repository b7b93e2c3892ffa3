"""Signs and codes of currencies in a text: "1.200 €", "CHF 1'200", "US$ 5".

Codes are those of ISO 4217; signs that several currencies share name all of them, the likeliest first.
"""

from __future__ import annotations

import re

_CODES = (
    *("AED", "ARS", "AUD", "BGN", "BHD", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "DZD", "EGP", "EUR"),
    *("GBP", "HKD", "HUF", "IDR", "ILS", "INR", "IQD", "ISK", "JOD", "JPY", "KES", "KRW", "KWD", "LBP", "MAD", "MXN"),
    *("MYR", "NGN", "NOK", "NZD", "OMR", "PEN", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SEK", "SGD"),
    *("THB", "TND", "TRY", "TWD", "UAH", "USD", "UYU", "VND", "XOF", "ZAR"),
)
_SIGNS: dict[str, tuple[str, ...]] = {
    "€": ("EUR",), "£": ("GBP", "EGP"), "¥": ("JPY", "CNY"), "円": ("JPY",), "元": ("CNY",), "₹": ("INR",),
    "₩": ("KRW",), "₽": ("RUB",), "₴": ("UAH",), "₺": ("TRY",), "₪": ("ILS",), "฿": ("THB",), "₫": ("VND",),
    "₱": ("PHP",), "₦": ("NGN",), "zł": ("PLN",), "kč": ("CZK",), "lei": ("RON",), "r$": ("BRL",),
    "kr": ("SEK", "NOK", "DKK", "ISK"), "fr": ("CHF",), "sfr": ("CHF",), "rs": ("INR", "PKR"), "us$": ("USD",),
    "a$": ("AUD",), "c$": ("CAD",), "ca$": ("CAD",), "mx$": ("MXN",), "hk$": ("HKD",), "nz$": ("NZD",),
    "s$": ("SGD",), "$": ("USD", "AUD", "CAD", "MXN", "NZD", "SGD", "HKD", "ARS", "CLP", "COP", "UYU", "TWD"),
    "ج.م": ("EGP",), "د.إ": ("AED",), "ر.س": ("SAR",), "﷼": ("SAR", "QAR", "OMR"), "د.م": ("MAD",), "د.ك": ("KWD",),
}  # fmt: skip
_SIGNS |= {code.casefold(): (code,) for code in _CODES}
_WORD = "|".join(sorted((re.escape(sign) for sign in _SIGNS), key=len, reverse=True))
_AROUND = re.compile(
    rf"(?P<minus>-?)\s*(?:(?P<before>{_WORD})\.?\s*(?P<first>[-+]?[\d.,٫'].*)|(?P<last>.*\d)\s*(?P<after>{_WORD})\.?)",
    re.IGNORECASE,
)


def money(text: str) -> tuple[str, tuple[str, ...]] | None:
    """The number in a plain ``text`` and the currencies that its sign or code may mean; None where there is none."""
    match = _AROUND.fullmatch(text) if len(text) <= 200 else None
    if match is None:
        return None
    sign = match["before"] or match["after"]
    return match["minus"] + (match["first"] or match["last"]).strip(), _SIGNS[sign.casefold()]
