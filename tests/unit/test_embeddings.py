"""Similarity of two texts: what is sent to the embedding model, and what its errors cost."""

import json
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import Any, cast

import pytest
from botocore.exceptions import EndpointConnectionError
from finetuning.base_models import EMBEDDING_MODEL
from finetuning.embeddings import Embeddings, Similarity


class FakeTitan:
    """Answers with a text's vector, or raises its error."""

    def __init__(self, answers: Mapping[str, Sequence[float] | Exception]) -> None:
        self._answers = answers
        self.bodies: list[Mapping[str, Any]] = []

    def invoke_model(self, **request: Any) -> Mapping[str, Any]:  # noqa: ANN401 - as boto3 has it
        assert request["modelId"] == EMBEDDING_MODEL.id
        self.bodies.append(json.loads(request["body"]))
        answer = self._answers[self.bodies[-1]["inputText"]]
        if isinstance(answer, Exception):
            raise answer
        return {"body": BytesIO(json.dumps({"embedding": answer, "inputTextTokenCount": 3}).encode())}


def embeddings(titan: FakeTitan) -> Embeddings:
    return Embeddings(cast(Any, titan))


@pytest.mark.parametrize(
    ("one", "other", "similarity"),
    [
        ([1.0, 0.0], [1.0, 0.0], 1.0),
        ([0.6, 0.8], [0.8, 0.6], 0.96),
        ([2.0, 0.0], [0.0, 5.0], 0.0),
        ([1.0, 0.0], [-1.0, 0.0], 0.0),
        ([0.0, 0.0], [1.0, 0.0], 0.0),
    ],
)
def test_the_similarity_is_the_cosine_and_never_below_0(
    one: Sequence[float], other: Sequence[float], similarity: float
) -> None:
    found = embeddings(FakeTitan({"a": one, "b": other})).similarity("a", "b")

    assert found.value == pytest.approx(similarity)
    assert found.input_tokens == 6


def test_an_empty_answer_has_nothing_in_common_and_is_not_sent() -> None:
    titan = FakeTitan({})

    assert embeddings(titan).similarity(" \n", "b") == Similarity(0.0)
    assert titan.bodies == []


def test_a_long_text_is_cut_to_what_the_model_takes() -> None:
    cut = "x" * EMBEDDING_MODEL.max_characters
    titan = FakeTitan({cut: [1.0], "b": [1.0]})

    embeddings(titan).similarity(f"{cut}yz", "b")

    assert titan.bodies[0] == {"inputText": cut, "normalize": True}


def test_after_an_error_the_model_is_asked_no_more(aws_error: Callable[..., Exception]) -> None:
    gone = aws_error("bedrock-runtime", "ResourceNotFoundException", "This model version has reached its end of life.")
    titan = FakeTitan({"a": gone, "b": [1.0]})
    asked = embeddings(titan)

    assert asked.similarity("a", "b") == Similarity(None)
    assert asked.similarity("b", "b") == Similarity(None)
    assert "end of life" in (asked.problem or "")
    assert len(titan.bodies) == 1


def test_a_region_without_the_endpoint_costs_the_metric_too() -> None:
    asked = embeddings(FakeTitan({"a": EndpointConnectionError(endpoint_url="https://x")}))

    assert asked.similarity("a", "b").value is None
    assert "Could not connect" in (asked.problem or "")


def test_an_answer_that_is_no_embedding_costs_the_metric_too() -> None:
    titan = FakeTitan({})
    vars(titan)["invoke_model"] = lambda **_: {"body": BytesIO(b"<html>")}
    asked = embeddings(titan)

    assert asked.similarity("a", "b").value is None
    assert "JSONDecodeError" in (asked.problem or "")
