"""The report says what the document says."""

import json
from statistics import fmean

import pytest
from finetuning.report import render
from report_pages import (
    EXAMPLES,
    Example,
    Page,
    did_not_learn,
    failed_in_configure_run,
    improved,
    no_headroom,
)


def test_difference_and_its_interval_are_those_of_the_document() -> None:
    page = Page(render(improved()))
    correctness = improved()["scores"]["correctness"]
    shown = [float(data["value"] or "nan") for data in page.all("data")]

    assert {correctness["difference"], *correctness["ci95"], correctness["base"], correctness["custom"]} <= set(shown)
    low, high = correctness["ci95"]
    assert f"95% interval +{low:.2f} to +{high:.2f}; p < 0.001; 11 questions" in page.text
    assert "the interval does not contain zero" in page.text


def test_cost_is_a_lower_bound_when_a_price_is_unknown() -> None:
    text = Page(render(improved())).text
    assert "at least $82.3" in text
    assert "Estimated before: at least $264.31" in text
    assert "Limit: $300.00" in text
    assert "Price not known: Training" in text


def test_cost_that_is_known_is_not_called_a_lower_bound() -> None:
    document = improved()
    document["cost"] |= {"isLowerBound": False, "unknownPrices": []}
    assert "at least $" not in Page(render(document)).text


def test_throughput_time_and_duration_of_the_run() -> None:
    text = Page(render(improved())).text
    assert "37 min 24 s" in text
    assert "2 h 43 min" in text


def test_what_part_of_the_throughput_answered_questions_is_shown() -> None:
    page = Page(render(improved()))

    assert page.text.count("2 min 14 s of it (6%) answered questions") == 2
    assert "1 model unit of Provisioned Throughput was bought and existed for 37 min 24 s. 2 min" in page.text
    assert "of it (" not in Page(render(did_not_learn())).text


def test_questions_that_time_did_not_suffice_for_are_counted() -> None:
    document = improved()

    assert "time did not suffice for, left out too: 3." in Page(render(document | {"unanswered": {"custom": 3}})).text
    assert "time did not suffice" not in Page(render(document)).text


def test_a_run_that_went_on_names_the_earlier_ones() -> None:
    document = improved()
    document["provenance"]["earlierRuns"] = ["run-2", "run-1"]

    assert "run-2, run-1" in Page(render(document)).text


def test_no_throughput_is_said_in_words() -> None:
    assert "No Provisioned Throughput was bought." in Page(render(did_not_learn())).text


def test_unscored_answers_are_counted() -> None:
    assert "Answers that the judge could not score, left out of the means: base 0, custom 1." in render(improved())


def test_topic_means_leave_out_questions_without_both_scores() -> None:
    document = improved() | {"effects": None}
    scored = [q for q in document["questions"] if q["topic"] == "evaluation" and q["difference"] is not None]
    assert len(scored) == 1
    row = f"evaluation1{fmean(q['base']['correctness'] for q in scored):.2f}"
    assert row in Page(render(document)).text


def test_topics_of_a_run_without_custom_answers_show_the_base_model() -> None:
    text = Page(render(no_headroom())).text
    assert f"quotas2{fmean((2, 5)):.2f}" in text


def test_questions_stand_with_both_answers_scores_and_reasons() -> None:
    document = improved()
    text = Page(render(document)).text
    for question in document["questions"]:
        for answered in (question["base"], question["custom"]):
            assert answered["answer"] in text
            assert answered["reason"] in text
    assert "Correctness\N{NO-BREAK SPACE}not scored" in text


def test_model_that_answered_nothing_has_no_column_of_answers() -> None:
    page = Page(render(no_headroom()))
    labels = {cell.get("data-label") for cell in page.all("td")}
    assert "Base model" in labels
    assert "Custom model" not in labels


def test_next_step_can_be_pasted() -> None:
    document = improved()
    pasted = json.dumps(document["nextSteps"][1]["input"], indent=2)
    assert pasted in Page(render(document)).text


def test_a_dataset_that_is_not_there_yet_and_a_model_that_is_gone_are_told() -> None:
    document = improved()
    document["provenance"]["environment"] = "local"
    document["nextSteps"] = [{"text": "Add records.", "input": {"dataset": "bedrock-faq-2"}}]
    one = Page(render(document)).text
    document["nextSteps"].append({"text": "Confirm.", "input": {"customModelArn": "arn"}})
    both = Page(render(document)).text
    document["provenance"]["environment"] = "aws"

    assert "The dataset bedrock-faq-2 does not exist yet: copy the three files" in one
    assert "work on AWS only" not in one
    assert "work on AWS only" in both
    assert "work on AWS only" not in Page(render(document)).text


