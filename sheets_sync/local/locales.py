"""What a spreadsheet's locale changes: separators, the order of a date, the currency sign, the words of a checkbox."""

from __future__ import annotations

import re
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


_LANGUAGES = frozenset(
    """
    aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el
    en eo es et eu fa ff fi fil fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik in io
    is it iu iw ja ji jv jw ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml
    mn mo mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se
    sg sh si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa
    wo xh yi yo za zh zu
    """.split()  # noqa: SIM905 (a list of 190 words is longer)
)
"""The codes of ISO 639-1, their forerunners that Java still writes, and Filipino, which has a code of three letters."""
_NAME = re.compile(r"(?P<language>[a-z]{2,3})([_-][A-Za-z]{4})?([_-]([A-Z]{2}|[0-9]{3}))?")


def is_known(name: str) -> bool:
    """Whether a name is that of a locale that Google takes: ``en``, ``en_US``, ``zh_Hant_TW``."""
    found = _NAME.fullmatch(name)
    return found is not None and found["language"] in _LANGUAGES
