"""The rules of a dataset's files, over broken, hostile and merely unusual data."""

import hashlib
import json
import tracemalloc
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from finetuning.base_models import BASE_MODELS, BaseModel, base_model
from finetuning.dataset import (
    BATCH_SIZE,
    MAX_EVALUATION_RECORDS,
    MAX_FINDINGS,
    MAX_LINE_BYTES,
    FileSummary,
    Finding,
    batches,
    check_counts,
    check_file,
    read_lines,
    render,
)
from finetuning.run_store import DATASET_FILES, DatasetFile, RunStore, dataset_key
from hypothesis import given
from hypothesis import strategies as st

HAIKU, NOVA = base_model("claude-3-haiku"), base_model("nova-lite")
USER, ASSISTANT = {"role": "user", "content": "What is it?"}, {"role": "assistant", "content": "A test."}
EVALUATION = {"question": "What is it?", "referenceAnswer": "A test.", "topic": "tests"}


def line(*messages: object, **others: object) -> bytes:
    return json.dumps({**others, "messages": messages}).encode()


def findings(content: bytes, file: DatasetFile = "training", model: str = "claude-3-haiku") -> list[Finding]:
    return check_file(file, [content], base_model(model)).findings


def cut(content: bytes, places: Sequence[int]) -> list[bytes]:
    """In chunks, as a stream may come."""
    ends = [0, *sorted(place % (len(content) + 1) for place in places), len(content)]
    return [content[start:end] for start, end in pairwise(ends)]


@pytest.mark.parametrize(
    "record",
    [
        line(USER, ASSISTANT),
        line(USER, ASSISTANT, USER, ASSISTANT, system="Be brief."),
        line(USER, ASSISTANT, system=""),
        line({"role": "user", "content": "東京は? 🙂"}, ASSISTANT),
        line({"content": "x", "role": "user"}, ASSISTANT) + b"\r",
        b'{"messages": [{"role": "user", "content": "\\ud83d\\ude42"}, {"role": "assistant", "content": "NaN"}]}',
        line({"role": "user", "content": "Human: hello"}, ASSISTANT),
    ],
)
def test_a_record_in_the_messages_format_is_accepted(record: bytes) -> None:
    summary = check_file("training", [record], HAIKU)

    assert (summary.records, summary.findings) == (1, [])
    assert summary.tokens > 0


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"not json", "json"),
        (b'{"messages": [}', "json"),
        (b"[" * 100_000, "json"),
        (b'{"messages": ' + b"9" * 5000 + b"}", "json"),
        (b" \t", "blank-line"),
        (b"\n" + line(USER, ASSISTANT), "blank-line"),
        (b"\xff" + line(USER, ASSISTANT), "utf-8"),
        (b"\xef\xbb\xbf" + line(USER, ASSISTANT), "bom"),
        (b"[]", "not-an-object"),
        (b'"text"', "not-an-object"),
        (b"null", "not-an-object"),
        (b'{"messages": NaN}', "nan"),
        (b'{"messages": -Infinity}', "nan"),
        (b'{"messages": [], "messages": []}', "duplicate-key"),
        (b'{"system": "\\ud800", "messages": []}', "surrogate"),
        (b'{"\\udfff": 1, "messages": []}', "surrogate"),
        (b"{}", "missing-key"),
        (line(USER, ASSISTANT, id=7), "unknown-key"),
        (line(USER, ASSISTANT, system=None), "system-type"),
        (line(USER, ASSISTANT, system=[{"text": "Be brief."}]), "system-type"),
        (b'{"messages": {}}', "messages"),
        (line(USER), "messages"),
        (line(USER, "A test."), "message-type"),
        (line(USER, {"role": "assistant"}), "missing-key"),
        (line(USER, {**ASSISTANT, "name": "x"}), "unknown-key"),
        (line(ASSISTANT, USER), "role"),
        (line(USER, USER), "role"),
        (line(USER, {"role": ["assistant"], "content": "x"}), "role"),
        (line({"role": "system", "content": "x"}, USER, ASSISTANT), "role"),
        (line(USER, {"role": "assistant", "content": [{"text": "x"}]}), "content-type"),
        (line(USER, {"role": "assistant", "content": 1e999}), "nan"),
        (b'{"messages": [{"role": "user", "content": 1e999}, 1]}', "content-type"),
        (line(USER, {"role": "assistant", "content": " \n"}), "content-empty"),
        (line(USER, ASSISTANT, USER), "last-role"),
        (line({"role": "user", "content": "Hi\nHuman: bye"}, ASSISTANT), "reserved"),
        (line(USER, {"role": "assistant", "content": "Hi\nAssistant: bye"}), "reserved"),
        (line(USER, ASSISTANT, system="x\nHuman: y"), "reserved"),
        (line(USER, {"role": "assistant", "content": "日" * 32_000}), "record-tokens"),
        (line(USER, {"role": "assistant", "content": "x" * MAX_LINE_BYTES}), "line-size"),
    ],
)
def test_a_line_that_breaks_a_rule_is_found_with_line_and_remedy(content: bytes, code: str) -> None:
    first, *_ = findings(content)

    assert (first.file, first.line, first.code) == ("training.jsonl", 1, code)
    assert first.message
    assert first.fix.endswith(".")
    assert str(first).startswith("training.jsonl line 1: ")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (json.dumps(EVALUATION).encode(), None),
        (json.dumps({**EVALUATION, "id": 1}).encode(), "unknown-key"),
        (json.dumps({**EVALUATION, "topic": ""}).encode(), "topic-empty"),
        (json.dumps({**EVALUATION, "question": 7}).encode(), "question-empty"),
        (b'{"question": "x", "topic": "y"}', "missing-key"),
        (line(USER, ASSISTANT), "missing-key"),
    ],
)
def test_evaluation_data_has_a_question_a_reference_answer_and_a_topic(content: bytes, code: str | None) -> None:
    assert [finding.code for finding in findings(content, "evaluation")] == ([code] if code else [])


