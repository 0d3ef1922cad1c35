"""What follows from a dataset's coverage: leaks, contradictions, thin topics. Each rule is a pure function."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from finetuning.findings import Finding
from finetuning.texts import Texts

# A correctness below this is weak.
WEAK = 5.0
# A topic that no more training records are related to is thin.
THIN = 2
# More than these are counted, not named.
MAX_NAMED = 5

Coverage = Mapping[str, Any]
"""The document that coverage.measure returns."""
Questions = Sequence[Mapping[str, Any]]
"""As in result.json."""


def leaked(coverage: Coverage, file: str) -> Finding | None:
    """Questions of that file ("evaluation" or "validation") that the training data asks too."""
    found = coverage["leaks"][file]
    return Finding("leaked", {"file": f"{file}.jsonl", **found}) if found["count"] else None


def contradictory(coverage: Coverage) -> Finding | None:
    """Training records that ask the same and answer differently."""
    found = coverage["contradictions"]
    return Finding("contradictory", found) if found["count"] else None


def thin_topic(coverage: Coverage, questions: Questions = ()) -> Finding | None:
    """Topics with few training records.

    Once the custom model's answers are scored: those with weak answers, if answers on thin topics are weak more often
    than the others. Where all answers are weak, the reason is another one.
    """
    thin = [topic for topic in coverage["topics"] if topic["trainingRecords"] <= THIN]
    scores = custom_scores(questions)
    if not scores:
        return Finding("thin_topic", {"mostRecords": THIN, "topics": thin}) if thin else None
    names = {topic["topic"] for topic in thin}
    here = [score < WEAK for topic, found in scores.items() if topic in names for score in found]
    elsewhere = [score < WEAK for topic, found in scores.items() if topic not in names for score in found]
    if _share(here) <= _share(elsewhere):
        return None
    evidence = {
        "weak": sum(here) + sum(elsewhere),
        "weakHere": sum(here),
        "below": WEAK,
        "mostRecords": THIN,
        "topics": [topic for topic in thin if any(score < WEAK for score in scores.get(topic["topic"], ()))],
    }
    return Finding("thin_topic", evidence)


def _share(are_weak: Sequence[bool]) -> float:
    return sum(are_weak) / len(are_weak) if are_weak else 0.0


def custom_scores(questions: Questions) -> Mapping[str, Sequence[float]]:
    """The correctness of the custom model's answers that have a score, by topic."""
    scores = defaultdict(list)
    for question in questions:
        correctness = (question.get("custom") or {}).get("correctness")
        if correctness is not None:
            scores[question["topic"]].append(correctness)
    return scores


def record_findings(coverage: Coverage, say: Texts) -> list[dict[str, Any]]:
    """What the records alone show, before anything is spent, as result.json has it."""
    found = (leaked(coverage, "evaluation"), contradictory(coverage), leaked(coverage, "validation"))
    return [
        finding.to_json(say, f"coverage.{finding.code}", lines=_lines(finding.evidence, say))
        for finding in found
        if finding
    ]


def describe(coverage: Coverage, questions: Questions, say: Texts) -> dict[str, Any]:
    """The part `coverage` of result.json."""
    scores = custom_scores(questions)
    findings = record_findings(coverage, say)
    if thin := thin_topic(coverage, questions):
        key = "coverage.thin_topic" if scores else "coverage.thin_topic_unscored"
        findings.append(thin.to_json(say, key, names=listed([each["topic"] for each in thin.evidence["topics"]], say)))
    return {
        "method": say("coverage.method"),
        "threshold": coverage["threshold"],
        "topics": [
            {**topic, "correctness": sum(found) / len(found) if (found := scores.get(topic["topic"])) else None}
            for topic in coverage["topics"]
        ],
        "findings": findings,
    }


def _lines(evidence: Mapping[str, Any], say: Texts) -> str:
    pairs = [say("coverage.pair", line=pair["line"], other=pair["otherLine"]) for pair in evidence["pairs"]]
    return listed(pairs, say, evidence["count"])


def listed(names: Sequence[str], say: Texts, count: int | None = None) -> str:
    """The first few of them. count: of all, where `names` has only a part."""
    more = (count or len(names)) - MAX_NAMED
    return say("coverage.comma").join([*names[:MAX_NAMED], *([say("coverage.more", n=more)] if more > 0 else [])])
