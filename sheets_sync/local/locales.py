"""What a spreadsheet's locale changes: separators, the order of a date, the currency sign, the words of a checkbox."""

from __future__ import annotations

from typing import NamedTuple


class Locale(NamedTuple):
    """``date`` is a number-format pattern; ``group`` the thousands separator that is printed."""

    decimal: str
    group: str
    date: str
    currency: str
    currency_after: bool = False
    yes: str = "TRUE"
    no: str = "FALSE"

    @property
    def month_first(self) -> bool:
        """Whether a date of numbers names its month before its day."""
        return self.date.index("m") < self.date.index("d")

    @property
    def day_and_month(self) -> str:
        """The pattern of a date without its year."""
        return self.date.replace("yyyy", "").strip("-/. ")


_NBSP = "\u00a0"
_THIN = "\u202f"

_LOCALES = {
    "en_US": Locale(".", ",", "m/d/yyyy", "$"),
    "en_GB": Locale(".", ",", "dd/mm/yyyy", "£"),
    "en_CA": Locale(".", ",", "yyyy-mm-dd", "$"),
    "en": Locale(".", ",", "dd/mm/yyyy", "$"),
    "de_CH": Locale(".", "’", "dd.mm.yyyy", "CHF", yes="WAHR", no="FALSCH"),
    "de": Locale(",", ".", "dd.mm.yyyy", "€", True, yes="WAHR", no="FALSCH"),
    "fr": Locale(",", _THIN, "dd/mm/yyyy", "€", True, yes="VRAI", no="FAUX"),
    "es": Locale(",", ".", "d/m/yyyy", "€", True, yes="VERDADERO", no="FALSO"),
    "it": Locale(",", ".", "dd/mm/yyyy", "€", True, yes="VERO", no="FALSO"),
    "nl": Locale(",", ".", "d-m-yyyy", "€", yes="WAAR", no="ONWAAR"),
    "pt_BR": Locale(",", ".", "dd/mm/yyyy", "R$", yes="VERDADEIRO", no="FALSO"),
    "pt": Locale(",", _NBSP, "dd/mm/yyyy", "€", True, yes="VERDADEIRO", no="FALSO"),
    "pl": Locale(",", _NBSP, "d.mm.yyyy", "zł", True, yes="PRAWDA", no="FAŁSZ"),
    "cs": Locale(",", _NBSP, "d.m.yyyy", "Kč", True),
    "sv": Locale(",", _NBSP, "yyyy-mm-dd", "kr", True),
    "da": Locale(",", ".", "dd.mm.yyyy", "kr", True),
    "fi": Locale(",", _NBSP, "d.m.yyyy", "€", True),
    "ru": Locale(",", _NBSP, "dd.mm.yyyy", "₽", True, yes="ИСТИНА", no="ЛОЖЬ"),
    "uk": Locale(",", _NBSP, "dd.mm.yyyy", "₴", True),
    "tr": Locale(",", ".", "dd.mm.yyyy", "₺", yes="DOĞRU", no="YANLIŞ"),
    "ja": Locale(".", ",", "yyyy/mm/dd", "¥"),
    "zh": Locale(".", ",", "yyyy/m/d", "¥"),
    "ko": Locale(".", ",", "yyyy. m. d", "₩"),
    "ar": Locale(".", ",", "d/m/yyyy", "ج.م."),
    "he": Locale(".", ",", "d.m.yyyy", "₪"),
    "hi": Locale(".", ",", "d/m/yyyy", "₹"),
}


def locale_named(name: str | None) -> Locale:
    """The locale of ``en_US``, ``de_DE`` and the like; of an unknown language that of the United States."""
    name = (name or "en_US").replace("-", "_")
    return _LOCALES.get(name) or _LOCALES.get(name.split("_")[0]) or _LOCALES["en_US"]


def is_known(name: str) -> bool:
    """Whether a locale name has the shape that Google takes: ``en``, ``en_US``, ``zh_Hant_TW``."""
    parts = name.replace("-", "_").split("_")
    return bool(name) and parts[0].isalpha() and 2 <= len(parts[0]) <= 3 and all(p.isalnum() for p in parts[1:])
