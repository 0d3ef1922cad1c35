"""The rules that say why training went as it did."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from finetuning.diagnosis import RULES, diagnose
from finetuning.findings import Finding
from finetuning.texts import LANGUAGES, Language, texts
from finetuning.training_metrics import Loss, TrainingMetrics
from hypothesis import given
from hypothesis import strategies as st

# Losses of a real job: 85 training and 32 validation records, 10 epochs asked for, 3 steps an epoch. Of the training
# loss only the first and the last figure are known; between them this is a straight line.
REAL_VALIDATION = (2.533, 1.702, 1.537, 1.509, 1.476, 1.476, 1.496)
REAL_TRAINING = tuple(1.45 - (1.45 - 0.25) * step / 20 for step in range(21))
# Our stand-in trained on the shipped dataset with its answers shuffled: validation loss, one training loss an epoch.
SHUFFLED_VALIDATION = (6.423, 6.323, 6.199, 6.273, 6.551)
SHUFFLED_TRAINING = (6.2, 5.8, 5.0, 3.9, 2.5)


def metrics(
    validation: Sequence[float],
    training: Sequence[float] | None = None,
    *,
    asked: int | None = None,
    is_validated: bool = True,
) -> TrainingMetrics:
    """`training`: as many losses for each epoch; without them it falls as the validation loss does."""
    steps = training or validation
    an_epoch = len(steps) // len(validation)
    return TrainingMetrics(
        training=[Loss(step, (step - 1) // an_epoch + 1, loss) for step, loss in enumerate(steps, start=1)],
        validation=[Loss(epoch * an_epoch, epoch, loss) for epoch, loss in enumerate(validation, start=1)],
        epochs_asked=asked or len(validation),
        is_validated=is_validated,
    )


def findings(found: TrainingMetrics) -> dict[str, Finding]:
    return {finding.code: finding for rule in RULES if (finding := rule(found))}


def codes(found: TrainingMetrics) -> list[str]:
    return [finding["code"] for finding in diagnose(found, texts("en"))["findings"]]


def test_the_real_job_had_levelled_off() -> None:
    found = diagnose(metrics(REAL_VALIDATION, REAL_TRAINING, asked=10), texts("en"))

    assert found["diagnosis"] == (
        "Validation loss has levelled off: 1.476 at epoch 6, the lowest, and 1.496 at the end, after 7 of 10 epochs."
    )
    assert found["findings"] == [
        {
            "code": "saturated",
            "text": found["diagnosis"],
            "evidence": {"bestEpoch": 6, "best": 1.476, "last": 1.496, "epochs": 7, "epochsAsked": 10},
        }
    ]


def test_a_loss_that_levelled_off_at_its_lowest_is_told_once() -> None:
    found = diagnose(metrics((2.5, 1.5, 1.49), asked=10), texts("en"))

    assert found["diagnosis"] == (
        "Validation loss has levelled off: it is lowest at the end, 1.490 after 3 of 10 epochs, "
        "but the last epoch lowered it by less than 1%."
    )


def test_the_real_jobs_first_two_epochs_alone_were_still_learning() -> None:
    found = diagnose(metrics(REAL_VALIDATION[:2], REAL_TRAINING[:6]), texts("en"))

    assert [finding["code"] for finding in found["findings"]] == ["still_learning"]
    assert found["diagnosis"].startswith("Validation loss was still falling at epoch 2, the last that was asked for")


def test_shuffled_answers_are_learned_by_heart_and_overfit() -> None:
    found = findings(metrics(SHUFFLED_VALIDATION, SHUFFLED_TRAINING, asked=10))

    assert list(found) == ["memorised", "overfitting"]
    assert found["memorised"].evidence == pytest.approx({"trainingDrop": 0.597, "drop": 0.035}, abs=0.001)
    assert found["overfitting"].evidence == {"fromEpoch": 4, "bestEpoch": 3, "best": 6.199, "last": 6.551}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        # The share by which the loss must fall for something to be seen is 3%.
        (metrics((2.5, 2.5, 2.43)), ["barely_moved", "still_learning"]),
        (metrics((2.5, 2.5, 2.42)), ["still_learning"]),
        (metrics((2.5, 2.6, 2.9)), ["barely_moved", "overfitting"]),
        (metrics((0.0, 0.0)), ["barely_moved"]),
        (metrics((6.4, 6.3, 6.35), (6.2, 5.0, 3.0)), ["memorised"]),
        # Falling by 1% in the last epoch is still learning, by less it is levelling off.
        (metrics((2.5, 1.5, 1.48)), ["still_learning"]),
        (metrics((2.5, 1.5, 1.49)), ["saturated"]),
        (metrics((2.5, 1.5, 1.48), asked=10), ["stopped_too_soon"]),
        # Above the best by 5% at the end is overfitting.
        (metrics((2.5, 1.5, 1.57)), ["saturated"]),
        (metrics((2.5, 1.5, 1.58)), ["overfitting"]),
        (metrics((1.4,), (2.5, 1.9, 1.2)), ["still_learning"]),
        (metrics((1.4,), (2.5, 2.5, 2.5)), ["barely_moved"]),
        # Everything learned in the first epoch, as a large dataset may do it.
        (metrics((0.50, 0.505, 0.52), (2.5, 1.2, 0.6, 0.5, 0.45, 0.4)), ["saturated"]),
        (metrics((2.5, 2.0, 1.5), is_validated=False), ["still_learning", "not_validated"]),
        # Of the training loss alone nobody can say that it overfits.
        (metrics((2.5, 1.5, 2.0), is_validated=False), ["saturated", "not_validated"]),
    ],
)
def test_the_curve_decides_which_rules_hold(found: TrainingMetrics, expected: list[str]) -> None:
    assert codes(found) == expected


@pytest.mark.parametrize(
    ("validation", "training", "is_unstable"),
    [
        ((2.5, 1.5, 1.9, 1.4), None, True),
        ((2.5, 1.5, 1.7, 1.4), None, False),
        ((2.5, 2.0, 1.5), (2.5, 2.0, 3.3, 1.8, 1.6, 1.5), True),
        ((2.5, 2.0, 1.5), (2.5, 2.0, 3.2, 1.8, 1.6, 1.5), False),
    ],
)
def test_a_loss_that_jumps_is_unstable(
    validation: tuple[float, ...], training: tuple[float, ...] | None, is_unstable: bool
) -> None:
    assert ("unstable" in codes(metrics(validation, training))) is is_unstable


def test_steps_of_single_records_are_no_jumps_until_many_of_them_are() -> None:
    """A step of one record has that record's loss: a hard one is no sign of anything."""
    uneven = replace(metrics((2.5, 2.0, 1.5), (1.0, 4.0) * 48), steps_of_a_batch=32)
    assert "unstable" in codes(replace(uneven, steps_of_a_batch=1))
    assert "unstable" not in codes(uneven)

    jumps = replace(metrics((2.5, 2.0, 1.5), (2.0,) * 32 + (4.0,) * 32 + (2.0,) * 5), steps_of_a_batch=32)
    assert jumps.batches == [2.0, 4.0]
    assert "unstable" in codes(jumps)