def test_failure_says_where_what_and_what_to_do() -> None:
    document = failed_in_configure_run()
    text = Page(render(document)).text
    assert "InvalidInputError in ConfigureRun" in text
    assert document["failure"]["message"] in text
    assert document["failure"]["whatToDo"] in text
    assert text.index("What stopped the run") < text.index("How sure?")


@pytest.mark.parametrize(("environment", "said"), [("local", True), ("aws", False)])
def test_local_run_says_that_its_numbers_say_nothing_about_bedrock(environment: str, said: bool) -> None:
    document = improved()
    document["provenance"]["environment"] = environment
    assert ("This was a local run." in Page(render(document)).text) is said


@pytest.mark.parametrize("example", EXAMPLES)
def test_headline_and_verdict_are_on_the_page(example: Example) -> None:
    document = example()
    text = Page(render(document)).text
    assert document["headline"] in text
    assert document["verdict"].replace("_", " ").capitalize() in text


def test_the_style_that_the_card_asks_for_is_spoken_of_on_the_first_screen() -> None:
    document = improved() | {"pattern": {"text": "The style: 0 of 40 → 8 of 40 answers."}}
    text = Page(render(document)).text

    assert text.index("The style: 0 of 40") < text.index("How sure?")
    assert document["headline"] in text


def test_a_message_is_a_quotation() -> None:
    page = Page(render(failed_in_configure_run() | {"language": "ja"}))

    assert "The execution input has 2 problems." in page.text
    assert [quotation["class"] for quotation in page.all("blockquote")] == ["text message"]


def test_how_the_models_were_asked_is_in_the_provenance() -> None:
    document = improved()
    document["provenance"]["answers"] = {"maxTokens": 512, "temperature": 0.2}

    assert "How both models were askedmaxTokens 512, temperature 0.2" in Page(render(document)).text


def test_first_screen_answers_five_questions() -> None:
    document = improved()
    text = Page(render(document)).text
    first_screen = text[: text.index("Sections") if "Sections" in text else text.index("Warnings")]

    assert document["headline"] in first_screen
    assert "Questions answered better: 11, the same: 0, worse: 0" in first_screen
    assert document["power"]["text"] in first_screen
    assert document["training"]["diagnosis"] in first_screen
    assert "at least $82.30" in first_screen
    assert document["nextSteps"][0]["text"] in first_screen


def test_every_number_of_every_metric_is_on_the_page() -> None:
    document = improved()
    page = Page(render(document))
    shown = {float(data["value"] or "nan") for data in page.all("data")}
    for metric, score in document["scores"].items():
        numbers = [score[key] for key in ("base", "custom", "difference", "pValue")]
        assert {*numbers, *score["ci95"], *score["baseCi95"], *score["customCi95"]} <= shown, metric
    for effects in document["effects"].values():
        for name, effect in effects.items():
            assert {effect["base"], effect["custom"], effect["difference"], *(effect["ci95"] or ())} <= shown, name


def test_shares_are_percentages_and_what_is_neither_good_nor_bad_has_no_colour() -> None:
    page = Page(render(improved()))
    values = dict.fromkeys(["good", "neutral"], 0)
    document = improved()
    assert document["scores"]["refusals"]["base"] == pytest.approx(1 / 12)
    assert "8%" in page.text
    assert "neither is better" in page.text
    assert document["scores"]["length"]["difference"] > 0
    row = render(document).split("Answer length")[1].split("</tr>")[0]
    values = {tone: row.count(f'"point {tone}"') for tone in values}
    assert values == {"good": 0, "neutral": 1}


def test_a_run_that_ended_before_the_custom_model_shows_the_base_models_scores() -> None:
    document = no_headroom()
    page = Page(render(document))
    shown = {float(data["value"] or "nan") for data in page.all("data")}
    for mean in document["baseScores"].values():
        assert {mean["mean"], *mean["ci95"]} <= shown
    assert "Correctness of the base model" in page.text


def test_rows_carry_what_they_are_sorted_and_filtered_by() -> None:
    document = improved()
    rows = [row for row in Page(render(document)).all("tr") if "data-question" in row]
    assert len(rows) == len(document["questions"])
    first, last = rows[0], rows[-1]
    assert (first["data-topic"], first["data-language"]) == ("provisioned throughput", "en")
    assert (first["data-base"], first["data-custom"], first["data-difference"]) == ("2.0", "9.0", "7")
    assert first["data-change"] == "better"
    assert first["data-coverage"] == str(document["questions"][0]["coverage"]["records"])
    assert last["data-change"] == "notCompared"
    assert "data-difference" not in last


