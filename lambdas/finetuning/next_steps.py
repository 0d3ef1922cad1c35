"""What to try next: at most five proposals, each with the reason and an execution input to paste.

Adding a proposal = one function, its place in PROPOSALS, and its text in `texts/<language>/next_steps.json`.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from finetuning.base_models import JUDGE_MODELS
from finetuning.coverage_findings import WEAK, Questions, custom_scores, listed
from finetuning.outcome import Outcome, Step
from finetuning.training_steps import training_steps
from finetuning.verdict import Verdict

MOST = 5
# Of the answers that match the dataset's pattern; with fewer the custom model has not taken the pattern on.
FEW_MATCHES = 0.9
_COMPARED = (Verdict.IMPROVED, Verdict.NO_VISIBLE_EFFECT, Verdict.WORSE, Verdict.INCONCLUSIVE)


def next_steps(outcome: Outcome) -> list[dict[str, Any]]:
    """[{"text", "why", "input"}, …], the one that should help most first."""
    steps = [step for propose in PROPOSALS for step in propose(outcome)]
    return [{"text": step.text, "why": step.why, "input": outcome.completed(step.input)} for step in steps[:MOST]]


def _raise_budget(outcome: Outcome) -> Iterator[Step]:
    """Not where the throughput's price is unknown: what would be enough is not known then, and no limit can be kept."""
    if "throughputPerHour" in (outcome.result.get("cost") or {}).get("unknownPrices", ()):
        return
    if outcome.verdict is Verdict.OVER_BUDGET and outcome.too_much_usd is not None:
        usd, limit = math.ceil(outcome.too_much_usd), outcome.run.max_spend_usd
        why = outcome.say("next_steps.raiseBudgetWhy", usd=outcome.too_much_usd, limit=limit)
        yield outcome.step("raiseBudget", why, {**(outcome.resume or {}), "maxSpendUsd": usd}, usd=usd)


def _replace_judge(outcome: Outcome) -> Iterator[Step]:
    failure = outcome.result.get("failure") or {}
    if failure.get("error") == "JudgeUnusableError":
        why = outcome.say("next_steps.judgeUnusableWhy", judge=outcome.run.judge_model)
        yield _another_judge(outcome, why)


def _score_the_rest(outcome: Outcome) -> Iterator[Step]:
    unscored = sum((outcome.result.get("unscored") or {}).values())
    if unscored and outcome.verdict is not Verdict.FAILED:
        yield _another_judge(
            outcome, outcome.say("next_steps.unscoredWhy", count=unscored, judge=outcome.run.judge_model)
        )


def _another_judge(outcome: Outcome, why: str) -> Step:
    other = next(judge for judge in JUDGE_MODELS if judge != outcome.run.judge_model)
    return outcome.step("anotherJudge", why, {**(outcome.resume or {}), "judgeModel": other}, judge=other)


def _go_on(outcome: Outcome) -> Iterator[Step]:
    if outcome.verdict is Verdict.FAILED and outcome.resume is not None:
        yield outcome.step("goOn", outcome.say("next_steps.goOnWhy"), outcome.resume)


def _ask_the_rest(outcome: Outcome) -> Iterator[Step]:
    unanswered = (outcome.result.get("unanswered") or {}).get("custom", 0)
    if unanswered and outcome.resume is not None:
        why = outcome.say("next_steps.askTheRestWhy", count=unanswered)
        yield outcome.step("askTheRest", why, outcome.resume, count=unanswered)


def _ask_something_else(outcome: Outcome) -> Iterator[Step]:
    if outcome.verdict is Verdict.NO_HEADROOM:
        yield outcome.new_dataset("askSomethingElse", outcome.result["headline"])


def _ask_more(outcome: Outcome) -> Iterator[Step]:
    """The model that is there is asked: nothing is trained again."""
    power = outcome.result.get("power") or {}
    if outcome.verdict is Verdict.INCONCLUSIVE and (needed := power.get("neededQuestions")):
        name = outcome.next_dataset
        changes = {"dataset": name, "customModelArn": outcome.custom_model_arn}
        yield outcome.step("askMore", power["text"], changes, needed=needed, dataset=name)


