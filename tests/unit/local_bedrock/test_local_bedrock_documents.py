"""Document blocks and the tools for datasets, through boto3's own client."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from finetuning.base_models import DEFAULT_JUDGE_MODEL
from fpdf import FPDF

if TYPE_CHECKING:
    from types_boto3_bedrock_runtime.client import BedrockRuntimeClient

LONG = "Lanterns hang above the old stone bridge near the mill."
TEXT = f"# One\n\n{LONG}\nOtters swim.\n\n# Two\n\nHerons stand beside the weir, and wait there for the dusk.\n"
TASK: dict[str, Any] = {
    "language": "English",
    "sections": [{"title": "One", "begins": "Lanterns", "pairs": 1}],
    "alreadyAsked": [],
    "takenQuestions": [],
}


def document(**changes: object) -> dict[str, Any]:
    return {"document": {"format": "md", "name": "document", "source": {"bytes": TEXT.encode()}, **changes}}


def ask(runtime: "BedrockRuntimeClient", *content: Any, model: str = DEFAULT_JUDGE_MODEL) -> Any:  # noqa: ANN401
    tools: Any = {"tools": [{"toolSpec": {"name": "record", "inputSchema": {"json": {"type": "object"}}}}]}
    message: Any = {"role": "user", "content": list(content)}
    return runtime.converse(modelId=model, messages=[message], toolConfig=tools)


def given(answer: Any) -> Any:  # noqa: ANN401 - a tool's input
    (block,) = answer["output"]["message"]["content"]
    return block["toolUse"]["input"]


def pairs(runtime: "BedrockRuntimeClient", **changes: object) -> list[str]:
    answer = given(ask(runtime, document(), {"text": json.dumps({**TASK, **changes})}))
    return [pair["passage"] for pair in answer["pairs"]]


def test_pairs_are_about_the_sections_that_are_asked_for(runtime: "BedrockRuntimeClient") -> None:
    two = {"title": "Two", "begins": "Herons", "pairs": 3}

    assert pairs(runtime) == [LONG]
    assert pairs(runtime, sections=[*TASK["sections"], two])[1:] == [
        "Herons stand beside the weir, and wait there for the dusk."
    ]
    assert pairs(runtime, sections=[{**two, "begins": "Otters"}]) == []
    assert pairs(runtime, alreadyAsked=[f"English {LONG}?"]) == ["Otters swim."]
    assert pairs(runtime, takenQuestions=[f"English {LONG}?"]) == ["Otters swim."]


def test_the_documents_text_counts_as_input(runtime: "BedrockRuntimeClient") -> None:
    text = {"text": json.dumps(TASK)}

    with_document, without = (ask(runtime, *content)["usage"] for content in ([document(), text], [text]))

    assert with_document["inputTokens"] >= without["inputTokens"] + len(TEXT) / 6


def pdf() -> bytes:
    made = FPDF()
    made.set_font("Times")
    made.add_page()
    made.multi_cell(0, 6, LONG)
    return bytes(made.output())


@pytest.mark.parametrize(
    ("kind", "content", "title"),
    [
        ("txt", LONG.encode(), "part 1"),
        ("html", f"<h1>A title</h1><p>{LONG}".encode(), "A title"),
        ("pdf", pdf(), "page 1"),
    ],
)
def test_documents_of_other_formats(runtime: "BedrockRuntimeClient", kind: str, content: bytes, title: str) -> None:
    task = {**TASK, "sections": [{"title": title, "begins": "Lanterns", "pairs": 1}]}

    answer = ask(runtime, document(format=kind, source={"bytes": content}), {"text": json.dumps(task)})

    assert [pair["passage"] for pair in given(answer)["pairs"]] == [LONG]


def test_a_passage_is_checked(runtime: "BedrockRuntimeClient") -> None:
    task = {"passage": LONG, "question": "What hangs there?", "answer": "Lanterns"}

    assert given(ask(runtime, {"text": json.dumps(task)}))["supported"] is True
    assert given(ask(runtime, {"text": json.dumps({**task, "answer": "Bats"})}))["supported"] is False


@pytest.mark.parametrize(
    "task", [{**TASK, "sections": 1}, {**TASK, "sections": [{"title": "One"}]}, {**TASK, "alreadyAsked": None}, [], {}]
)
def test_what_is_no_task_is_answered_in_words(runtime: "BedrockRuntimeClient", task: object) -> None:
    answer = ask(runtime, document(), {"text": json.dumps(task)})

    assert answer["output"]["message"]["content"] == [{"text": "Ready."}]


TEXT_BLOCK = {"text": json.dumps(TASK)}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ([document(name="notes.md"), TEXT_BLOCK], "can only contain alphanumeric characters"),
        ([document(name="two  spaces"), TEXT_BLOCK], "no more than|more than one consecutive whitespace"),
        ([document(name="文書"), TEXT_BLOCK], "can only contain alphanumeric characters"),
        ([document(name="n" * 201), TEXT_BLOCK], "less than or equal to 200"),
        ([document(format="odt"), TEXT_BLOCK], "enum value set"),
        ([document()], "must also have a text block"),
        ([document(), document(), TEXT_BLOCK], "duplicate document names"),
        ([*(document(name=f"document {number}") for number in range(6)), TEXT_BLOCK], "up to 5 documents"),
        ([document(source={"bytes": b"x" * 4_500_001}), TEXT_BLOCK], "larger than 4.5 MB"),
        ([document(format="pdf"), TEXT_BLOCK], "could not be read"),
        ([document(source={"bytes": b"\xff"}), TEXT_BLOCK], "could not be read.*not UTF-8"),
    ],
)
def test_bedrocks_rules_for_documents(
    runtime: "BedrockRuntimeClient", content: list[dict[str, Any]], complaint: str
) -> None:
    with pytest.raises(runtime.exceptions.ValidationException, match=complaint):
        ask(runtime, *content)


@pytest.mark.parametrize("name", ["Document (2) [draft] - b", "a"])
def test_names_that_bedrock_takes(runtime: "BedrockRuntimeClient", name: str) -> None:
    assert given(ask(runtime, document(name=name), TEXT_BLOCK))["pairs"]


def test_a_document_of_the_assistant_is_refused(runtime: "BedrockRuntimeClient") -> None:
    messages: Any = [
        {"role": "user", "content": [{"text": "hello"}]},
        {"role": "assistant", "content": [document(), {"text": "hello"}]},
        {"role": "user", "content": [TEXT_BLOCK]},
    ]

    with pytest.raises(runtime.exceptions.ValidationException, match="only be included in messages of the user"):
        runtime.converse(modelId=DEFAULT_JUDGE_MODEL, messages=messages)


@pytest.mark.parametrize(
    ("content", "model", "what"),
    [
        (document(format="docx"), DEFAULT_JUDGE_MODEL, "a document of format docx"),
        (document(source={"text": "x"}), DEFAULT_JUDGE_MODEL, "a document whose source is text"),
        (document(), "anthropic.claude-3-haiku-20240307-v1:0", "with documents"),
    ],
)
def test_what_is_not_emulated_says_so(
    runtime: "BedrockRuntimeClient", content: dict[str, Any], model: str, what: str
) -> None:
    with pytest.raises(ClientError, match=f"{what}.*is not emulated|{what}.*not emulated"):
        ask(runtime, content, TEXT_BLOCK, model=model)
