"""The time for answers: how long the custom model may take, and how much of it was used."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import generate_answers
import pytest
from finetuning.answers import answering_seconds
from finetuning.base_models import base_model
from finetuning.run_config import configure
from finetuning.run_store import RunStore, answers_key, dataset_key
from finetuning.services import Clock
from hypothesis import given
from hypothesis import strategies as st

START = datetime(2026, 2, 1, 9, 0, tzinfo=UTC)
BATCH = {"index": 0, "first": 0, "count": 3}
HOST = {"arn": "arn:throughput", "deadline": (START + timedelta(minutes=90)).isoformat()}

Invoke = Callable[..., Mapping[str, Any]]


@dataclass
class FakeModel:
    """Takes a minute for an answer."""

    clock: Clock
    asked: list[str] = field(default_factory=list)

    def converse(self, **request: Any) -> Mapping[str, Any]:  # noqa: ANN401 - as boto3 has it
        self.asked.append(request["messages"][0]["content"][0]["text"])
        self.clock.sleep(60)
        return {
            "output": {"message": {"content": [{"text": "An answer."}]}},
            "usage": {"inputTokens": 10, "outputTokens": 5},
            "metrics": {"latencyMs": 60_000},
            "stopReason": "end_turn",
        }


@pytest.fixture
def given_state(store: RunStore) -> Mapping[str, Any]:
    records = [{"question": question, "referenceAnswer": "r", "topic": "t"} for question in "abc"]
    store.write_text(dataset_key("evaluation"), "\n".join(map(json.dumps, records)), "x")
    shipped = {"bedrock-faq": {"training": "s3://a/1", "validation": "s3://a/2", "evaluation": "s3://a/3"}}
    limit = {"answers": {"timeLimitMinutes": 2}}
    run = configure(limit, base_model("claude-3-haiku"), shipped, "data", START.isoformat())
    service = {"inServiceAt": START.isoformat()}
    return {"run": run.to_json(), "dataset": {"systemPrompt": None}, "host": HOST, "service": service}


def test_the_custom_model_is_asked_nothing_more_when_time_is_up(
    invoke: Invoke, store: RunStore, clock: Clock, given_state: Mapping[str, Any]
) -> None:
    model, event = FakeModel(clock), {"model": "custom", "batch": BATCH}

    result = invoke(generate_answers.handler, given_state, event, bedrock_runtime=model)
    # Asking again changes nothing.
    again = invoke(generate_answers.handler, given_state, event, bedrock_runtime=model)

    assert model.asked == ["a", "b"]
    assert (result["answers"], result["unanswered"]) == (2, 1)
    assert again == result
    assert [answer["index"] for answer in store.read_json(answers_key("custom", 0))["answers"]] == [0, 1]


def test_the_base_model_has_all_the_time_it_needs(invoke: Invoke, clock: Clock, given_state: Mapping[str, Any]) -> None:
    clock.sleep(3600)

    result = invoke(
        generate_answers.handler, given_state, {"model": "base", "batch": BATCH}, bedrock_runtime=FakeModel(clock)
    )

    assert result["unanswered"] == 0


def answer(at: float, seconds: float) -> dict[str, Any]:
    return {"askedAt": (START + timedelta(seconds=at)).isoformat(), "latencyMs": seconds * 1000}


@pytest.mark.parametrize(
    ("answers", "seconds"),
    [
        ([], 0),
        ([answer(0, 5)], 5),
        ([answer(0, 5), answer(10, 5)], 10),
        ([answer(0, 5), answer(3, 5)], 8),
        ([answer(0, 10), answer(2, 3), answer(9, 2)], 11),
    ],
)
def test_answers_given_at_the_same_time_take_it_once(answers: list[dict[str, Any]], seconds: float) -> None:
    assert answering_seconds(answers) == seconds
    assert answering_seconds(reversed(answers)) == seconds


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 100)), min_size=1))
def test_answering_takes_no_longer_than_the_answers_together_or_the_time_they_span(
    spans: list[tuple[int, int]],
) -> None:
    seconds = answering_seconds(answer(at, length) for at, length in spans)

    together = sum(length for _, length in spans)
    spanned = max(at + length for at, length in spans) - min(at for at, _ in spans)
    assert max(length for _, length in spans) <= seconds <= min(together, spanned)