losses = st.lists(st.floats(0, 100), min_size=1, max_size=10)


@given(losses, losses, st.integers(0, 3), st.booleans(), st.sampled_from(LANGUAGES))
def test_every_curve_has_a_diagnosis_in_every_language(
    validation: list[float], training: list[float], more: int, is_validated: bool, language: Language
) -> None:
    steps = [loss for loss in training for _ in validation]
    found = metrics(validation, steps, asked=len(validation) + more, is_validated=is_validated)

    document = diagnose(found, texts(language))

    assert document["diagnosis"] == document["findings"][0]["text"]
    # What a model that learned did at the end is exactly one of these.
    ends = {"overfitting", "still_learning", "stopped_too_soon", "saturated"} & findings(found).keys()
    assert len(ends) == 1 or not found.learned
    # A model that learned nothing was not moved, or learned what helps with nothing else.
    if not found.learned:
        assert len({"barely_moved", "memorised"} & findings(found).keys()) == 1


@given(losses.map(lambda values: sorted(values, reverse=True)))
def test_a_loss_that_only_falls_is_neither_unstable_nor_overfitting(validation: list[float]) -> None:
    assert not {"unstable", "overfitting"} & findings(metrics(validation)).keys()


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_speaks_of_what_it_looked_at(rule: Callable[[TrainingMetrics], Finding | None]) -> None:
    curves = [
        metrics((2.5, 2.5, 2.5)),
        metrics((2.5, 1.5, 1.9, 1.4)),
        metrics(SHUFFLED_VALIDATION, SHUFFLED_TRAINING),
        metrics((2.5, 1.5, 1.4)),
        metrics((2.5, 1.5, 1.4), asked=10),
        metrics((2.5, 1.5, 1.5)),
        metrics((2.5, 1.5), is_validated=False),
    ]
    assert [finding.code for curve in curves if (finding := rule(curve))][:1] == [rule.__name__]
