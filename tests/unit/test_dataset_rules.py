"""The rules of a line, over broken, hostile and merely unusual data."""

import json

import pytest
from finetuning.base_models import BASE_MODELS, base_model
from finetuning.dataset.lines import MAX_LINE_BYTES
from finetuning.tokens import TOKEN_ERROR

from tests.unit.dataset_records import ASSISTANT, EVALUATION, NOVA, RIGHT, USER, codes_of, findings, line


def asked(content: object) -> bytes:
    return line({"role": "user", "content": content}, ASSISTANT)


@pytest.mark.parametrize(
    "record",
    [
        RIGHT,
        line(USER, ASSISTANT, USER, ASSISTANT, system="Be brief."),
        asked("東京は? 🙂"),
        line({"content": "x", "role": "user"}, ASSISTANT),
        line(USER, ASSISTANT).replace(b", ", b",\r\t "),
        b'{"messages": [{"role": "user", "content": "\\ud83d\\ude42"}, {"role": "assistant", "content": "NaN"}]}',
        asked("Human: hello"),
        asked('She said "no", and \\ is a backslash.'),
        asked('}\n{ "role": "user" }'),
    ],
)
def test_of_a_record_in_the_messages_format_there_is_nothing_to_say(record: bytes) -> None:
    assert findings(record) == []


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        (b"not json", ["json"]),
        (b'{"messages": [}', ["json"]),
        (RIGHT[:-1], ["json"]),
        (RIGHT + b" " + RIGHT, ["json"]),
        (b"[" * 100_000, ["json"]),
        (b'{"messages": ' + b"9" * 5000 + b"}", ["json"]),
        (b" \t", ["blank-line"]),
        (b"\n" + RIGHT, ["blank-line"]),
        (RIGHT + b"\n\n" + RIGHT, ["blank-line"]),
        (b"\xff" + RIGHT, ["utf-8"]),
        (RIGHT.replace(b"test", b"te\xffst"), ["utf-8"]),
        (line(USER, USER).replace(b"What", b"\x83e"), ["utf-8", "alternation", "last-role"]),
        (b"\xef\xbb\xbf" + RIGHT, ["bom"]),
        (RIGHT.decode().encode("utf-16"), ["nul", "utf-8"]),
        (RIGHT.replace(b"test", b"te\0st"), ["nul"]),
        (asked("te\0st"), ["nul-text"]),
        (RIGHT + b" ", ["surrounding-space"]),
        (b"[]", ["not-an-object"]),
        (b'"text"', ["not-an-object"]),
        (b"null", ["not-an-object"]),
        (b"NaN", ["nan", "not-an-object"]),
        (b'{"messages": -Infinity}', ["nan", "messages"]),
        (b'{"messages": [], "messages": []}', ["duplicate-key", "messages"]),
        (RIGHT.replace(b'"role": "user"', b'"role": "user", "role": "user"'), ["duplicate-key"]),
        (RIGHT.replace(b'"role": "user"', b'"role": "user", "r\\u006fle": "user"'), ["duplicate-key"]),
        (asked("x").replace(b'"x"', b'"\\ud800"'), ["surrogate"]),
        (b'{"\\udfff": 1, "messages": []}', ["surrogate", "unknown-key", "messages"]),
        (b"{}", ["missing-key"]),
        (line(USER, ASSISTANT, id=7), ["unknown-key"]),
        (line(USER, ASSISTANT, system=None), ["system-type"]),
        (line(USER, ASSISTANT, system=[{"text": "Be brief."}]), ["system-type"]),
        (line(USER, ASSISTANT, system=" "), ["system-empty"]),
        (b'{"messages": {}}', ["messages"]),
        (b'{"messages": null}', ["messages"]),
        (line(USER), ["messages"]),
        (line(USER, "A test."), ["message-type"]),
        (line(USER, {"role": "assistant"}), ["missing-key"]),
        (line(USER, {"content": "x"}), ["missing-key"]),
        (line(USER, {**ASSISTANT, "name": "x"}), ["unknown-key"]),
        (line(ASSISTANT, USER), ["first-role", "last-role"]),
        (line(USER, USER, ASSISTANT), ["alternation"]),
        (line(USER, ASSISTANT, ASSISTANT), ["alternation"]),
        (line(USER, ASSISTANT, USER), ["last-role"]),
        (line(USER, {"role": ["assistant"], "content": "x"}), ["role"]),
        (line({"role": "human", "content": "x"}, ASSISTANT), ["role"]),
        (line(USER, {"role": None, "content": "x"}), ["role"]),
        (line({"role": "system", "content": "x"}, USER, ASSISTANT), ["system-message"]),
        (asked(7), ["content-type"]),
        (asked(None), ["content-type"]),
        (asked({"text": "x"}), ["content-type"]),
        (asked(1e999), ["nan", "content-type"]),
        (asked(7).replace(b"7", b"1e999"), ["content-type"]),
        (asked([{"text": "x"}]), ["content-blocks"]),
        (asked([{"type": "text", "text": "x"}, {"type": "text", "text": "y"}]), ["content-blocks"]),
        (asked([]), ["content-blocks"]),
        (asked([{"type": "text", "text": "x"}, {"type": "image", "source": {}}]), ["unsupported-block"]),
        (asked([{"type": "tool_result", "tool_use_id": "1"}]), ["unsupported-block"]),
        (asked([{"image": {"format": "png"}}]), ["unsupported-block"]),
        (asked([{"toolUse": {}}]), ["unsupported-block"]),
        (asked(" \n"), ["content-empty"]),
        (asked("\u3000"), ["content-empty"]),
        (asked(""), ["content-empty"]),
        (asked("Hi\nHuman: bye"), ["reserved"]),
        (asked("Hi\nHuman: bye").replace(b"\\n", b"\\u000a"), ["reserved"]),
        (asked("Hi\nHuman: bye").replace(b"Human", b"\\u0048uman"), ["reserved"]),
        (line(USER, {"role": "assistant", "content": "Hi\nAssistant: bye"}, system="x\nHuman: y"), ["reserved"] * 2),
        (b'{"prompt": "x", "completion": "y"}', ["record-format"]),
        (b'{"schemaVersion": "bedrock-conversation-2024", "messages": []}', ["record-format"]),
        (json.dumps(EVALUATION).encode(), ["record-format"]),
        (asked("x" * MAX_LINE_BYTES), ["line-size"]),
        (
            line({"role": "human", "content": 7, "id": 1}, "x", system=3, extra=[]),
            ["unknown-key", "system-type", "unknown-key", "role", "content-type", "message-type"],
        ),
    ],
)
def test_everything_that_is_wrong_with_a_line_is_found(content: bytes, codes: list[str]) -> None:
    found = findings(content)

    assert [finding.code.name for finding in found] == codes
    for finding in found:
        assert finding.file == "training.jsonl"
        assert 1 <= finding.line <= content.count(b"\n") + 1
        assert finding.message[0].islower()
        assert finding.fix.endswith((".", ")."))
        assert str(finding).startswith(f"training.jsonl line {finding.line}: ")


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        (json.dumps(EVALUATION).encode(), []),
        (json.dumps({**EVALUATION, "id": 1}).encode(), ["unknown-key"]),
        (json.dumps({**EVALUATION, "topic": ""}).encode(), ["content-empty"]),
        (json.dumps({**EVALUATION, "question": 7, "referenceAnswer": []}).encode(), ["content-type", "content-blocks"]),
        (b'{"question": "x", "topic": "y"}', ["missing-key"]),
        (b'{"question": "x", "question": "x", "referenceAnswer": "z", "topic": "y"}', ["duplicate-key"]),
        (RIGHT, ["record-format"]),
        (json.dumps({**EVALUATION, "question": "because " * 40_000}).encode(), ["record-tokens"]),
    ],
)
def test_evaluation_data_has_a_question_a_reference_answer_and_a_topic(content: bytes, codes: list[str]) -> None:
    assert codes_of(content, "evaluation") == codes


