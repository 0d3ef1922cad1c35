"""Where two answers differ: what only one of them says is marked."""

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

from finetuning.report.markup import Html, element, join

# Japanese and Chinese are written without spaces: there a character is what a word is elsewhere.
_UNSPACED = "\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f"
_WORD = re.compile(rf"[^\W{_UNSPACED}]+|.", re.DOTALL)
_SENTENCE = re.compile(r"[^.!?\u3002\uff01\uff1f\n]*.", re.DOTALL)
# Equal tokens of both texts, in pairs: what comparing has to go through. A tenth of a second; long answers stay below,
# answers that say the same words over and over do not.
_MOST_PAIRS = 30_000


def marked(base: str, custom: str) -> tuple[Html, Html]:
    """Both texts in full, with <mark> around what the other one does not say.

    By word, in Japanese by character; by sentence where there is too much to compare, and nothing is marked where even
    that is too much.
    """
    for pattern in (_WORD, _SENTENCE):
        ours, theirs = pattern.findall(base), pattern.findall(custom)
        if ours and theirs and _pairs(ours, theirs) <= _MOST_PAIRS:
            return _compared(ours, theirs)
    return join([base]), join([custom])


def _pairs(ours: Sequence[str], theirs: Sequence[str]) -> int:
    counted = Counter(theirs)
    return sum(count * counted[token] for token, count in Counter(ours).items())


def _compared(ours: Sequence[str], theirs: Sequence[str]) -> tuple[Html, Html]:
    a, b = ([token.casefold() for token in tokens] for tokens in (ours, theirs))
    blocks = SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
    shared = [
        ((at, at + size), (other, other + size))
        for at, other, size in blocks
        if _says_something(ours[at : at + size]) or (at + size, other + size) == (len(ours), len(theirs))
    ]
    return _marked(ours, [our for our, _ in shared]), _marked(theirs, [their for _, their in shared])


def _says_something(tokens: Sequence[str]) -> bool:
    """Blanks and punctuation that two texts share, or one Japanese character, are chance, but for a text's end."""
    letters = [character for character in "".join(tokens) if character.isalnum()]
    return len(letters) > 1 or (len(letters) == 1 and letters[0].isascii())


def _marked(tokens: Sequence[str], shared: Sequence[tuple[int, int]]) -> Html:
    parts: list[str] = []
    position = 0
    for start, end in [*shared, (len(tokens), len(tokens))]:
        parts += [_mark("".join(tokens[position:start])), "".join(tokens[start:end])]
        position = end
    return join(parts)


def _mark(text: str) -> str:
    """The text with <mark> around it, not around the blanks at its ends."""
    inner = text.strip()
    if not inner:
        return text
    before, after = text.split(inner, 1)
    return join([before, element("mark", inner), after])
