"""The offline estimate of token counts, beside the tokenizer that Anthropic published for an older Claude."""

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from finetuning.run_store import DATASET_FILES
from finetuning.tokens import MOST_TOKENS_PER_CHARACTER, TOKEN_ERROR, estimate_tokens
from hypothesis import given
from hypothesis import strategies as st

from stacks import NODE
from tests.unit.shipped_datasets import ShippedDataset

ROOT = Path(__file__).parents[2]


def _texts(dataset: str) -> list[str]:
    shipped = ShippedDataset(dataset)
    return [text for split in DATASET_FILES for text in (*shipped.questions(split), *shipped.answers(split))]


def _is_japanese(text: str) -> bool:
    return re.search("[\u3040-\u30ff]", text) is not None


def _code(pattern: str) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob(pattern))]


SAMPLES = {
    "English": [text for text in _texts("bedrock-faq") if not _is_japanese(text)],
    "Japanese": [text for text in _texts("bedrock-faq") if _is_japanese(text)] + _texts("gozaru"),
    "Python": _code("lambdas/finetuning/*.py"),
    "JavaScript and CSS": _code("lambdas/finetuning/report/*.[jc]s*"),
    "Markdown": _code("docs/**/*.md"),
    "JSON": (ROOT / "datasets/bedrock-faq/training.jsonl").read_text(encoding="utf-8").splitlines(),
}


def _portions(texts: Sequence[str]) -> Iterator[str]:
    """Texts of 5,000 characters or more: a thousand tokens in any of the languages."""
    held = ""
    for text in texts:
        held = f"{held}\n{text}" if held else text
        if len(held) >= 5_000:
            yield held
            held = ""


@pytest.mark.parametrize("kind", SAMPLES)
def test_the_error_is_within_what_is_stated(kind: str) -> None:
    portions = list(_portions(SAMPLES[kind]))
    command = [NODE, ROOT / "tests/unit/count_tokens.mjs"]
    answer = subprocess.run(command, input=json.dumps(portions), capture_output=True, text=True, check=True)
    counted = json.loads(answer.stdout)

    errors = [estimate_tokens(text) / tokens - 1 for text, tokens in zip(portions, counted, strict=True)]

    assert min(counted) >= 1_000
    assert max(map(abs, errors)) <= TOKEN_ERROR, errors
    # No kind is always far off in one direction: what a run costs follows from the sum.
    assert abs(sum(map(estimate_tokens, portions)) / sum(counted) - 1) <= 0.1


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        (" ", 1),
        ("a", 1),
        ("token", 2),
        ("What is Amazon Bedrock?", 6),
        ("日", 2),
        ("日本語です。", 8),
        ("カタカナ", 3),
        ("ｶﾀｶﾅ", 3),
        ("🙂🙂", 5),
        ("1,234", 4),
        ("x\ny", 3),
        ("\ud800", 2),
    ],
)
def test_what_is_counted(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


@given(st.text(), st.text())
def test_a_longer_text_never_has_fewer_tokens(text: str, more: str) -> None:
    assert estimate_tokens(text) <= estimate_tokens(text + more) <= estimate_tokens(text) + estimate_tokens(more)


@given(st.text(min_size=1))
def test_a_text_has_at_least_one_token_and_no_more_than_its_length_allows(text: str) -> None:
    assert 1 <= estimate_tokens(text) <= len(text) * MOST_TOKENS_PER_CHARACTER