@pytest.mark.parametrize("reserved", NOVA.reserved)
def test_what_a_model_reserves_is_refused_for_that_model_alone(reserved: str) -> None:
    record = asked(f"What does {reserved} mean?")

    assert codes_of(record, model="nova-lite") == ["reserved"]
    assert codes_of(record, model="claude-3-haiku") == []


def test_several_turns_are_refused_for_a_model_of_one_prompt_and_completion() -> None:
    record = line(USER, ASSISTANT, USER, ASSISTANT)

    (found,) = findings(RIGHT + b"\n" + record, model="llama3-1-8b")

    assert (found.line, found.code.name) == (2, "several-turns")
    assert "4; Llama 3.1 8B Instruct takes two" in found.message
    assert codes_of(record, model="llama3-3-70b") == codes_of(record) == []


@pytest.mark.parametrize(
    ("share", "codes"),
    [
        (1 - TOKEN_ERROR - 0.01, []),
        (1 - TOKEN_ERROR + 0.01, ["near-record-tokens"]),
        (1 + TOKEN_ERROR - 0.01, ["near-record-tokens"]),
        (1 + TOKEN_ERROR + 0.01, ["record-tokens"]),
    ],
)
@pytest.mark.parametrize("model", BASE_MODELS)
def test_near_the_limit_of_tokens_the_estimate_cannot_tell(share: float, codes: list[str], model: str) -> None:
    tokens = base_model(model).limits.tokens_per_record * share
    # A Japanese character counts as 1.2 tokens.
    found = findings(asked("日" * int(tokens / 1.2)), model=model)

    assert [finding.code.name for finding in found] == codes
    assert all("15% off" in finding.message for finding in found)


def test_the_format_that_is_found_is_named_with_the_command_that_converts_it() -> None:
    (found,) = findings(b'{"prompt": "x", "completion": "y"}')

    assert "prompt and completion format" in found.message
    assert "bedrock-ft prepare training.jsonl --out NEW.jsonl" in found.fix


def test_a_name_that_a_shell_would_obey_is_quoted_in_the_command() -> None:
    from finetuning.dataset.codes import RECORD_FORMAT

    assert "prepare 'my data; rm x.jsonl' --out" in RECORD_FORMAT.at("my data; rm x.jsonl", 1, "x").fix


def test_nesting_is_a_finding_however_deep_it_is() -> None:
    for depth in range(1, 1100, 3):
        nested = "[" * depth + "]" * depth
        for record in (f'{{"messages": [{{"role": {nested}, "content": "x"}}, 1]}}', f'{{"messages": {nested}}}'):
            assert findings(record.encode()), depth


def test_a_finding_quotes_little_of_what_it_found() -> None:
    secret = "secret " * 10_000

    for record in (line(USER, ASSISTANT, **{secret: 1}), line(USER, {"role": [secret] * 9, "content": "x"})):
        assert all(len(str(finding)) < 400 for finding in findings(record))


def test_a_line_of_very_many_keys_is_checked_quickly() -> None:
    keys = ",".join(f'"k{number}":1' for number in range(80_000))

    assert codes_of(f"{{{keys}}}".encode()) == ["missing-key", "unknown-key"]
