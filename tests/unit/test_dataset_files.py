"""What is said of a file, and of files together."""

from collections.abc import Sequence

import pytest
from finetuning.base_models import base_model
from finetuning.dataset.files import (
    MAX_EVALUATION_RECORDS,
    FileSummary,
    Findings,
    Source,
    check_file,
    check_whole_files,
)
from finetuning.dataset.records import Record
from finetuning.run_store import DATASET_FILES, DatasetFile

from tests.unit.dataset_records import ASSISTANT, HAIKU, LLAMA, NOVA, RIGHT, USER, check, line


def test_findings_stop_but_counting_goes_on() -> None:
    summary = check(b"broken\n" * 100 + b" " + RIGHT + b"\n", most_findings=20)

    *errors, warning, more = summary.found.listed()
    assert [finding.line for finding in errors] == list(range(1, 21))
    assert (warning.code.name, warning.line) == ("surrounding-space", 101)
    assert (more.code.name, more.severity, more.line) == ("more-errors", "error", 0)
    assert "80 more" in more.message
    assert summary.records == 101


def test_warnings_are_counted_apart() -> None:
    found = check((b" " + RIGHT + b"\n") * 5, most_findings=2).found.listed()

    assert [finding.code.name for finding in found] == ["surrounding-space"] * 2 + ["more-warnings"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (RIGHT + b"\r\n" + RIGHT + b"\r\n", [("crlf", 0)]),
        (RIGHT + b"\n" + RIGHT + b"\r\n", [("crlf", 0)]),
        (RIGHT + b"\n" + RIGHT, [("no-final-newline", 2)]),
        (RIGHT + b"\r\n" + RIGHT, [("crlf", 0), ("no-final-newline", 2)]),
        (RIGHT + b"\r", [("surrounding-space", 1), ("no-final-newline", 1)]),
        (b"\n", [("blank-line", 1)]),
        (b"", []),
    ],
)
def test_how_lines_end_is_a_warning(content: bytes, said: list[tuple[str, int]]) -> None:
    assert [(finding.code.name, finding.line) for finding in check(content).found.listed()] == said


def test_the_first_line_that_ends_in_cr_lf_is_named() -> None:
    (found,) = check((RIGHT + b"\n") * 700 + RIGHT + b"\r\n" + RIGHT + b"\n").found.listed()

    assert found.message == "lines that end in CR LF: 1, the first is line 701"


def test_records_without_errors_are_seen_with_their_lines() -> None:
    seen: list[int] = []

    def see(first: int, records: Sequence[Record]) -> None:
        seen.extend(range(first, first + len(records)))

    content = RIGHT + b"\nbroken\n " + RIGHT + b"\n" + RIGHT + b"\n"
    check_file("training", Source("x", lambda: [content]), HAIKU, most_findings=1, see=see)

    assert seen == [1, 3, 4]


def test_system_prompts_tell_whether_there_is_just_one() -> None:
    one = line(USER, ASSISTANT, system="Be brief.")
    none, empty = RIGHT, line(USER, ASSISTANT, system="")

    assert check(one + b"\n" + one).system_prompts == {"Be brief."}
    assert check(none + b"\n" + empty).system_prompts == {None}
    assert len(check(one + b"\n" + none + b"\n" + line(USER, ASSISTANT, system="3")).system_prompts) == 2


def summaries(**records: int) -> dict[DatasetFile, FileSummary]:
    """Of a dataset that is right, but for these numbers of records."""
    counts = {"training": 32, "validation": 32, "evaluation": 20, **records}
    return {kind: FileSummary(Findings(f"{kind}.jsonl", 20), records=counts[kind]) for kind in DATASET_FILES}


@pytest.mark.parametrize(
    ("counts", "model", "files"),
    [
        (summaries(), "claude-3-haiku", []),
        (summaries(training=31), "claude-3-haiku", ["training"]),
        (summaries(validation=31), "claude-3-haiku", ["validation"]),
        (summaries(evaluation=0), "claude-3-haiku", ["evaluation"]),
        (summaries(evaluation=MAX_EVALUATION_RECORDS), "claude-3-haiku", []),
        (summaries(evaluation=MAX_EVALUATION_RECORDS + 1), "claude-3-haiku", ["evaluation"]),
        (summaries(training=9_000, validation=1_000), "claude-3-haiku", []),
        (summaries(training=9_001, validation=1_000), "claude-3-haiku", ["training"]),
        (summaries(training=10_001, validation=1_001), "claude-3-haiku", ["training", "validation", "training"]),
        (summaries(training=0, validation=0, evaluation=0), "claude-3-haiku", ["training", "validation", "evaluation"]),
        (summaries(training=8, validation=1), "nova-micro", []),
        (summaries(training=7, validation=0), "nova-micro", ["training", "validation"]),
        (summaries(training=100, validation=1), "llama3-1-8b", []),
        (summaries(training=99), "llama3-1-8b", ["training"]),
        (summaries(training=10_000, validation=1), "llama3-1-70b", ["training"]),
    ],
)
def test_numbers_of_records_are_the_models(
    counts: dict[DatasetFile, FileSummary], model: str, files: list[DatasetFile]
) -> None:
    found = check_whole_files(counts, base_model(model))

    assert [finding.file for finding in found] == [f"{file}.jsonl" for file in files]
    assert all(finding.code.name == "record-count" and finding.line == 0 for finding in found)


def test_a_system_prompt_that_will_stand_in_front_of_the_question_is_a_warning_once() -> None:
    told = [line({**USER, "content": f"{number}?"}, ASSISTANT, system="Be brief.") for number in range(3)]
    summary = check(b"".join(record + b"\n" for record in told))

    (found,) = [each for each in check_whole_files({"training": summary}, LLAMA) if each.severity == "warning"]

    assert (found.code.name, found.line) == ("system-in-front", 0)
    for content, model in ((RIGHT, LLAMA), (told[0], HAIKU), (told[0], NOVA)):
        findings = check_whole_files({"training": check(content)}, model)
        assert [each for each in findings if each.severity == "warning"] == []


def test_files_that_are_not_given_are_not_missed() -> None:
    assert check_whole_files({"validation": summaries()["validation"]}, HAIKU) == []


def test_a_file_over_the_models_size_is_found() -> None:
    files = summaries()
    files["validation"].size = HAIKU.limits.validation_bytes + 1

    assert [(finding.file, finding.code.name) for finding in check_whole_files(files, HAIKU)] == [
        ("validation.jsonl", "file-size")
    ]


def test_few_questions_are_a_warning() -> None:
    (found,) = check_whole_files(summaries(evaluation=19), HAIKU)

    assert (found.code.name, found.severity) == ("few-evaluation-records", "warning")


def test_a_system_prompt_that_all_records_share_must_fit_into_the_state() -> None:
    files = summaries()
    files["training"].system_prompts.add("x" * 10_001)
    (long,) = check_whole_files(files, HAIKU)
    files["training"].system_prompts.add("another")
    (differing,) = check_whole_files(files, HAIKU)

    assert (long.code.name, long.file, long.severity) == ("system-prompt", "training.jsonl", "error")
    assert (differing.code.name, differing.severity) == ("system-prompts-differ", "warning")
