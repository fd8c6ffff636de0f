"""Numbers that belong to people: of phones, bank accounts and payment cards. Each yields beginnings and ends."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["bank_accounts", "cards", "phones"]

_RUN = re.compile(r"\d[\d ().\-/]{5,}\d", re.ASCII)
"""What every phone number has; the expressions below, which take longer, are only used around these."""

_INTERNATIONAL = re.compile(r"(?<![\w.+])\+[1-9](?:[ .\-/]?\(?\d\)?){6,14}(?!\w)", re.ASCII)
_AMERICAN = re.compile(
    r"(?<![\w.+\-/])(?:1[-. ])?(?:\([2-9]\d\d\) ?|[2-9]\d\d([-.]))[2-9]\d\d(?(1)\1|[-. ])\d{4}(?!\w|[-.]\d)", re.ASCII
)
_NATIONAL = re.compile(
    r"(?<![\w.,+\-/:])(?:00 ?[1-9]\d{0,2}|\(?0[1-9]\d{0,4}\)?)(?: ?[-/] ?| )\d{2,8}"
    r"(?:([ -])\d{2,8}(?:\1\d{2,5}){0,3})?(?!\w|[-./:,]\d)",
    re.ASCII,
)
_PAIRS = re.compile(r"\d\d(?: \d\d)+", re.ASCII)
_HEX_PAIR_BEFORE = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{2} $")
_HEX_PAIR_AFTER = re.compile(r" [0-9A-Fa-f]{2}(?![0-9A-Za-z])")
_NAME_BEFORE = re.compile(
    r"(?:phone|fax|mobile|whatsapp|telefon|(?<![a-z])tel)(?:_?(?:number|no|nr))?[^\n\w+(]{1,10}\+?\(?\Z", re.IGNORECASE
)
_DATE = re.compile(r"(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4})(?!\d)", re.ASCII)
_FLOAT_OR_POSTCODE = re.compile(r"\+?\d+\.\d+|\d{5}-\d{4}", re.ASCII)
_DIGITS = re.compile(r"\D", re.ASCII)

_IBAN = re.compile(r"\d\d(?<=[A-Za-z]{2}\d\d)(?<![A-Za-z0-9].{4})(?=[ -]?[A-Za-z0-9])", re.ASCII | re.DOTALL)
# Lengths by country, from the IBAN registry of SWIFT.
_REGISTRY = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 "
    "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 "
    "LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 "
    "PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 "
    "YE30"
)
_IBAN_LENGTHS = {country: int(length) for country, length in re.findall(r"([A-Z]{2})(\d\d)", _REGISTRY)}

_CARD = re.compile(
    r"\d(?<![\w.+]\d)(?:\d{12,18}|\d{3}([ -])\d{4}\1\d{4}\1\d{1,4}(?:\1\d{3})?|\d{3}([ -])\d{6}\2\d{4,5})(?!\w|[.,]\d)",
    re.ASCII,
)
_CARD_PREFIXES = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|(?:30[0-5]|3[689]\d)\d{11,16}"  # Diners Club
    r"|(?:6011|64[4-9]\d|65\d{2}|60\d{2}|81\d{2}|82\d{2}|508\d)\d{12,15}"  # Discover, RuPay
    r"|(?:352[89]|35[3-8]\d)\d{12,15}"  # JCB
    r"|62\d{14,17}|220[0-4]\d{12,15}|9792\d{12}"  # UnionPay, Mir, Troy
    r"|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{9,15}",  # Maestro
    re.ASCII,
)


def phones(text: str) -> Iterator[tuple[int, int]]:
    """Phone numbers: international ones, national ones with separators, and any that a word for it introduces."""
    for run in _RUN.finditer(text):
        window = max(0, run.start() - 2), run.end() + 2
        for match in _INTERNATIONAL.finditer(text, *window):
            start, end = _without_open_brackets(match)
            if _is_international(text[start:end]):
                yield start, end
        for match in _AMERICAN.finditer(text, *window):
            yield match.span()
        for match in _NATIONAL.finditer(text, *window):
            start, end = _without_open_brackets(match)
            if _is_national(text[start:end]) and not _is_dump(text, start, end):
                yield start, end
        if _is_named(text, run):
            yield run.span()


def _is_named(text: str, run: re.Match[str]) -> bool:
    before = text[max(0, run.start() - 40) : run.start()]
    ends = not text[run.end() : run.end() + 1].isalnum()
    return bool(
        ends and 7 <= len(_digits(run.group())) <= 15 and not _DATE.match(run.group()) and _NAME_BEFORE.search(before)
    )


def _without_open_brackets(match: re.Match[str]) -> tuple[int, int]:
    """The span of a number without brackets around it whose other half is not in it."""
    number = match.group()
    opened, closed = number.startswith("(") and ")" not in number, number.count(")") > number.count("(")
    return match.start() + opened, match.end() - (closed and number.endswith(")"))


def _is_international(number: str) -> bool:
    digits = _digits(number)
    if _FLOAT_OR_POSTCODE.fullmatch(number):
        return False
    if digits[0] == "1":
        return len(digits) == 11 and digits[1] > "1"
    return 8 <= len(digits) <= 15


def _is_national(number: str) -> bool:
    """Whether it is as long as a number dialled within a country, or from another one with 00 before it."""
    digits = _digits(number)
    longest = 17 if digits.startswith("00") else 12
    return 9 <= len(digits) <= longest and not _DATE.match(number) and not _FLOAT_OR_POSTCODE.fullmatch(number)


def _is_dump(text: str, start: int, end: int) -> bool:
    """Whether pairs of digits are among other bytes in hexadecimal."""
    before = _HEX_PAIR_BEFORE.search(text[max(0, start - 4) : start])
    return bool(_PAIRS.fullmatch(text, start, end) and (before or _HEX_PAIR_AFTER.match(text, end)))


def bank_accounts(text: str) -> Iterator[tuple[int, int]]:
    """IBANs: of a country's own length, and with the right check digits (ISO 7064, mod 97)."""
    for match in _IBAN.finditer(text):
        start = match.start() - 2
        length = _IBAN_LENGTHS.get(text[start : start + 2].upper())
        if length and (end := _end_of_account(text, start, length)) and _is_account(text[start:end]):
            yield start, end


def _end_of_account(text: str, start: int, length: int) -> int | None:
    """Where so many letters and digits end, with single spaces or dashes between them; None if the text goes on."""
    at = start
    for count in range(length):
        if count and text[at : at + 1] in {" ", "-"}:
            at += 1
        character = text[at : at + 1]
        if not (character.isascii() and character.isalnum()):
            return None
        at += 1
    return None if text[at : at + 1].isalnum() else at


def _is_account(text: str) -> bool:
    plain = text.replace(" ", "").replace("-", "").upper()
    return int("".join(str(int(character, 36)) for character in plain[4:] + plain[:4])) % 97 == 1


def cards(text: str) -> Iterator[tuple[int, int]]:
    """Numbers of payment cards: with the prefix and length of an issuer, and the right check digit (Luhn)."""
    for match in _CARD.finditer(text):
        digits = _digits(match.group())
        if _CARD_PREFIXES.fullmatch(digits) and _passes_luhn(digits):
            yield match.span()


def _passes_luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(doubled) + sum(map(int, digits[::-2]))) % 10 == 0


def _digits(text: str) -> str:
    return _DIGITS.sub("", text)
