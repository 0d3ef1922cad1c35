"""An offline estimate of token counts."""

import math
import re

# AWS's planning figure for English (user guide, "Prepare data for fine-tuning Claude 3 models", read 2026-11).
CHARACTERS_PER_TOKEN = 6
# Kana, Han and Hangul, with their punctuation and full-width forms: about one token a character.
_ONE_TOKEN_EACH = re.compile(
    r"[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff]"
)


def estimate_tokens(text: str) -> int:
    """About how many tokens a text has: one for six characters, one for each Chinese, Japanese or Korean character."""
    wide = len(_ONE_TOKEN_EACH.findall(text))
    return wide + math.ceil((len(text) - wide) / CHARACTERS_PER_TOKEN)
