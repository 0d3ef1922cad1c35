"""Where two answers differ: what only one of them says is marked."""

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from finetuning.report.markup import Html, element, join

# Japanese and Chinese are written without spaces: there a character is what a word is elsewhere.
_UNSPACED = "\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f"
_TOKEN = re.compile(rf"[^\W{_UNSPACED}]+|.", re.DOTALL)
# Longer answers are compared without their most frequent words, since the effort grows with the square of the length.
_COMPARED_IN_FULL = 1500


def marked(base: str, custom: str) -> tuple[Html, Html]:
    """Both texts in full, with <mark> around what the other one does not say; by word, in Japanese by character."""
    if not base.strip() or not custom.strip():
        return join([base]), join([custom])
    ours, theirs = _TOKEN.findall(base), _TOKEN.findall(custom)
    longest = max(len(ours), len(theirs))
    compared = SequenceMatcher(None, _folded(ours), _folded(theirs), autojunk=longest > _COMPARED_IN_FULL)
    shared = [
        match for match in compared.get_matching_blocks() if _says_something(ours[match.a : match.a + match.size])
    ]
    return (
        _marked(ours, [(match.a, match.a + match.size) for match in shared]),
        _marked(theirs, [(match.b, match.b + match.size) for match in shared]),
    )


def _folded(tokens: Iterable[str]) -> list[str]:
    return [token.casefold() for token in tokens]


def _says_something(tokens: Sequence[str]) -> bool:
    """Blanks and punctuation that two texts share, or one Japanese character, are chance."""
    text = "".join(tokens)
    letters = sum(character.isalnum() for character in text)
    return letters > 1 or (letters == 1 and text.isascii())


def _marked(tokens: Sequence[str], shared: Sequence[tuple[int, int]]) -> Html:
    parts: list[str] = []
    position = 0
    for start, end in [*shared, (len(tokens), len(tokens))]:
        parts.append(_mark("".join(tokens[position:start])))
        parts.append("".join(tokens[start:end]))
        position = end
    return join(parts)


def _mark(text: str) -> str:
    if not text.strip():
        return text
    inner = text.strip()
    start = text.index(inner)
    return join([text[:start], element("mark", inner), text[start + len(inner) :]])
