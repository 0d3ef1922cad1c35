"""What people and models wrote to each question, as it stands on the page.

In full; where the page would be too large, the longest of it is shortened, visibly and on the page only.
"""

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finetuning.report.completed import MODELS
from finetuning.report.differences import marked
from finetuning.report.formatting import number
from finetuning.report.markup import Html, element, escape, join
from finetuning.texts import Texts

_MARK = re.compile("</?mark>")
_END_OF_MARK = "</mark>"
# A tag or an entity that was cut in two.
_BROKEN = re.compile("(?:&[^;]*|<[^>]*)$")
# What the page says about shortened texts takes no more than this.
_NOTICE_BYTES = 1_000


@dataclass(frozen=True)
class Written:
    """texts: of each question, by name: "question", "reference", and of each model `model` and `model reason`.

    They are escaped text, with nothing but <mark> in it. shortened: how many of them are.
    """

    texts: Sequence[Mapping[str, Html]]
    shortened: int = 0


def answering_models(result: Mapping[str, Any]) -> list[str]:
    """Not one that answered nothing, since the run ended before."""
    return [model for model in MODELS if any(question.get(model) for question in result.get("questions") or [])]


def written(result: Mapping[str, Any], say: Texts) -> Written:
    """Everything in full, with what only one of two answers says marked."""
    models = answering_models(result)
    return Written([_texts(question, models, say) for question in result.get("questions") or []])


def _texts(question: Mapping[str, Any], models: Sequence[str], say: Texts) -> Mapping[str, Html]:
    answers = {model: question.get(model) or {} for model in models}
    given = {model: str(answer.get("answer") or "") for model, answer in answers.items()}
    if len(models) == len(MODELS):
        shown = dict(zip(MODELS, marked(given["base"], given["custom"]), strict=True))
    else:
        shown = {model: escape(text) for model, text in given.items()}
    return {
        "question": escape(question.get("question") or ""),
        "reference": escape(question.get("referenceAnswer") or ""),
        **{model: text or escape(say("report.questions.empty")) for model, text in shown.items()},
        **{f"{model} reason": escape(answer.get("reason") or "") for model, answer in answers.items()},
    }


def shortened(whole: Written, excess: int, say: Texts) -> Written:
    """By so many bytes in sum: the longest texts end at the same length."""
    texts = [text for of in whole.texts for text in of.values()]
    sizes = [len(text.encode()) for text in texts]
    # No note on what is left out is longer than one on everything.
    note = len(_note(sum(sizes), say).encode())
    level = _level(sizes, sum(sizes) - excess - _NOTICE_BYTES)
    left = iter(
        text if size <= level else _cut(text, level - note, say) for text, size in zip(texts, sizes, strict=True)
    )
    shown = [{name: next(left) for name in of} for of in whole.texts]
    return Written(shown, shortened=sum(size > level for size in sizes))


def _level(sizes: Iterable[int], room: int) -> int:
    """The largest that each may have for all of them to have no more than `room`; the shortest take theirs first."""
    ascending = sorted(sizes)
    for place, size in enumerate(ascending):
        fair = room // (len(ascending) - place)
        if size > fair:
            return max(0, fair)
        room -= size
    return ascending[-1] if ascending else 0


def _cut(text: Html, most_bytes: int, say: Texts) -> Html:
    kept = text.encode()[: max(0, most_bytes - len(_END_OF_MARK))].decode(errors="ignore")
    kept = _BROKEN.sub("", kept)
    if kept.count("<mark>") > kept.count(_END_OF_MARK):
        kept += _END_OF_MARK
    return join([Html(kept), _note(_length(text) - _length(kept), say)])


def _length(text: str) -> int:
    return len(html.unescape(_MARK.sub("", text)))


def _note(left_out: int, say: Texts) -> Html:
    return element("span", say("report.questions.leftOut", n=number(left_out)), class_="left-out")
