"""Does a passage that a model quotes really stand in a text?"""

import re
import unicodedata

# Shorter ones stand everywhere, and support nothing.
MIN_CHARACTERS = 10
# Quotation marks that models and typesetters exchange, and the marks of emphasis and code in Markdown.
_MARKS = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "*": "", "_": "", "`": ""})
# A word that is divided at the end of a line, as in a PDF; between digits and at their start a hyphen means something.
_DIVISION = re.compile(r"(?<=[^\W\d])[-\u00ad\u2010]\s*(?=[^\W\d])")


def normalized(text: str) -> str:
    """The text without what its layout adds: width, white space, hyphens inside words, marks of emphasis."""
    plain = unicodedata.normalize("NFKC", text).translate(_MARKS)
    return "".join(_DIVISION.sub("", plain).split())


def stands_in(passage: str, normalized_text: str) -> bool:
    """normalized_text: of `normalized`, made once for many passages."""
    wanted = normalized(passage)
    return len(wanted) >= MIN_CHARACTERS and wanted in normalized_text
