"""How far the measurement can be trusted: what the questions can show, and the judge that scored."""

from collections.abc import Mapping, Sequence
from typing import Any

from finetuning.report.formatting import MISSING, exact, is_number, number, question_number
from finetuning.report.markup import Html, definitions, element, join, section, table
from finetuning.report.score import primary_score
from finetuning.report.wording import named
from finetuning.texts import Texts


def headroom(result: Mapping[str, Any], say: Texts) -> Html | None:
    """What the base model left to gain, and how large a difference this many questions can show."""
    left, power = result.get("headroom") or {}, result.get("power") or {}
    if not left and not power:
        return None
    score = primary_score(result)
    facts = {
        "mean": exact(left.get("mean"), score.show(left.get("mean"))),
        "minimum": number(left.get("minimum"), score.decimals),
        "questionsWithHeadroom": _counted(left.get("questionsWithHeadroom")),
        "alreadyAnswered": _counted(left.get("alreadyAnswered"), linked=True),
        "detectableBefore": exact(left.get("detectableDifference"), score.show(left.get("detectableDifference"))),
        "minimumQuestions": number(power.get("minimumQuestions")),
        "detectableDifference": exact(power.get("detectableDifference"), score.show(power.get("detectableDifference"))),
        "neededQuestions": number(power.get("neededQuestions")),
    }
    text = power.get("text")
    return section(
        "headroom",
        say("report.headroom.title"),
        element("p", text) if text else None,
        definitions({say(f"report.headroom.{name}"): fact for name, fact in facts.items() if _known(fact)}),
    )


def _known(fact: str) -> bool:
    return MISSING not in fact


def _counted(indices: Sequence[int] | None, *, linked: bool = False) -> str:
    """How many questions there are, with links to them."""
    if indices is None:
        return MISSING
    numbers = map(question_number, indices) if linked else ()
    links = (element("a", f"#{each}", href=f"#question-{each}") for each in numbers)
    return join([number(len(indices)), *links], " ")


def judge(result: Mapping[str, Any], say: Texts) -> Html | None:
    by = result.get("judge") or {}
    if not by:
        return None
    unscored = by.get("unscored") or {}
    facts = {
        "model": by.get("model"),
        "version": by.get("version"),
        "repeats": number(by.get("repeats")),
        "spread": number(by.get("spread"), 2) if is_number(by.get("spread")) else say("report.judge.noSpread"),
        "unscored": say(
            "report.judge.unscoredCounts", base=number(unscored.get("base")), custom=number(unscored.get("custom"))
        ),
    }
    return section(
        "judge",
        say("report.judge.title"),
        element("p", say("report.judge.reading")),
        definitions({say(f"report.judge.{name}"): str(fact or MISSING) for name, fact in facts.items()}),
        _calibration(by.get("calibration") or {}, say),
    )


def _calibration(calibration: Mapping[str, Any], say: Texts) -> Html | None:
    kinds = calibration.get("kinds") or {}
    if not kinds:
        return None
    passed = "passed" if calibration.get("passed") else "notPassed"
    rows = [
        [
            named(say, "kind", kind),
            exact((found or {}).get("mean"), number((found or {}).get("mean"), 2)),
            number((found or {}).get("n")),
        ]
        for kind, found in kinds.items()
    ]
    columns = [say(f"report.judge.{column}") for column in ("kind", "mean", "n")]
    return element(
        "div",
        element("h3", say("report.judge.calibration")),
        element("p", say(f"report.judge.{passed}", separation=number(calibration.get("separation"), 2))),
        table(columns, rows, numeric=(1, 2)),
    )
