"""The parts of result.json about what was measured, from the documents under scores/."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from finetuning.base_models import EMBEDDING_MODEL
from finetuning.headroom import has_headroom, leaves_points
from finetuning.rubric import HIGHEST, VERSION
from finetuning.run_config import RunConfig
from finetuning.run_store import AnsweringModel
from finetuning.texts import Texts
from finetuning.verdict import MINIMUM_QUESTIONS, Verdict, pattern, power

# What an answer's scores hold beside its measures.
_BOOKKEEPING = ("index", "judgedAt", "judgeInputTokens", "judgeOutputTokens", "embeddingTokens")


@dataclass(frozen=True)
class Measurement:
    """documents: scores/<model>.json of each model that was scored. calibration: as CalibrateJudge left it, if it did.

    pattern: the dataset's, if it has one.
    """

    documents: Mapping[AnsweringModel, Mapping[str, Any]]
    calibration: Mapping[str, Any] | None
    pattern: Mapping[str, str] | None
    run: RunConfig | None

    @property
    def scores(self) -> dict[str, Any]:
        """metric → paired comparison; empty before both models are scored."""
        scores = dict(self.documents.get("custom", {}).get("comparison", {}))
        if "pattern" in scores and self.pattern:
            scores["pattern"] = {"name": self.pattern["name"], **scores["pattern"]}
        return scores

    def parts(self, verdict: Verdict, say: Texts) -> dict[str, Any]:
        base, custom, scores = self.documents.get("base"), self.documents.get("custom", {}), self.scores
        correctness = scores.get("correctness")
        return {
            "scores": scores,
            "baseScores": base["metrics"] if base else {},
            "effects": custom.get("effects", {}),
            "pattern": self._pattern(say),
            "power": power(correctness, verdict, say, custom["asked"]) if correctness else None,
            "headroom": base["headroom"] if base else None,
            "judge": self._judge(),
            "unscored": {model: document["unscored"] for model, document in self.documents.items()},
            "unanswered": {model: document["unanswered"] for model, document in self.documents.items()},
        }

    def _pattern(self, say: Texts) -> dict[str, Any] | None:
        """None where the dataset has no pattern, or no answer was looked at."""
        base, custom = self.documents.get("base"), self.documents.get("custom")
        measured = self.scores.get("pattern") or (base or {}).get("metrics", {}).get("pattern")
        document = custom or base
        if self.pattern is None or measured is None or document is None:
            return None
        return {"name": self.pattern["name"], **pattern(measured, self.pattern["name"], say, document["asked"])}

    def of_answer(self, model: AnsweringModel, index: int) -> dict[str, Any]:
        """What was measured of one answer; no correctness before it was judged."""
        found = self._scored.get((model, index), {})
        measures = {key: value for key, value in found.items() if key not in _BOOKKEEPING}
        if self.pattern is None:
            measures.pop("pattern", None)
        return {"correctness": None, "reason": None, **measures}

    @cached_property
    def _scored(self) -> Mapping[tuple[AnsweringModel, int], Mapping[str, Any]]:
        return {
            (model, question["index"]): question
            for model, document in self.documents.items()
            for question in document["questions"]
        }

    def warnings(self, say: Texts) -> Iterator[str]:
        """What lessens how far the numbers can be trusted."""
        for model, document in self.documents.items():
            name = say(f"verdict.{model}")
            if document["unscored"]:
                yield say("verdict.unscored", count=document["unscored"], model=name)
            if document["unanswered"]:
                yield say("verdict.unanswered", count=document["unanswered"], model=name)
            if missing := _missing(document, "similarity"):
                reason, embedding_model = document["embeddingProblem"], EMBEDDING_MODEL.id
                yield say(
                    "verdict.noSimilarity", count=missing, model=name, embeddingModel=embedding_model, reason=reason
                )
            if self.pattern and (missing := _missing(document, "pattern")):
                yield say("verdict.patternTooSlow", count=missing, model=name)
        yield from self._warnings_of_size(say)

    def _warnings_of_size(self, say: Texts) -> Iterator[str]:
        if "correctness" in self.scores and (n := self.scores["correctness"]["n"]) < MINIMUM_QUESTIONS:
            yield say("verdict.fewQuestions", n=n, minimum=MINIMUM_QUESTIONS)
        if "base" in self.documents:
            room = self.documents["base"]["headroom"]
            metrics, left = self.documents["base"]["metrics"], HIGHEST - room["mean"]
            if leaves_points(room["mean"], room["minimum"]):
                if left < (detectable := room["detectableDifference"]):
                    n = metrics["correctness"]["n"]
                    yield say("verdict.littleRoom", left=left, n=n, detectable=detectable)
            elif self.pattern and has_headroom(metrics, room["minimum"]):
                yield say("verdict.styleAlone", mean=room["mean"], name=self.pattern["name"])

    def _judge(self) -> dict[str, Any] | None:
        """None where the execution input was refused."""
        if self.run is None:
            return None
        spreads = [question["spread"] for question in self._scored.values() if question["spread"] is not None]
        keys = ("passed", "separation", "kinds")
        return {
            "model": self.run.judge_model,
            "version": VERSION,
            "repeats": self.run.judge_repeats,
            "spread": sum(spreads) / len(spreads) if spreads else None,
            "unscored": {model: document["unscored"] for model, document in self.documents.items()},
            "calibration": {key: self.calibration[key] for key in keys} if self.calibration else None,
        }


def _missing(document: Mapping[str, Any], key: str) -> int:
    return sum(question[key] is None for question in document["questions"])