def _mend_records(outcome: Outcome) -> Iterator[Step]:
    """Records that make the training data or the verdict wrong."""
    for finding in _coverage_findings(outcome):
        if finding["code"] == "leaked":
            yield outcome.new_dataset("removeLeaks", finding["text"], file=finding["evidence"]["file"])
        elif finding["code"] == "contradictory":
            yield outcome.new_dataset("mendContradictions", finding["text"])


def _train_otherwise(outcome: Outcome) -> Iterator[Step]:
    if outcome.verdict is not Verdict.FAILED:
        yield from training_steps(outcome)


def _fill_thin_topics(outcome: Outcome) -> Iterator[Step]:
    for finding in _coverage_findings(outcome):
        if finding["code"] == "thin_topic" and "weak" in finding["evidence"]:
            names = [topic["topic"] for topic in finding["evidence"]["topics"]]
            yield outcome.new_dataset("fillTopics", finding["text"], topics=listed(names, outcome.say))


def _improve_weak_topics(outcome: Outcome) -> Iterator[Step]:
    """Topics that are weak although the training data holds something on them, unless most of them all are."""
    findings, questions = _coverage_findings(outcome), outcome.result.get("questions") or ()
    thin = {topic["topic"] for finding in findings for topic in finding["evidence"].get("topics", ())}
    every_weak = weak_topics(questions)
    weak = [(topic, score) for topic, score in every_weak if topic not in thin]
    if outcome.verdict in _COMPARED and weak and 2 * len(every_weak) < len(custom_scores(questions)):
        say = outcome.say
        scores = [say("next_steps.topicScore", topic=topic, score=score) for topic, score in weak]
        why = say("next_steps.improveTopicsWhy", below=WEAK, scores=listed(scores, say))
        yield outcome.new_dataset("improveTopics", why, topics=listed([topic for topic, _ in weak], say))


def weak_topics(questions: Questions) -> list[tuple[str, float]]:
    """Topics on which the custom model's mean correctness is below WEAK, the weakest first."""
    means = {topic: sum(scores) / len(scores) for topic, scores in custom_scores(questions).items()}
    return sorted(((topic, mean) for topic, mean in means.items() if mean < WEAK), key=lambda pair: pair[1])


def _teach_pattern(outcome: Outcome) -> Iterator[Step]:
    pattern = (outcome.result.get("scores") or {}).get("pattern")
    if pattern and pattern["custom"] < FEW_MATCHES:
        why = outcome.say("next_steps.teachPatternWhy", custom=pattern["custom"], base=pattern["base"])
        yield outcome.new_dataset("teachPattern", why, name=pattern["name"])


def _confirm(outcome: Outcome) -> Iterator[Step]:
    if outcome.verdict is Verdict.IMPROVED and outcome.custom_model_arn:
        name = outcome.next_dataset
        why = outcome.say("next_steps.confirmWhy", n=outcome.result["scores"]["correctness"]["n"])
        yield outcome.step("confirm", why, {"dataset": name, "customModelArn": outcome.custom_model_arn}, dataset=name)


def _evaluate_all_the_same(outcome: Outcome) -> Iterator[Step]:
    """The job is paid for, and losses do not tell everything."""
    if outcome.verdict is Verdict.DID_NOT_LEARN and outcome.custom_model_arn:
        why = outcome.say("next_steps.evaluateAllTheSameWhy")
        yield outcome.step("evaluateAllTheSame", why, {"customModelArn": outcome.custom_model_arn})


def _coverage_findings(outcome: Outcome) -> list[Mapping[str, Any]]:
    findings: list[Mapping[str, Any]] = (outcome.result.get("coverage") or {}).get("findings", [])
    return findings


# First what a verdict is missing, then what makes it untrue, then what changes the model most, then what sharpens it.
PROPOSALS: tuple[Callable[[Outcome], Iterable[Step]], ...] = (
    _raise_budget,
    _replace_judge,
    _go_on,
    _ask_the_rest,
    _ask_something_else,
    _ask_more,
    _score_the_rest,
    _mend_records,
    _train_otherwise,
    _fill_thin_topics,
    _improve_weak_topics,
    _teach_pattern,
    _confirm,
    _evaluate_all_the_same,
)
