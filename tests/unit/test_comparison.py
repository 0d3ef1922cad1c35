"""Pages about several runs: what may be compared, what differs, what a point cost."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from finetuning.report.comparability import incomparable, is_usd_per_point_lower_bound, usd_per_point, varied
from finetuning.report.comparison import Run, render_comparison
from finetuning.report.index import render_index
from finetuning.texts import LANGUAGES, Language

RESULT: dict[str, Any] = json.loads(Path("tests/unit/results/improved.json").read_text(encoding="utf-8"))


def result(run_id: str = "run", **changes: object) -> dict[str, Any]:
    """That result with values changed by dotted path, as in provenance__judgeModel="another"."""
    document = copy.deepcopy({**RESULT, "runId": run_id})
    for path, value in changes.items():
        *way, last = path.split("__")
        part = document
        for key in way:
            part = part[key]
        part[last] = value
    return document


@pytest.mark.parametrize(
    ("changes", "differing"),
    [
        ({}, []),
        ({"provenance__dataset__evaluation": {"sha256": "another"}}, ["evaluationData"]),
        ({"judge": {"model": "another", "version": RESULT["judge"]["version"]}}, ["judgeModel"]),
        ({"judge__version": "another"}, ["judgeVersion"]),
        ({"judge": None, "provenance__judgeModel": RESULT["judge"]["model"]}, ["judgeVersion"]),
        ({"provenance__environment": "local"}, ["environment"]),
        # Nothing of it was measured: there is nothing to compare it with.
        ({"scores": {}, "judge": None, "provenance__dataset": {}}, []),
    ],
)
def test_scores_are_compared_only_where_the_same_was_measured(changes: dict[str, Any], differing: list[str]) -> None:
    found = incomparable([result(), result(**changes), result()])
    assert list(found) == differing
    assert all(list(groups.values()) == [[0, 2], [1]] for groups in found.values())


def test_what_differs_is_said_with_the_runs_that_it_concerns() -> None:
    runs = [Run(result(name), None) for name in ("one", "two")]
    assert "must not be compared" not in render_comparison(runs, "en")

    page = render_comparison([*runs, Run(result("three", judge__model="another <b>judge</b>"), None)], "en")
    assert "must not be compared" in page
    assert f"run 1, 2: {RESULT['judge']['model']}; run 3: another &lt;b&gt;judge&lt;/b&gt;" in page


def test_a_number_is_the_same_setting_however_it_is_written() -> None:
    written = {name: str(value) for name, value in RESULT["provenance"]["hyperParameters"].items()}
    assert varied([result(), result(provenance__hyperParameters=written)]) == []


def test_how_the_models_were_asked_is_a_setting() -> None:
    short, long = (result(provenance__answers={"maxTokens": most, "temperature": 0}) for most in (256, 512))
    assert varied([short, long]) == ["maxTokens"]


def test_a_run_that_recorded_nothing_does_not_make_settings_differ() -> None:
    refused = {"runId": "refused", "verdict": "failed", "provenance": {"hyperParameters": None, "dataset": None}}
    assert varied([result(), refused]) == []
    page = render_comparison([Run(result("one"), None), Run(refused, None)], "ja")
    assert "異なる設定" in page
    assert "earlyStoppingPatience" not in page


def test_a_long_setting_is_cut_visibly() -> None:
    page = render_comparison(
        [Run(result("one", provenance__systemPrompt="x" * 5_000), None), Run(result(), None)], "en"
    )
    assert f"{'x' * 200}…" in page
    assert "x" * 201 not in page


def test_patterns_of_different_names_are_different_metrics() -> None:
    pattern = {**RESULT["scores"]["refusals"], "range": [0, 1]}
    runs = [
        Run(result(name, scores={**RESULT["scores"], "pattern": {**pattern, "name": name}}), None)
        for name in ("polite", "short")
    ]
    page = render_comparison(runs, "en")
    headings = re.findall(r"<h2 id=\"metric-pattern-\d-title\">(\w+)</h2>", page)
    assert headings == ["polite", "short"]


def test_settings_that_vary_are_named() -> None:
    longer = result(provenance__hyperParameters={**RESULT["provenance"]["hyperParameters"], "epochCount": "99"})
    assert varied([result(), result()]) == []
    assert varied([result(), longer]) == ["epochCount"]
    assert varied([result(), result(provenance__systemPrompt="Be brief.")]) == ["systemPrompt"]


@pytest.mark.parametrize(
    ("verdict", "correctness", "usd", "per_point"),
    [
        ("improved", {"difference": 4.0, "ci95": [1.0, 6.0]}, 100.0, 25.0),
        ("inconclusive", {"difference": 4.0, "ci95": [1.0, 6.0]}, 100.0, None),
        ("no_visible_effect", {"difference": 0.3, "ci95": [0.1, 0.4]}, 100.0, None),
        ("worse", {"difference": -2.0, "ci95": [-3.0, -1.0]}, 100.0, None),
        ("improved", {"difference": 4.0, "ci95": [1.0, 6.0]}, None, None),
        ("failed", {}, 100.0, None),
    ],
)
def test_a_point_has_a_price_where_one_was_gained(
    verdict: str, correctness: dict[str, Any], usd: float | None, per_point: float | None
) -> None:
    found = {**result(scores__correctness=correctness, cost__actualUsd=usd), "verdict": verdict}
    assert usd_per_point(found) == per_point


def test_a_price_without_the_training_is_a_lower_bound() -> None:
    whole = result(cost__isLowerBound=False)
    assert not is_usd_per_point_lower_bound(whole)
    assert is_usd_per_point_lower_bound({**whole, "training": None})
    assert is_usd_per_point_lower_bound(result(cost__isLowerBound=False, provenance__earlierRuns=["before"]))
    assert is_usd_per_point_lower_bound(result(cost__isLowerBound=True))


@pytest.mark.parametrize("language", LANGUAGES)
def test_runs_that_ended_early_are_listed_too(language: Language) -> None:
    early: dict[str, Any] = {"runId": "early", "verdict": "failed", "cost": None, "provenance": {}}
    for render in (render_comparison, render_index):
        page = render([Run(result("whole"), "whole/report.html"), Run(early, None)], language)
        assert 'href="whole/report.html"' in page
        assert "early" in page


def test_the_index_lists_the_newest_run_first() -> None:
    started = {"old": "2026-02-01T09:00:00+09:00", "new": "2026-02-01T01:00:00+00:00", "without": None}
    runs = [Run(result(name, provenance__startedAt=at), None) for name, at in started.items()]
    page = render_index(runs, "en")
    assert sorted(started, key=lambda name: page.index(f"<span>{name}</span>")) == ["new", "old", "without"]


def test_of_equal_losses_the_last_is_the_lowest_as_in_the_runs_own_report() -> None:
    tie = [{"epoch": epoch, "loss": loss} for epoch, loss in enumerate((2.533, 1.476, 1.476, 1.496), start=1)]
    page = render_comparison([Run(result("one", training__validationLoss=tie), None)], "en")
    assert "Run 1: from 2.533 to 1.476 after epoch 3." in page


def test_curves_of_different_validation_data_are_said_to_be() -> None:
    other = result("other", provenance__dataset__validation={"sha256": "another"})
    words = "their heights cannot"
    assert words not in render_comparison([Run(result("one"), None), Run(result("two"), None)], "en")
    assert words in render_comparison([Run(result("one"), None), Run(other, None)], "en")


@pytest.mark.parametrize("render", [render_comparison, render_index])
def test_local_runs_are_said_to_have_paid_nothing(render: Any) -> None:  # noqa: ANN401 - either function
    words = "nothing was paid"
    local = result("local", provenance__environment="local")
    assert words not in render([Run(result("one"), None), Run(result("two"), None)], "en")
    assert words in render([Run(result("one"), None), Run(local, None)], "en")


def test_another_metric_does_not_stand_for_correctness() -> None:
    scores = {"chrf": {**RESULT["scores"]["chrf"], "difference": 37.25}}
    page = render_index([Run(result(scores=scores), None)], "en")
    assert "37.2" not in page


def test_training_loss_is_not_overlaid_as_validation_loss() -> None:
    unvalidated = result("two", training__validationLoss=[], training__validated=False)
    page = render_comparison([Run(result("one"), None), Run(unvalidated, None)], "en")
    assert "Run 1: from" in page
    assert "Run 2: from" not in page
