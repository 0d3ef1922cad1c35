"""The findings on what a dataset says, all of them warnings: its format is the business of the other rules."""

import json
from collections.abc import Mapping

from finetuning.dataset.codes import Code


def _record(question: str, answer: str) -> bytes:
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return json.dumps({"messages": messages}, ensure_ascii=False).encode() + b"\n"


_RECORD = _record("How long may I return it?", "Within 30 days.")

DUPLICATE = Code(
    "duplicate",
    "warning",
    "A record is another one of the file again, but for case, width and punctuation.",
    _RECORD + _RECORD,
    "Remove one of them.",
)
NEAR_DUPLICATE = Code(
    "near-duplicate",
    "warning",
    "A record asks what another one of the file asks, in nearly the same words.",
    _RECORD + _record("How long can I return it?", "You have 30 days."),
    "Remove one of them, unless a single word makes them two questions.",
)
LEAK = Code(
    "leak",
    "warning",
    "A question of one file is one of another file too, perhaps reworded: an answer that was learnt by heart says "
    "nothing about new questions.",
    "training data and evaluation data with one question in common",
    "Remove it from one of the files.",
)
CONTRADICTION = Code(
    "contradiction",
    "warning",
    "One question has two answers, which differ: other words, or other numbers.",
    _RECORD + _record("How long may I return it?", "Within 14 days."),
    "Keep the right answer, unless a single word makes them two questions.",
)
ANSWER_LENGTH = Code(
    "answer-length",
    "warning",
    "An answer is much longer or shorter than the rest of the file's.",
    "40 answers of a sentence or two, and one of a page",
    "See whether it is cut off, or two records in one.",
)
STRAY_LANGUAGE = Code(
    "stray-language",
    "warning",
    "A few records are in another language than the rest of the dataset.",
    "40 records in English and one in German",
    "Remove it, or add more in its language.",
)
ANSWER_LANGUAGE = Code(
    "answer-language",
    "warning",
    "An answer is in another language than its question, unlike those of the file's other records.",
    _record("How long may I return it, and what do I need for that?", "三十日以内です。レシートをお持ちください。"),
    "Answer in the language of the question.",
)
SECRET = Code(
    "secret",
    "warning",
    "A text holds what looks like a password or a key: a model may repeat it to anybody.",
    _record("How do I log in?", "The password is T0psecret-2026."),
    "Remove it from the data, and change it wherever it is in use.",
)
PERSONAL_DATA = Code(
    "personal-data",
    "warning",
    "A text holds what looks like a person's: an e-mail address, or the number of a phone, card, account or identity.",
    _record("Whom do I ask?", "Ask jane.roe@mailbox.org."),
    "Remove it, or put an invented one in its place, such as one at example.com.",
)
THIN_TOPIC = Code(
    "thin-topic",
    "warning",
    "A topic of the evaluation data has few training records that are related to its questions.",
    "ten questions about prices, and no training record about them",
    "Add training records on the topic.",
)

QUALITY_CODES: Mapping[str, Code] = {each.name: each for each in list(globals().values()) if isinstance(each, Code)}
