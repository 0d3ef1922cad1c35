"""A page computes no number: what an older result lacks is filled in before, what a result has is shown as it is."""

import pytest
from finetuning.report import render
from finetuning.report.completed import completed
from report_pages import EXAMPLES, Example, Page, improved, no_headroom


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_older_result_gives_the_same_page_as_the_completed_one(example: Example) -> None:
    document = completed(example())

    assert render(document) == render(example())
    assert completed(document) == document


def test_numbers_that_follow_from_others() -> None:
    document = completed(improved())

    assert document["durations"] == {"runSeconds": 9791.0, "jobSeconds": 7408.0}
    assert [event["elapsedSeconds"] for event in document["timeline"]] == sorted(
        event["elapsedSeconds"] for event in document["timeline"]
    )
    for model in ("base", "custom"):
        found = document["distribution"][model]
        assert sum(found["counts"].values()) == found["n"]
        assert found["lowest"] <= found["median"] <= found["highest"]


def test_what_was_not_compared_has_the_base_models_means() -> None:
    topics = completed(no_headroom())["effects"]["topic"]

    assert topics["quotas"] == {"n": 2, "base": 3.5, "difference": None}


def test_the_page_shows_the_documents_numbers_and_no_others() -> None:
    document = completed(improved())
    document["durations"] = {"runSeconds": 61, "jobSeconds": 62}
    document["distribution"]["base"]["median"] = 9.75
    document["timeline"][1]["elapsedSeconds"] = 63

    text = Page(render(document)).text

    assert text.count("1 min 1 s") == 3
    assert "1 min 2 s" in text
    assert "1 min 3 s" in text
    assert "median 9.75" in text
