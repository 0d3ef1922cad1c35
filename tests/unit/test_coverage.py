"""What training data holds on the evaluation questions, measured."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from finetuning.coverage import MAX_PAIRS, RELATED, Example, measure, read_examples
from finetuning.repetition import SAME_QUESTION

FOLDER = Path(__file__).parents[2] / "datasets" / "bedrock-faq"
# Facts about nothing that the tests ask for.
OTHERS = [
    Example("When is the shop open?", "From nine to five, except on Sundays."),
    Example("Which colours does the bag have?", "It comes in green and in blue."),
    Example("配送には何日かかりますか。", "通常は三日以内にお届けします。"),
    Example("Who makes the shoes?", "A family business in Porto makes them by hand."),
]
RETURNS = Example("How long may I return a purchase?", "You can return it within 30 days, with the receipt.")


def examples(file: str) -> list[Example]:
    return list(read_examples([(FOLDER / f"{file}.jsonl").read_bytes()]))


def card_counts() -> dict[str, int]:
    """Training records by topic, from the data card."""
    lines = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return {row[0]: int(row[1]) for row in rows if len(row) == 7 and row[1].isdecimal()}


def test_records_of_every_kind_are_read() -> None:
    records = [
        {"messages": [{"role": "user", "content": "A?"}, {"role": "assistant", "content": "B."}], "system": "Be kind."},
        {
            "messages": [
                {"role": role, "content": text} for role, text in zip(["user", "assistant"] * 2, "ABCD", strict=True)
            ]
        },
        {"question": "Q?", "referenceAnswer": "R.", "topic": "t"},
    ]
    file = "".join(f"{json.dumps(record)}\n" for record in records).encode()

    assert list(read_examples([file[:10], file[10:]])) == [
        Example("A?", "B.", system="Be kind.", line=1),
        Example("A\nB\nC", "D", turns=3, line=2),
        Example("Q?", "R.", "t", line=3),
    ]


def test_a_question_is_covered_by_the_records_that_tell_its_answer() -> None:
    evaluation = [
        Example("Until when can I bring a purchase back?", "You can return it within 30 days.", "returns"),
        Example("Do you repair watches?", "No, only jewellery.", "repairs"),
        Example("✉", "✉", "mail"),
    ]

    found = measure([*OTHERS, RETURNS], [], evaluation)

    covered, uncovered, unlike = found["questions"]
    assert (covered["records"], covered["line"]) == (1, 5)
    assert RELATED < covered["similarity"] < 1
    assert uncovered["records"] == 0
    assert uncovered["similarity"] < RELATED
    assert unlike == {"records": 0, "similarity": 0, "line": None}
    assert found["topics"] == [
        {"topic": "returns", "questions": 1, "trainingRecords": 1},
        {"topic": "repairs", "questions": 1, "trainingRecords": 0},
        {"topic": "mail", "questions": 1, "trainingRecords": 0},
    ]


def test_a_record_counts_once_for_a_topic_however_many_questions_it_is_related_to() -> None:
    evaluation = [
        Example("Until when can I bring a purchase back?", "You can return it within 30 days.", "returns"),
        Example("What must I show to return a purchase?", "Return it with the receipt.", "returns"),
    ]

    found = measure([*OTHERS, RETURNS], [], evaluation)

    assert [question["records"] for question in found["questions"]] == [1, 1]
    assert found["topics"] == [{"topic": "returns", "questions": 2, "trainingRecords": 1}]


def test_the_shipped_datasets_topics_have_about_as_many_records_as_its_card_says() -> None:
    found = measure(examples("training"), examples("validation"), examples("evaluation"))

    counted = {topic["topic"]: topic["trainingRecords"] for topic in found["topics"]}
    told = card_counts()
    assert counted.keys() == told.keys()
    # Measured: 6 records off in 135.
    assert max(abs(counted[topic] - told[topic]) for topic in told) <= 1
    assert [topic for topic, records in counted.items() if records <= 2] == ["agents"]
    assert counted["agents"] == 1
    # Each question's answer is told by one to three records, the Japanese ones too.
    assert all(1 <= question["records"] <= 4 for question in found["questions"])


def test_the_shipped_dataset_neither_leaks_nor_contradicts_itself() -> None:
    found = measure(examples("training"), examples("validation"), examples("evaluation"))

    nothing = {"count": 0, "pairs": []}
    assert (found["leaks"], found["contradictions"]) == ({"evaluation": nothing, "validation": nothing}, nothing)


@pytest.mark.parametrize(
    "reworded",
    [
        "How long am I charged for a Provisioned Throughput that nobody uses?",
        "How long will I be charged for a Provisioned Throughput nobody uses?",
        "how long am i charged for a provisioned throughput that nobody uses",
        "Please: how long am I charged for a Provisioned Throughput which nobody uses?",
        "誰も使わないプロビジョンドスループットはいつまで課金されますか?",
        "キャッシュされたプロンプトのデフォルト有効期限は、何分でしょうか?",
    ],
)
def test_a_leaked_question_is_found_although_it_is_lightly_reworded(reworded: str) -> None:
    training = [*examples("training"), Example(reworded, "Until it is deleted.")]

    found = measure(training, examples("validation"), examples("evaluation"))

    [pair] = found["leaks"]["evaluation"]["pairs"]
    asked = examples("evaluation")[pair["line"] - 1].question
    assert asked.startswith(("How long am I charged", "誰も使っていない", "キャッシュされた"))
    assert pair["otherLine"] == len(training)
    assert pair["similarity"] >= SAME_QUESTION


def test_validation_records_that_are_training_records_are_found() -> None:
    found = measure([*OTHERS, RETURNS], [RETURNS], [Example("Do you repair?", "No.", "repairs")])

    assert found["leaks"]["validation"] == {"count": 1, "pairs": [{"line": 1, "otherLine": 5, "similarity": 1.0}]}
    assert found["leaks"]["evaluation"]["count"] == 0


def contradictions(*training: Example) -> list[tuple[int, int]]:
    found = measure([*OTHERS, *training], [], [Example("Do you repair?", "No.", "repairs")])["contradictions"]
    assert found["count"] == len(found["pairs"])
    return [(pair["line"], pair["otherLine"]) for pair in found["pairs"]]


@pytest.mark.parametrize(
    ("answer", "contradicts"),
    [
        ("You can return it within 30 days, with the receipt.", False),
        ("Within 30 days you can return it; bring the receipt.", False),
        ("You can return it within 14 days, with the receipt.", True),
        ("You can return it within \uff13\uff10 days, with the receipt.", False),
        ("Never: sales are final.", True),
    ],
)
def test_the_same_question_with_another_answer_is_a_contradiction(answer: str, contradicts: bool) -> None:
    again = Example("How long may I return my purchase?", answer)

    assert contradictions(RETURNS, again) == ([(6, 5)] if contradicts else [])


def test_questions_that_differ_in_a_number_are_different_questions() -> None:
    one, other = (Example(f"What does model {number} of the bag cost?", f"It costs ${number}0.") for number in (3, 4))

    assert contradictions(one, other) == []
    assert contradictions(one, Example(one.question, other.answer)) == [(6, 5)]


def test_a_record_is_compared_with_every_one_before_it_that_asks_the_same() -> None:
    never = Example(RETURNS.question, "Never: sales are final.")

    assert contradictions(RETURNS, RETURNS, never, RETURNS, never) == [(7, 5), (8, 7), (9, 5)]
    # The most similar question before the last has the same answer, another one has not.
    otherwise = Example("How long may I return my purchase?", never.answer)
    assert sorted(contradictions(otherwise, RETURNS, RETURNS)) == [(6, 5), (7, 5)]


def test_a_leak_is_found_behind_a_more_similar_question_with_another_number() -> None:
    asked = Example("What does model 3 of the bag cost in the shop?", "It costs $30.")
    nearer = Example("What does model 4 of the bag cost in the shop?", "It costs $40.")
    leaked = Example("So what does model 3 of the bag cost in the shops?", "It costs $30.")

    found = measure([*OTHERS, nearer, leaked], [asked], [Example("Do you repair?", "No.", "repairs")])

    assert [(pair["line"], pair["otherLine"]) for pair in found["leaks"]["validation"]["pairs"]] == [(1, 6)]


def test_a_question_in_quite_other_words_is_a_leak_where_its_answer_was_copied() -> None:
    reworded = Example("For how long is the return of a purchase possible?", RETURNS.answer)
    unlike = Example("Which colours are there?", RETURNS.answer)
    short = Example(reworded.question, "Within 30 days.")

    for asked, answer, leaks in (
        (reworded, RETURNS.answer, 1),
        (unlike, RETURNS.answer, 0),
        (short, "Within 30 days.", 0),
    ):
        found = measure([*OTHERS, Example(RETURNS.question, answer)], [asked], [Example("Repairs?", "No.", "repairs")])
        assert found["leaks"]["validation"]["count"] == leaks, asked


def test_many_pairs_are_counted_and_the_most_similar_are_kept() -> None:
    many = [Example(f"{name} ask: may I return it?", "No.") for name in ("Ann", "Bob", "Cem", "Dee", "Eve") * 6]

    found = measure([*OTHERS, *many], many, [Example("Do you repair?", "No.", "repairs")])["leaks"]["validation"]

    assert (found["count"], len(found["pairs"])) == (len(many), MAX_PAIRS)


def test_a_japanese_question_is_covered_by_japanese_records() -> None:
    evaluation = [Example("商品は何日で届きますか。", "通常は三日以内にお届けします。", "shipping")]

    [found] = measure([*OTHERS, RETURNS], [], evaluation)["questions"]

    assert (found["records"], found["line"]) == (1, 3)


def test_the_largest_dataset_fits_into_a_lambda_function() -> None:
    """There are 15 minutes and 1,769 MB. Measured: 8 s, and 220 to 544 MB."""
    # A process of its own, since what is measured is the process's peak.
    load = Path(__file__).parents[1] / "bench" / "coverage_load.py"
    done = subprocess.run([sys.executable, load], capture_output=True, check=True)

    took = json.loads(done.stdout)
    assert took["seconds"] < 180
    assert took["megabytes"] < 1_769
