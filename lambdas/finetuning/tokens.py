"""An offline estimate of token counts.

Bedrock's tokenizers are not public. The weights were fitted to the last one that Anthropic published (npm's
@anthropic-ai/tokenizer 0.0.4, of a Claude older than the base models), on English, Japanese, code and JSON;
tests/unit/test_tokens.py holds the estimate against it. AWS's planning figure, six characters a token, is a quarter
too low for English there, and says nothing of Japanese.
"""

import re

# How far the estimate for a thousand tokens or more of English, Japanese or code is off that tokenizer at most.
# By how much the base models' own tokenizers differ from it is not known.
TOKEN_ERROR = 0.15

# In hundredths of a token: a word, each of its letters, other visible ASCII, and so on.
_WORD, _LETTER, _ASCII, _LINE_END, _KATAKANA, _EMOJI, _OTHER = 60, 11, 70, 140, 75, 250, 120
MOST_TOKENS_PER_CHARACTER = _EMOJI / 100

_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_NOT_LETTERS = bytes(set(range(256)) - set(_LETTERS))
_SPACED = bytes(byte if byte in _LETTERS else ord(" ") for byte in range(256))
_INVISIBLE = bytes([*range(33), 127])
_IS_KATAKANA = re.compile("[\u30a0-\u30ff\uff66-\uff9f]")
_IS_EMOJI = re.compile("[\U0001f000-\U0001faff]")


def estimate_tokens(text: str) -> int:
    """About how many tokens a text has; at least one, unless it is empty."""
    replaced = text.encode("ascii", "replace")
    letters, visible = len(replaced.translate(None, _NOT_LETTERS)), len(replaced.translate(None, _INVISIBLE))
    words = len(replaced.translate(_SPACED).split())
    hundredths = _WORD * words + _LETTER * letters + _ASCII * (visible - letters) + _LINE_END * text.count("\n")
    if not text.isascii():
        wide = len(text) - len(text.encode("ascii", "ignore"))
        katakana, emoji = len(_IS_KATAKANA.findall(text)), len(_IS_EMOJI.findall(text))
        hundredths += (_KATAKANA - _ASCII) * katakana + (_EMOJI - _ASCII) * emoji
        hundredths += (_OTHER - _ASCII) * (wide - katakana - emoji)
    return max(-(-hundredths // 100), min(len(text), 1))
