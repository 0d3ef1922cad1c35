"""What passwords, keys and personal data look like. Each entry is as narrow as its format allows.

Formats of keys are their issuers' (November 2026); numbers of cards and accounts are checked by their check digits.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Pattern:
    """what: with its article. regex: the group `value`, or else the whole, is what must not be shown.

    hint: is in every text that has one, and quick to look for.
    """

    what: str
    hint: re.Pattern[str]
    regex: re.Pattern[str]
    is_one: Callable[[str], bool] = lambda _: True


_LONG = re.compile("[A-Za-z0-9_+/-]{14}")
_DIGITS = re.compile(r"\d(?:[ -]?\d){11}")


def _key(what: str, regex: str) -> Pattern:
    return Pattern(what, _LONG, re.compile(rf"(?<![A-Za-z0-9_-])(?:{regex})(?![A-Za-z0-9])"), _is_no_placeholder)


_STAND_INS = {"password", "passwd", "secret", "changeme", "secretkey"}


def _is_no_placeholder(value: str) -> bool:
    """Not what documents put in place of a secret: AWS's AKIAIOSFODNN7EXAMPLE, xxxx, <your-key>, ${KEY}, password."""
    shown = value.casefold()
    return (
        len(set(shown)) > 4
        and shown not in _STAND_INS
        and not re.search(r"example|placeholder|redacted|your|x{4}|\*{3}|\.{3}|…|[<>{}]", shown)
    )


def _is_password(value: str) -> bool:
    """Words are none: in "password: required" stands no password."""
    return _is_no_placeholder(value) and bool(re.search("[A-Za-z]", value)) and bool(re.search("[0-9]", value))


SECRETS = [
    _key("an AWS access key", "(?:AKIA|ASIA)[A-Z2-7]{16}"),
    _key("an Amazon Bedrock API key", "ABSK[A-Za-z0-9+/]{100,}=*|bedrock-api-key-[A-Za-z0-9+/=]{20,}"),
    _key("a GitHub token", "gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,}"),
    _key("a GitLab token", "glpat-[A-Za-z0-9_-]{20,}"),
    _key("a Slack token", "xox[abeoprs]-[A-Za-z0-9-]{10,}"),
    _key("a Stripe key", "[rs]k_live_[A-Za-z0-9]{16,}"),
    _key("a Google API key", "AIza[A-Za-z0-9_-]{35}"),
    _key("an API key", "sk-(?:ant-|proj-)?[A-Za-z0-9_-]{20,}"),
    _key("a Hugging Face token", "hf_[A-Za-z0-9]{30,}"),
    _key("an npm token", "npm_[A-Za-z0-9]{36}"),
    _key("a PyPI token", "pypi-[A-Za-z0-9_-]{50,}"),
    _key("a JSON Web Token", r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    Pattern("a private key", re.compile("PRIVATE KEY"), re.compile("-----BEGIN (?:[A-Z]+ ){0,2}PRIVATE KEY-----")),
    Pattern(
        "a password in a URL",
        re.compile("://"),
        re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{1,100}:(?P<value>[^\s/:@]{3,100})@"),
        _is_no_placeholder,
    ),
    Pattern(
        "a password",
        re.compile("pass|pwd|secret|key|token|パスワード|暗証番号|秘密鍵", re.IGNORECASE),
        re.compile(
            "(?:(?<![a-z])(?:password|passwd|pwd|passcode|secret(?:[ _-]?access)?(?:[ _-]?key)?|api[ _-]?key"
            "|access[ _-]?token)|パスワード|暗証番号|秘密鍵)"
            r"[\"'」]?\s{0,3}(?:is|are|was|は|=>|[:=\uff1a])\s{0,3}[\"'`「]?(?P<value>[!#-&(-~]{8,200})",
            re.IGNORECASE,
        ),
        _is_password,
    ),
]


def _passes_luhn(value: str) -> bool:
    digits = [int(digit) for digit in re.sub(r"\D", "", value)]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[::-2]) + sum(doubled)) % 10 == 0


def _is_card(value: str) -> bool:
    """Luhn's check digit, and none of the numbers that payment services give out for tests."""
    digits = re.sub(r"\D", "", value)
    return _passes_luhn(digits) and len(set(digits)) > 3


def _is_iban(value: str) -> bool:
    """ISO 7064, mod 97."""
    compact = value.replace(" ", "")
    return int("".join(str(int(each, 36)) for each in compact[4:] + compact[:4])) % 97 == 1


def _is_my_number(value: str) -> bool:
    """The check digit of Japan's individual numbers (Order of the Ministry of Internal Affairs, 2014, No. 85)."""
    digits = [int(digit) for digit in re.sub(r"\D", "", value)]
    weighed = sum(digit * weight for digit, weight in zip(digits, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2), strict=False))
    return digits[-1] == (0 if weighed % 11 <= 1 else 11 - weighed % 11)


def _is_no_ones_address(value: str) -> bool:
    """Not of the names that RFC 2606 and RFC 6761 keep free for documents."""
    domain = value.rpartition("@")[2].casefold()
    return not re.search(r"(?:^|\.)(?:example(?:\.[a-z.]+)?|test|invalid|localhost)$", domain)


PERSONAL = [
    Pattern(
        "an e-mail address",
        re.compile("@"),
        re.compile(
            r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,24}(?![A-Za-z0-9-])"
        ),
        _is_no_ones_address,
    ),
    Pattern(
        "the number of a payment card",
        _DIGITS,
        re.compile(
            r"(?<![\d.,-])(?:4\d{3}|5[1-5]\d\d|2[2-7]\d\d|35\d\d|6011|65\d\d)(?:[ -]?\d{4}){3}(?![\d.,]*\d)"
            r"|(?<![\d.,-])3[47]\d\d[ -]?\d{6}[ -]?\d{5}(?![\d.,]*\d)"
        ),
        _is_card,
    ),
    Pattern(
        "the number of a bank account (IBAN)",
        re.compile(r"[A-Z]{2}\d\d"),
        re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])"),
        _is_iban,
    ),
    Pattern(
        "a US social security number",
        re.compile(r"\d-\d\d-\d"),
        # https://www.ssa.gov/employer/randomization.html; the two that advertisements made known are nobody's.
        re.compile(r"(?<![\d-])(?!000|666|9|078-05-1120|219-09-9999)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\d-])"),
    ),
    Pattern(
        "a Japanese individual number",
        re.compile("マイナンバー|個人番号"),
        re.compile(r"(?:マイナンバー|個人番号)[^\d]{0,12}(?P<value>\d{4}[ -]?\d{4}[ -]?\d{4})(?!\d)"),
        _is_my_number,
    ),
]
