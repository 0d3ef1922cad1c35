"""What is said to people, in the run's language: one format string a key, in `texts/<language>/<area>.json`.

Errors, log lines and what AWS says stay English; what a report says is here. Adding a language = one folder.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

Language = Literal["en", "ja"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
DEFAULT_LANGUAGE: Language = "en"


@dataclass(frozen=True)
class Texts:
    """The texts of one language."""

    language: Language
    by_key: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """The text `<area>.<key>` with its values put in. Raises KeyError for an unknown key or a missing value.

        Only the format string, which is ours, is read for fields: braces in a value are text.
        """
        return self.by_key[key].format(**values)


@cache
def texts(language: Language) -> Texts:
    areas = (entry for entry in files(__name__).joinpath(language).iterdir() if entry.name.endswith(".json"))
    by_area = {area.name.removesuffix(".json"): json.loads(area.read_text(encoding="utf-8")) for area in areas}
    return Texts(language, {f"{area}.{key}": text for area, found in by_area.items() for key, text in found.items()})
