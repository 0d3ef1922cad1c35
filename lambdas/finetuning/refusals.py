"""Answers that say that they do not answer, in English and Japanese.

Patterns are few and plain on purpose: each is a phrase with which models decline, wherever in the answer it stands.
"""

import re

_NOTHING_KNOWN = r"(?:any |enough |sufficient |specific |reliable )?(?:information|knowledge|data|details)"
_SERVICES = "answer|help|assist|provide|say|tell|find|confirm|verify"
_ENGLISH = (
    rf"\bI (?:do not|don't) (?:currently |actually )?(?:know\b|have (?:access\b|{_NOTHING_KNOWN}))",
    rf"\bI(?: cannot| can not| can't|(?: am|'m) (?:unable|not able) to) (?:{_SERVICES})\b",
    r"\b(?:no|not enough|insufficient) information (?:is |was )?(?:available|given|provided|about|on)\b",
)
_JAPANESE = (
    r"情報(?:が|は|を)[^。]{0,10}(?:ありません|ございません|持っていません|持ち合わせていません)",
    r"(?:お答え|回答|お手伝い|ご案内)(?:すること)?(?:は|が)?(?:できません|できかねます|しかねます|いたしかねます)",
    r"(?:分かり|わかり|存じ)ません",
)
_REFUSAL = re.compile("|".join((*_ENGLISH, *_JAPANESE)), re.IGNORECASE)


def is_refusal(answer: str) -> bool:
    """Whether the answer says that it has none. An empty one says nothing, and is no refusal."""
    return _REFUSAL.search(answer.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")) is not None