@pytest.mark.parametrize("reserved", NOVA.reserved)
def test_what_a_model_reserves_is_refused_for_that_model_alone(reserved: str) -> None:
    record = line({"role": "user", "content": f"What does {reserved} mean?"}, ASSISTANT)

    assert [finding.code for finding in findings(record, model="nova-lite")] == ["reserved"]
    assert findings(record, model="claude-3-haiku") == []


def test_nesting_is_a_finding_however_deep_it_is() -> None:
    for depth in range(1, 1100, 3):
        nested = "[" * depth + "]" * depth
        for record in (f'{{"messages": [{{"role": {nested}, "content": "x"}}, 1]}}', f'{{"messages": {nested}}}'):
            assert len(findings(record.encode())) == 1, depth


def test_a_finding_quotes_little_of_what_it_found() -> None:
    secret = "secret " * 10_000

    for record in (line(USER, ASSISTANT, **{secret: 1}), line(USER, {"role": [secret] * 9, "content": "x"})):
        assert len(str(findings(record)[0])) < 400


def test_a_line_of_very_many_keys_is_checked_quickly() -> None:
    keys = ",".join(f'"k{number}":1' for number in range(80_000))

    assert [finding.code for finding in findings(f"{{{keys}}}".encode())] == ["missing-key"]


def test_findings_stop_but_counting_goes_on() -> None:
    content = b"broken\n" * 100 + line(USER, ASSISTANT)

    summary = check_file("training", [content], HAIKU)

    assert len(summary.findings) == MAX_FINDINGS
    assert [finding.line for finding in summary.findings] == list(range(1, MAX_FINDINGS + 1))
    assert summary.records == 101
    assert summary.tokens > 0


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
near_messages = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system"]) | json_values, "content": st.text() | json_values}
)
near_records = st.fixed_dictionaries(
    {"messages": st.lists(near_messages, max_size=4) | json_values}, optional={"system": st.text() | json_values}
)
contents = (
    st.binary(max_size=200)
    | (json_values | near_records).map(lambda value: json.dumps(value).encode())
    | (json_values | near_records).map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
)


@given(st.sampled_from(DATASET_FILES), contents, st.sampled_from(list(BASE_MODELS.values())))
def test_whatever_a_file_holds_each_line_is_a_record_or_a_finding(
    file: DatasetFile, content: bytes, model: BaseModel
) -> None:
    summary = check_file(file, [content], model)

    assert summary.records >= len(summary.findings)
    assert all(1 <= finding.line <= summary.records for finding in summary.findings)
    assert json.dumps([str(finding) for finding in summary.findings], ensure_ascii=False).encode()


@given(st.lists(contents, max_size=4).map(b"\n".join), st.lists(st.integers(0, 500), max_size=5))
def test_how_a_file_is_cut_into_chunks_changes_nothing(content: bytes, places: list[int]) -> None:
    summary = check_file("training", cut(content, places), HAIKU)

    assert summary == check_file("training", [content], HAIKU)
    assert summary.sha256 == hashlib.sha256(content).hexdigest()
    assert summary.size == len(content)


pieces = st.lists(st.sampled_from([b"\n", b"\r\n", b"\r", b"a", b"", b'{"x": 1}', b"\xff\x00"]), max_size=20)


@given(pieces.map(b"".join) | st.binary(), st.lists(st.integers(0, 500), max_size=8))
def test_lines_are_what_splitting_the_whole_gives(content: bytes, places: list[int]) -> None:
    whole = content.removesuffix(b"\n").split(b"\n") if content else []

    assert list(read_lines(cut(content, places))) == [part.removesuffix(b"\r") for part in whole]


