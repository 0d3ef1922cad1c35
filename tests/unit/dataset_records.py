"""Records and files for the tests of dataset/: right ones, broken ones, and ways to make more of both."""

import json
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from finetuning.base_models import base_model
from finetuning.dataset.codes import Finding
from finetuning.dataset.files import FileSummary, Source, check_file
from finetuning.run_store import DatasetFile
from hypothesis import strategies as st

HAIKU, NOVA, LLAMA = (base_model(key) for key in ("claude-3-haiku", "nova-lite", "llama3-1-8b"))
USER, ASSISTANT = {"role": "user", "content": "What is it?"}, {"role": "assistant", "content": "A test."}
EVALUATION = {"question": "What is it?", "referenceAnswer": "A test.", "topic": "tests"}


def line(*messages: object, **others: object) -> bytes:
    return json.dumps({**others, "messages": messages}).encode()


RIGHT = line(USER, ASSISTANT)


def check(
    content: bytes,
    kind: DatasetFile = "training",
    model: str = "claude-3-haiku",
    most_findings: int = 1_000,
    places: Sequence[int] = (),
) -> FileSummary:
    """The file, which comes cut at these places."""
    source = Source(f"{kind}.jsonl", partial(cut, content, places))
    return check_file(kind, source, base_model(model), most_findings=most_findings)


def findings(content: bytes, kind: DatasetFile = "training", model: str = "claude-3-haiku") -> Sequence[Finding]:
    """Of a file that ends in a line end, whether the content does or not."""
    return check(content.removesuffix(b"\n") + b"\n", kind, model).found.listed()


def errors(content: bytes, kind: DatasetFile = "training", model: str = "claude-3-haiku") -> list[Finding]:
    return [finding for finding in findings(content, kind, model) if finding.severity == "error"]


def codes_of(content: bytes, kind: DatasetFile = "training", model: str = "claude-3-haiku") -> list[str]:
    return [finding.code.name for finding in findings(content, kind, model)]


def cut(content: bytes, places: Sequence[int]) -> list[bytes]:
    """In chunks, as a stream may come."""
    ends = [0, *sorted(place % (len(content) + 1) for place in places), len(content)]
    return [content[start:end] for start, end in pairwise(ends)]


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
near_messages = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system"]) | json_values, "content": st.text() | json_values},
    optional={"name": json_values},
)
near_records = st.fixed_dictionaries(
    {"messages": st.lists(near_messages, max_size=4) | json_values}, optional={"system": st.text() | json_values}
)
texts = st.sampled_from(
    ["Hello.", "日本語", "", " ", "\n", "\u3000", 'a "quoted" \\ text', "x\nHuman: y", "User: z", "\0", "🙂", "}\n{"]
)
turns = st.tuples(texts, texts).map(
    lambda pair: [{"role": "user", "content": pair[0]}, {"role": "assistant", "content": pair[1]}]
)
conversations = st.fixed_dictionaries(
    {"messages": st.lists(turns, min_size=1, max_size=3).map(lambda pairs: [each for pair in pairs for each in pair])},
    optional={"system": texts},
)
questions = st.fixed_dictionaries({"question": texts, "referenceAnswer": texts, "topic": texts})


@st.composite
def written(draw: st.DrawFn, records: st.SearchStrategy[object]) -> bytes:
    """A record as one of many programs may write it."""
    ascii_only = draw(st.booleans())
    separators = draw(st.sampled_from([(", ", ": "), (",", ":"), (" ,\t", " :\r ")]))
    text = json.dumps(draw(records), ensure_ascii=ascii_only, separators=separators)
    return text.encode("utf-8", "replace")


@st.composite
def mutated(draw: st.DrawFn, lines: st.SearchStrategy[bytes]) -> bytes:
    """A line with a few bytes taken out, put in, or doubled."""
    content = draw(lines)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(content)))
        end = draw(st.integers(place, min(len(content), place + 30)))
        pieces = [b"", content[place:end] * 2, b'"', b"\\", b"\n", b"\r", b"}{", b", ", b'"role":""']
        piece = draw(st.sampled_from(pieces) | st.binary(max_size=4))
        content = content[:place] + piece + content[end:]
    return content


right_or_nearly = written(conversations | near_records | questions)
file_contents = (
    st.binary(max_size=200)
    | written(json_values)
    | st.lists(right_or_nearly | mutated(right_or_nearly), max_size=4).map(b"\n".join)
    | st.lists(right_or_nearly, max_size=4).map(b"\r\n".join)
)
