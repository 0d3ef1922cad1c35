"""What follows from the coverage of a dataset."""

from typing import Any

import pytest
from finetuning.coverage_findings import MAX_NAMED, contradictory, describe, leaked, listed, record_findings, thin_topic
from finetuning.texts import LANGUAGES, Language, texts

EN = texts("en")
NOTHING = {"count": 0, "pairs": []}
TOPICS: list[dict[str, Any]] = [
    {"topic": "agents", "questions": 1, "trainingRecords": 1},
    {"topic": "quotas", "questions": 2, "trainingRecords": 2},
    {"topic": "pricing", "questions": 3, "trainingRecords": 3},
]


def coverage(**others: object) -> dict[str, Any]:
    leaks = {"evaluation": NOTHING, "validation": NOTHING}
    return {"threshold": 0.3, "topics": TOPICS, "leaks": leaks, "contradictions": NOTHING, **others}


def pairs(count: int) -> dict[str, Any]:
    kept = [{"line": n, "otherLine": 10 * n, "similarity": 0.9} for n in range(1, min(count, 20) + 1)]
    return {"count": count, "pairs": kept}


def question(topic: str, correctness: float | None) -> dict[str, Any]:
    return {"topic": topic, "custom": {"correctness": correctness}}


def test_weak_answers_on_thin_topics_name_the_topics() -> None:
    questions = [
        question("agents", 2),
        question("quotas", 4),
        question("quotas", 4.9),
        question("pricing", 3),
        question("pricing", 5),
        question("pricing", None),
        {"topic": "quotas", "custom": None},
    ]

    found = describe(coverage(), questions, EN)

    [finding] = found["findings"]
    assert finding["code"] == "thin_topic"
    assert finding["text"].startswith(
        "Of the weak answers (below 5 of 10), 3 of 4 concern topics with at most 2 related"
    )
    assert finding["text"].endswith("add records on agents, quotas.")
    assert finding["evidence"] == {"mostRecords": 2, "topics": TOPICS[:2], "weak": 4, "weakHere": 3, "below": 5}
    assert [topic["correctness"] for topic in found["topics"]] == [2, pytest.approx(4.45), 4]
    assert found["threshold"] == 0.3


def test_a_thin_topic_whose_answers_are_good_is_no_finding() -> None:
    questions = [question("agents", 9), question("quotas", 1)]

    found = thin_topic(coverage(), questions)

    assert found is not None
    assert found.evidence["topics"] == [TOPICS[1]]
    assert thin_topic(coverage(), [question("agents", 9), question("quotas", 9), question("pricing", 1)]) is None


def test_where_every_answer_is_weak_the_topics_are_not_the_reason() -> None:
    assert thin_topic(coverage(), [question(topic["topic"], 1) for topic in TOPICS]) is None
    assert thin_topic(coverage(topics=TOPICS[:2]), [question("agents", 1), question("quotas", 1)]) is not None


def test_before_there_are_scores_every_thin_topic_is_named() -> None:
    for questions in ([], [{"topic": "agents", "custom": None}]):
        found = describe(coverage(), questions, EN)

        assert [finding["text"] for finding in found["findings"]] == [
            "Topics with at most 2 related training records: agents, quotas."
        ]
        assert {topic["correctness"] for topic in found["topics"]} == {None}


def test_leaks_and_contradictions_name_the_lines_of_the_files() -> None:
    document = coverage(leaks={"evaluation": pairs(2), "validation": pairs(1)}, contradictions=pairs(30), topics=[])

    first, second, third = record_findings(document, EN)

    assert [finding["code"] for finding in (first, second, third)] == ["leaked", "contradictory", "leaked"]
    assert "Questions of evaluation.jsonl that training.jsonl asks too" in first["text"]
    assert "2 (line → line of training.jsonl: 1 → 10, 2 → 20)" in first["text"]
    assert "30 (lines 1 → 10, 2 → 20, 3 → 30, 4 → 40, 5 → 50, 25 more)" in second["text"]
    assert third["evidence"] == {"file": "validation.jsonl", **pairs(1)}
    assert describe(document, [], EN)["findings"] == [first, second, third]


def test_a_dataset_with_nothing_wrong_has_no_findings() -> None:
    document = coverage(topics=TOPICS[2:])

    assert (leaked(document, "evaluation"), contradictory(document), thin_topic(document)) == (None, None, None)
    assert describe(document, [question("pricing", 1)], EN)["findings"] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_can_be_said_in_every_language(language: Language) -> None:
    document = coverage(leaks={"evaluation": pairs(7), "validation": pairs(1)}, contradictions=pairs(1))

    for questions in ([], [question("agents", 1)]):
        found = describe(document, questions, texts(language))
        assert [finding["code"] for finding in found["findings"]] == ["leaked", "contradictory", "leaked", "thin_topic"]


def test_many_names_are_cut_short() -> None:
    names = [str(number) for number in range(MAX_NAMED + 2)]

    assert listed(names, EN) == "0, 1, 2, 3, 4, 2 more"
    assert listed(names[:MAX_NAMED], EN) == "0, 1, 2, 3, 4"
    assert listed(["agents"], texts("ja"), 9) == "agents、ほか 4 件"
