"""What the page says in the result's language."""

from collections.abc import Mapping
from typing import Any

from finetuning.report.markup import Html, escape
from finetuning.texts import DEFAULT_LANGUAGE, LANGUAGES, Texts, texts


def texts_of(result: Mapping[str, Any]) -> Texts:
    """A document without a language that we know is shown in the default one."""
    language = result.get("language")
    return texts(language if language in LANGUAGES else DEFAULT_LANGUAGE)


def named(say: Texts, kind: str, name: object) -> str:
    """What a name of the document is called on the page (`named(say, "metric", "chrf")`); unknown names as they are."""
    return say.by_key.get(f"report.{kind}.{name}", str(name))


def sentence(say: Texts, key: str, **values: str) -> Html:
    """A text whose values may be markup; what is none is escaped."""
    parts = {name: value if isinstance(value, Html) else escape(value) for name, value in values.items()}
    return Html(escape(say.by_key[key]).format(**parts))
