"""What a whole run says after too little training, or where there was nothing to learn."""

import json
import random
from pathlib import Path

from runs import called, result, upload

from local.engine.engine import LocalEngine


def codes(document: dict[str, object]) -> list[str]:
    training = document["training"]
    assert isinstance(training, dict)
    return [finding["code"] for finding in training["findings"]]


def test_two_epochs_have_no_visible_effect_and_more_are_proposed(engine: LocalEngine) -> None:
    engine.run("short", {"hyperParameters": {"epochCount": 2}})

    document = result(engine, "short")
    low, high = document["scores"]["correctness"]["ci95"]
    assert document["verdict"] == "no_visible_effect"
    assert -0.5 <= low <= high <= 0.5
    assert codes(document) == ["still_learning"]
    assert document["nextSteps"][0]["input"] == {"hyperParameters": {"epochCount": 4}}


def shuffled_answers() -> bytes:
    """The shipped training data with each answer moved to another question."""
    records = [json.loads(line) for line in Path("datasets/bedrock-faq/training.jsonl").read_text().splitlines()]
    answers = [record["messages"][-1] for record in records]
    random.Random(0).shuffle(answers)  # noqa: S311 - no secret
    for record, answer in zip(records, answers, strict=True):
        record["messages"][-1] = answer
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


def test_shuffled_answers_teach_nothing_and_no_throughput_is_bought(engine: LocalEngine) -> None:
    upload(engine, "shuffled", training=shuffled_answers())
    engine.run("shuffled", {"dataset": "shuffled"})

    document = result(engine, "shuffled")
    assert document["verdict"] == "did_not_learn"
    assert codes(document) == ["memorised"]
    assert "CreateProvisionedModelThroughput" not in called(engine)
