"""What a job's metrics files say about its training."""

from collections.abc import Sequence
from random import Random
from statistics import fmean

import pytest
from finetuning.base_models import base_model
from finetuning.errors import MetricsNotFoundError
from finetuning.run_config import RunConfig, configure
from finetuning.training_metrics import Loss, TrainingMetrics, metrics_keys, parse
from hypothesis import given
from hypothesis import strategies as st

# Losses of a real job: 85 training and 32 validation records, 10 epochs asked for, 3 steps an epoch.
REAL_VALIDATION = (2.533, 1.702, 1.537, 1.509, 1.476, 1.476, 1.496)
REAL_TRAINING = tuple(1.45 - (1.45 - 0.25) * step / 20 for step in range(21))


def configured(epochs: int = 10) -> RunConfig:
    shipped = {"bedrock-faq": {"training": "s3://a/1", "validation": "s3://a/2", "evaluation": "s3://a/3"}}
    execution_input = {"hyperParameters": {"epochCount": epochs}}
    return configure(execution_input, base_model("claude-3-haiku"), shipped, "data", "2026-02-01T09:00:00+00:00")


def csv(column: str, losses: Sequence[float], steps_per_epoch: int = 1, perplexity: bool = False) -> str:
    header = f"step_number,epoch_number,{column}" + (",perplexity" if perplexity else "")
    rows = [
        f"{step},{(step - 1) // steps_per_epoch + 1},{loss}" + (",3.1" if perplexity else "")
        for step, loss in enumerate(losses, start=1)
    ]
    return "\n".join([header, *rows]) + "\n"


def metrics(validation: Sequence[float], training: Sequence[float] | None = None, epochs: int = 10) -> TrainingMetrics:
    """`training`: as many losses for each epoch; without them it falls as the validation loss does."""
    rows = training or validation
    steps = len(rows) // len(validation)
    return parse(csv("training_loss", rows, steps), csv("validation_loss", validation), configured(epochs))


def test_the_real_job_learned_was_best_after_epoch_6_and_stopped_early() -> None:
    found = parse(
        csv("training_loss", REAL_TRAINING, steps_per_epoch=3),
        csv("validation_loss", REAL_VALIDATION, perplexity=True),
        configured(),
    )

    assert found.to_json() == {
        "steps": 21,
        "epochs": 7,
        "epochsAsked": 10,
        "bestEpoch": 6,
        "stoppedEarly": True,
        "learned": True,
        "validated": True,
    }
    assert found.curves()["trainingLoss"][20] == {"step": 21, "epoch": 7, "loss": pytest.approx(0.25)}
    assert [row["loss"] for row in found.curves()["validationLoss"]] == list(REAL_VALIDATION)


@pytest.mark.parametrize(
    ("validation", "drop", "learned"),
    [
        ((2.5, 1.7, 1.5), 0.4, True),
        ((2.5, 1.5, 1.7, 2.4), 0.4, True),
        ((2.5, 2.5, 2.49), 0.004, False),
        ((2.5, 2.6, 2.9), 0.0, False),
        ((0.0, 0.0), 0.0, False),
    ],
)
def test_a_model_learned_if_its_loss_fell(validation: tuple[float, ...], drop: float, learned: bool) -> None:
    found = metrics(validation, epochs=4)

    assert found.fall.share == pytest.approx(drop)
    assert found.learned is learned


@pytest.mark.parametrize(("training", "learned"), [((2.5, 1.9, 1.2), True), ((2.5, 2.5, 2.5), False), ((0.0,), False)])
def test_after_a_single_epoch_the_training_loss_has_to_tell(training: tuple[float, ...], learned: bool) -> None:
    found = metrics([1.4], training, epochs=1)

    assert found.learned is learned
    assert (found.epochs, found.best.epoch, found.stopped_early) == (1, 1, False)


def test_fewer_epochs_than_asked_for_is_an_early_stop() -> None:
    assert metrics([2, 1], epochs=3).stopped_early is True
    assert metrics([2, 1], epochs=2).stopped_early is False


GOOD = csv("validation_loss", [2, 1])


@pytest.mark.parametrize(
    ("validation_csv", "problem"),
    [
        ("", "hold no validation_loss at all"),
        ("step_number,epoch_number,validation_loss\n", "hold no validation_loss at all"),
        (
            "step_number,epoch_number,loss\n1,1,2.5\n",
            r"no usable validation_loss on line 2.*columns: step_number, epoch_nu",
        ),
        ("step_number,epoch_number,validation_loss\n1,1\n", "no usable validation_loss on line 2"),
        ("step_number,epoch_number,validation_loss\n1,1,2\none,1,2\n", "no usable validation_loss on line 3"),
        ("step_number,loss\n1,2,3\n", "no usable validation_loss on line 2.*columns: step_number, loss"),
        (
            "step_number,epoch_number,validation_loss\n1,1,nan\n",
            "on line 2 is nan: training diverged. Lower the learning",
        ),
        ("step_number,epoch_number,validation_loss\n1,1,2\n2,2,inf\n", "on line 3 is inf: training diverged"),
        ("x" * 200_000, "metrics are no CSV file"),
    ],
)
def test_a_file_that_is_not_as_documented_is_named_with_its_line(validation_csv: str, problem: str) -> None:
    with pytest.raises(MetricsNotFoundError, match=problem):
        parse(csv("training_loss", [2, 1]), validation_csv, configured())


def test_a_training_loss_that_is_no_number_is_found_as_well() -> None:
    with pytest.raises(MetricsNotFoundError, match="The training_loss on line 3 is nan"):
        parse(csv("training_loss", [2, float("nan")]), GOOD, configured())