@given(st.lists(st.integers(0, 3 * MAX_LINE_BYTES), max_size=4))
def test_a_line_over_the_limit_is_skipped_and_the_next_one_read(places: list[int]) -> None:
    content = b"first\n" + b"x" * (MAX_LINE_BYTES + 1) + b"\n" + b"y" * MAX_LINE_BYTES + b"\nlast"

    assert list(read_lines(cut(content, places))) == [b"first", None, b"y" * MAX_LINE_BYTES, b"last"]


def test_a_file_that_is_one_endless_line_is_not_held_in_memory() -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * MAX_LINE_BYTES

    tracemalloc.start()
    try:
        assert list(read_lines(endless())) == [None]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * MAX_LINE_BYTES


def summaries(training: int = 32, validation: int = 32, evaluation: int = 20) -> dict[DatasetFile, FileSummary]:
    return {
        "training": FileSummary(records=training),
        "validation": FileSummary(records=validation),
        "evaluation": FileSummary(records=evaluation),
    }


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
    ],
)
def test_numbers_of_records_are_the_models(
    counts: dict[DatasetFile, FileSummary], model: str, files: list[DatasetFile]
) -> None:
    found = check_counts(counts, base_model(model))

    assert [finding.file for finding in found] == [f"{file}.jsonl" for file in files]
    assert all(finding.code == "record-count" and finding.line == 0 for finding in found)


def test_a_file_over_the_models_size_is_found() -> None:
    counts = summaries()
    counts["validation"].size = HAIKU.limits.validation_bytes + 1

    assert [(finding.file, finding.code) for finding in check_counts(counts, HAIKU)] == [
        ("validation.jsonl", "file-size")
    ]


def test_system_prompts_tell_whether_there_is_just_one() -> None:
    one = line(USER, ASSISTANT, system="Be brief.")
    none, empty = line(USER, ASSISTANT), line(USER, ASSISTANT, system="")

    assert check_file("training", [one + b"\n" + one], HAIKU).system_prompts == {"Be brief."}
    assert check_file("training", [none + b"\n" + empty], HAIKU).system_prompts == {None}
    assert len(check_file("training", [one + b"\n" + none], HAIKU).system_prompts) == 2


def test_a_file_in_the_models_own_format_keeps_every_byte_of_its_records() -> None:
    content = b'{ "messages" : [' + json.dumps(USER).encode() + b", " + json.dumps(ASSISTANT).encode() + b"] }"

    assert b"".join(render("training", [content + b"\r\n" + content], HAIKU)) == content + b"\n" + content + b"\n"


def test_records_are_rendered_as_nova_reads_them() -> None:
    content = (
        line({"role": "user", "content": "東京は?"}, ASSISTANT, system="Be brief.") + b"\n" + line(USER, ASSISTANT)
    )

    with_system, without = [json.loads(rendered) for rendered in render("training", [content], NOVA)]

    assert with_system == {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": "Be brief."}],
        "messages": [
            {"role": "user", "content": [{"text": "東京は?"}]},
            {"role": "assistant", "content": [{"text": "A test."}]},
        ],
    }
    assert "system" not in without


@pytest.mark.parametrize("model", [HAIKU, NOVA])
def test_evaluation_data_is_the_same_for_every_model(model: BaseModel) -> None:
    content = json.dumps(EVALUATION).encode() + b"\n"

    assert b"".join(render("evaluation", [content], model)) == content


def test_a_record_with_a_carriage_return_between_its_keys_is_one_record_to_the_end(store: RunStore) -> None:
    content = json.dumps(EVALUATION).replace(", ", ",\r").encode()
    assert findings(content, "evaluation") == []

    store.write_text(dataset_key("evaluation"), b"".join(render("evaluation", [content], HAIKU)).decode(), "text/plain")

    assert store.read_jsonl(dataset_key("evaluation")) == [EVALUATION]


@given(st.integers(1, MAX_EVALUATION_RECORDS))
def test_batches_hold_every_record_once_and_in_order(records: int) -> None:
    parts = batches(records)

    assert [part["index"] for part in parts] == list(range(len(parts)))
    assert [n for part in parts for n in range(part["first"], part["first"] + part["count"])] == list(range(records))
    assert all(1 <= part["count"] <= BATCH_SIZE for part in parts)


def test_a_system_prompt_that_all_records_share_must_fit_into_the_state() -> None:
    files = summaries()
    files["training"].system_prompts.add("x" * 10_001)
    (only,) = check_counts(files, HAIKU)
    files["training"].system_prompts.add("another")

    assert (only.code, only.file) == ("system-prompt", "training.jsonl")
    assert check_counts(files, HAIKU) == []


def test_an_evaluation_record_has_a_token_limit_too() -> None:
    record = {"question": "Why?", "referenceAnswer": "because " * 40_000, "topic": "reasons"}

    (only,) = findings(json.dumps(record).encode(), "evaluation")

    assert only.code == "record-tokens"
