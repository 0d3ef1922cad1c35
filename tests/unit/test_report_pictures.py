"""The pictures draw what the document says."""

import pytest
from finetuning.report import render
from report_pages import Page, did_not_learn, improved


@pytest.mark.parametrize(
    ("interval", "higher_is_better", "tone"),
    [([1, 3], True, "good"), ([-3, -1], True, "bad"), ([-1, 3], True, "neutral"), ([-3, -1], False, "good")],
)
def test_interval_is_coloured_by_what_it_says(interval: list[float], higher_is_better: bool, tone: str) -> None:
    document = improved()
    document["scores"]["correctness"] |= {
        "difference": sum(interval) / 2,
        "ci95": interval,
        "higherIsBetter": higher_is_better,
    }
    page = Page(render(document))
    first_screen = [circle["class"] for circle in page.all("circle") if (circle["class"] or "").startswith("point ")]
    assert first_screen[0] == f"point {tone}"


@pytest.mark.parametrize("doubt", [{"n": 7}, {"pValue": 0.051}, {"pValue": None}])
def test_what_may_be_chance_has_no_colour(doubt: dict[str, object]) -> None:
    document = improved()
    document["scores"]["correctness"] |= {"difference": 2, "ci95": [1, 3]} | doubt

    circles = [circle["class"] or "" for circle in Page(render(document)).all("circle")]

    assert next(name for name in circles if name.startswith("point ")) == "point neutral"


def test_a_topic_with_few_questions_has_no_colour() -> None:
    document = improved()
    effect = {"base": 2.0, "custom": 8.0, "difference": 6.0, "ci95": [5, 7], "pValue": 0.01}
    document["effects"]["topic"] = {"few": effect | {"n": 5}, "enough": effect | {"n": 8}}

    rows = {name: render(document).split(f">{name}<")[1].split("</tr>")[0] for name in ("few", "enough")}

    assert ("point neutral" in rows["few"], "point good" in rows["enough"]) == (True, True)


def test_learning_curve_marks_the_best_epoch() -> None:
    page = Page(render(improved()))
    assert "Training stopped early after epoch 7 of 10. Steps: 21." in page.text
    assert "Validation loss was lowest after epoch 6: 1.476." in page.text
    lines = {line["class"]: len((line["points"] or "").split()) for line in page.all("polyline")}
    assert lines == {"training": 21, "validation": 7}
    assert len([circle for circle in page.all("circle") if circle["class"] == "best"]) == 1


def test_distribution_counts_every_scored_answer() -> None:
    document = improved()
    bars = render(document).split('class="chart distribution"')[1].split("</svg>")[0]
    for model in ("base", "custom"):
        scores = [question[model]["correctness"] for question in document["questions"]]
        assert bars.count(f'class="{model}"') == len({score for score in scores if score is not None})


def test_learning_curve_leaves_room_for_the_epochs_that_an_early_stop_spared() -> None:
    early = Page(render(improved()))
    assert "stopped early" in early.text
    assert len([line for line in early.all("line") if line["class"] == "stop"]) == 2
    assert len([line for line in Page(render(did_not_learn())).all("line") if line["class"] == "stop"]) == 1


def test_scatter_has_a_dot_for_each_question_with_coverage_and_score() -> None:
    document = improved()
    dots = [circle for circle in Page(render(document)).all("circle") if circle["class"] == "question-dot"]
    assert len(dots) == len([question for question in document["questions"] if question["difference"] is not None])


def test_timeline_draws_the_throughputs_life_and_what_was_paid() -> None:
    page = Page(render(improved()))
    classes = [rect["class"] for rect in page.all("rect")]
    assert [classes.count(part) for part in ("run", "job", "creating", "serving", "deleting")] == [1, 1, 1, 1, 1]
    assert "37 min 24 s, $82.28 paid" in page.text
    local = improved()
    local["provenance"]["environment"] = "local"
    assert "37 min 24 s, $82.28 on AWS" in Page(render(local)).text
    widths = {rect["class"]: float(rect["width"] or 0) for rect in page.all("rect")}
    assert widths["job"] > widths["creating"] > widths["serving"] >= 2


def test_timeline_out_of_order_is_a_table_only() -> None:
    document = improved()
    document["timeline"].reverse()
    page = Page(render(document))
    assert not [svg for svg in page.all("svg") if "life" in (svg["class"] or "")]
    assert "Provisioned Throughput in service" in page.text


def test_training_loss_is_not_shown_as_validation_loss() -> None:
    document = improved()
    document["training"] |= {"validated": False, "validationLoss": [], "diagnosis": None, "findings": []}
    page = Page(render(document))

    assert "Mean training loss was lowest in epoch 6; validation loss was not measured." in page.text
    assert "Validation loss" not in page.text
    assert "validation loss, by epoch" not in page.text
    assert {line["class"] for line in page.all("polyline")} == {"training"}


def test_a_long_training_is_a_line_that_keeps_its_peaks() -> None:
    document = improved()
    losses = [4.0 if step == 9_999 else 2 + step % 7 / 10 for step in range(25_000)]
    steps = [{"step": step, "epoch": 1 + step // 5_000, "loss": loss} for step, loss in enumerate(losses)]
    document["training"]["trainingLoss"] = steps
    html = render(document)
    page = Page(html)

    assert not [circle for circle in page.all("circle") if circle["class"] == "training"]
    points = next(line["points"] or "" for line in page.all("polyline") if line["class"] == "training").split()
    assert 400 < len(points) < 1_000
    heights = [float(point.split(",")[1]) for point in points]
    assert min(heights) < sorted(heights)[1] - 50
    assert len(html.encode()) - len(render(improved()).encode()) < 20_000