def test_line_ends_of_windows_are_read_too() -> None:
    assert parse(GOOD.replace("validation", "training"), GOOD.replace("\n", "\r\n"), configured()).validation == [
        Loss(1, 1, 2.0),
        Loss(2, 2, 1.0),
    ]


cells = st.sampled_from(["1", "2", "-1", "0.5", "nan", "", "x", '"', ",", "\r", "\n", "\x00"]) | st.text(max_size=3)
tables = st.lists(st.lists(cells, max_size=5).map(",".join), max_size=5).map("\n".join)


@given(tables | tables.map("step_number,epoch_number,validation_loss\n".__add__))
def test_any_text_is_metrics_or_refused(text: str) -> None:
    try:
        found = parse(csv("training_loss", [2, 1]), text, configured())
    except MetricsNotFoundError as refusal:
        problem = str(refusal)
    else:
        problem = ""
        assert 0 <= found.fall.share <= 1
    assert problem == "" or "validation_loss" in problem


losses = st.lists(st.floats(0, 100), min_size=1, max_size=10)


@given(losses)
def test_the_best_epoch_is_the_last_with_the_lowest_validation_loss(validation: list[float]) -> None:
    found = metrics(validation)

    assert found.best.epoch == len(validation) - validation[::-1].index(min(validation))
    assert 0 <= found.fall.share <= 1


def test_the_files_are_where_a_real_job_put_them() -> None:
    keys = metrics_keys("arn:aws:bedrock:us-west-2:123456789012:model-customization-job/anthropic.model:0:200k/abc1")

    folder = "model-customization-job-abc1"
    assert keys == {
        "training": f"{folder}/training_artifacts/step_wise_training_metrics.csv",
        "validation": f"{folder}/validation_artifacts/post_fine_tuning_validation/validation_metrics.csv",
    }


def test_a_large_dataset_may_teach_everything_in_its_first_epoch() -> None:
    # Validation loss is not measured before training; in the first epoch, every record is new to the model.
    found = metrics((0.50, 0.505, 0.52), training=(2.5, 1.2, 0.6, 0.5, 0.45, 0.4, 0.35, 0.3, 0.3))

    assert found.best.epoch == 1
    assert found.learned is True
    assert (found.fall.first, found.fall.last) == (2.5, 0.6)


@pytest.mark.parametrize(
    ("validation", "training", "learned"),
    [
        # Training data that is harder than the validation data is no progress.
        ((2.0, 2.0, 2.0), (3.0,) * 9, False),
        # Nor hides validation data that is harder than the training data what the first epoch taught.
        ((2.5, 2.5, 2.5), (1.5, 1.2, 0.9, 0.8, 0.7, 0.6, 0.5, 0.5, 0.5), True),
        # What training lowers after that epoch may be learned by heart.
        ((2.5, 2.6, 2.7), (1.5, 1.5, 1.5, 1.0, 0.9, 0.8, 0.3, 0.2, 0.1), False),
        # One batch is easier than another.
        ((2.5, 2.5, 2.5), (1.5, 1.4, 1.3, 1.5, 1.4, 1.3, 1.5, 1.4, 1.3), False),
    ],
)
def test_like_is_compared_with_like(validation: tuple[float, ...], training: tuple[float, ...], learned: bool) -> None:
    assert metrics(validation, training).learned is learned


def test_the_real_jobs_first_two_epochs_had_lowered_the_loss() -> None:
    # They taught nothing visible: that the loss was still falling is what the diagnosis then says.
    found = metrics(REAL_VALIDATION[:2], REAL_TRAINING[:6], epochs=2)

    assert found.learned is True
    assert found.fall.share == pytest.approx(0.33, abs=0.005)


def losses_of_batches(steps: int, batch: int, slope: float, seed: int) -> list[float]:
    """Training losses of one epoch whose records' losses scatter by 30%; slope: by which share they fall in it."""
    random = Random(seed)  # noqa: S311 - no secret
    means = (2 * (1 - slope * step / max(1, steps - 1)) for step in range(steps))
    return [fmean(random.gauss(mean, 0.3 * mean) for _ in range(batch)) for mean in means]


@pytest.mark.parametrize(("steps", "batch"), [(3, 32), (8, 16), (34, 4), (135, 1), (320, 32)])
def test_batches_of_different_difficulty_are_not_taken_for_learning(steps: int, batch: int) -> None:
    """At most one job in ten that taught nothing; nine in ten that lowered the loss by 40% are seen."""
    flat = [metrics([1.4], losses_of_batches(steps, batch, 0.0, seed), epochs=1).learned for seed in range(300)]
    falling = [metrics([1.4], losses_of_batches(steps, batch, 0.4, seed), epochs=1).learned for seed in range(300)]

    assert sum(flat) <= 30
    assert sum(falling) >= 270


def test_epochs_count_from_1_whatever_the_file_does() -> None:
    from_zero = "step_number,epoch_number,validation_loss\n0,0,2.5\n1,1,1.5\n2,2,1.6\n"
    found = parse(csv("training_loss", (2.5, 1.5, 1.2)), from_zero, configured(3))

    assert (found.epochs, found.best.epoch, found.stopped_early) == (3, 2, False)


def test_without_validation_metrics_the_training_loss_stands_in() -> None:
    found = parse(csv("training_loss", (2.5, 2.0, 1.5, 1.2), steps_per_epoch=2), None, configured(2))

    assert (found.epochs, found.best.epoch, found.learned) == (2, 2, True)
    assert found.to_json()["validated"] is False
    assert found.curves()["validationLoss"] == []
    assert [row.loss for row in found.validation] == [2.25, pytest.approx(1.35)]