def test_controls_are_off_until_the_script_turns_them_on() -> None:
    page = Page(render(improved()))
    buttons = page.all("button")
    assert [button["data-sort"] for button in buttons] == ["topic", "base", "custom", "difference", "coverage"]
    assert all("disabled" in button for button in buttons)
    assert [form for form in page.all("form") if "hidden" not in form] == []
    options = [option["value"] for option in page.all("option")]
    assert {question["topic"] for question in improved()["questions"]} <= set(options)


def test_judge_that_could_not_be_trusted_says_so() -> None:
    document = improved()
    document["judge"]["calibration"] |= {"passed": False, "separation": 0.4}
    assert "Not passed: reference answers score 0.40 points more" in Page(render(document)).text


def test_repeated_judgements_are_shown_one_by_one() -> None:
    document = improved()
    document["questions"][0]["base"] |= {"scores": [2, 3, 1], "correctness": 2.0}
    assert "Correctness\N{NO-BREAK SPACE}2 (2, 3, 1)" in Page(render(document)).text


def test_finding_shows_its_evidence() -> None:
    document = improved()
    text = Page(render(document)).text
    for finding in document["training"]["findings"] + document["coverage"]["findings"]:
        assert finding["text"] in text
        assert finding["code"] in text
    assert "lowest loss1.476" in text
    leaked = document["coverage"]["findings"][0]["evidence"]["pairs"]
    assert "".join(f"{pair['line']}{pair['otherLine']}{pair['similarity']}" for pair in leaked) in text


def test_pattern_of_the_dataset_has_its_own_name() -> None:
    document = improved()
    document["scores"]["pattern"] = document["scores"]["refusals"] | {
        "name": "ends in gozaru",
        "base": 0.25,
        "custom": 1.0,
        "higherIsBetter": True,
    }
    document["questions"][0]["custom"]["pattern"] = True
    page = Page(render(document))

    assert "ends in gozaru 0% to 100%, share of answers, higher is better25%" in page.text
    assert page.text.count("ends in gozaru") == 2


def test_question_that_no_training_record_resembles_has_no_nearest_one() -> None:
    document = improved()
    document["questions"] = document["questions"][:1]
    document["questions"][0]["coverage"] = {"records": 0, "similarity": 0.0, "line": None}
    assert "nearest" not in Page(render(document)).text.split("Questions and answers")[1]


def test_questions_that_were_already_answered_are_linked() -> None:
    document = no_headroom()
    document["headroom"]["alreadyAnswered"] = [1, 4]
    links = [link["href"] for link in Page(render(document)).all("a")]
    assert {"#question-2", "#question-5"} <= set(links)


def test_a_throughput_that_may_be_alive_is_told_before_all_else() -> None:
    document = improved()
    warning = "THE PROVISIONED THROUGHPUT MAY STILL BE ALIVE"
    document["warnings"].insert(0, warning)
    assert Page(render(document)).text.count(warning) == 1

    document["hosting"] = {"alive": True}
    page = Page(render(document))
    assert page.text.count(warning) == 2
    assert page.text.index(warning) < page.text.index("How sure?")
    assert [aside["class"] for aside in page.all("aside")][:1] == ["stopped bad"]


def test_without_an_interval_none_is_spoken_of() -> None:
    document = improved()
    document["scores"]["correctness"] |= {"ci95": None, "n": 3}
    text = Page(render(document)).text
    first_screen = text[text.index("How sure?") : text.index("What did it cost?")]

    assert "3 questions" in first_screen
    assert "95% interval" not in first_screen


def test_questions_count_from_1() -> None:
    page = Page(render(improved()))
    rows = [row["id"] for row in page.all("tr") if "data-question" in row]

    assert rows == [f"question-{place}" for place in range(1, len(rows) + 1)]
    assert f"#{len(rows)}{improved()['questions'][-1]['topic']}" in page.text
    links = {link["href"] for link in page.all("a") if (link["href"] or "").startswith("#question-")}
    assert links <= {f"#{row}" for row in rows}


def test_a_run_that_goes_on_says_that_its_cost_is_its_own() -> None:
    document = improved()
    assert "This run only" not in Page(render(document)).text
    document["provenance"]["earlierRuns"] = ["before"]
    assert "This run only" in Page(render(document)).text


def test_what_the_datasets_card_asks_for_stands_with_the_scores() -> None:
    document = improved()
    document["provenance"]["pattern"] = {"name": "polite", "regex": "<b>$", "description": "ends in a bold word"}
    asked = "polite, ends in a bold word: the share of answers in which this is found: <b>$"
    assert asked in Page(render(document)).text
