"""ScoreAnswers: measure the base or the custom model's answers, and compare the two once both are there."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from finetuning.card import Pattern
from finetuning.cost import is_since, usage
from finetuning.embeddings import Embeddings
from finetuning.errors import JudgeUnusableError
from finetuning.headroom import has_headroom, headroom
from finetuning.judge import judge
from finetuning.rubric import VERSION
from finetuning.run_config import RunConfig
from finetuning.run_store import answers_key, dataset_key, judgements_key, scores_key
from finetuning.scoring import Evidence, Scored, compare, effects, measure, summarize
from finetuning.task import Task, task

if TYPE_CHECKING:
    from types_boto3_bedrock_runtime.client import BedrockRuntimeClient

ANSWERS_AT_ONCE = 8
# With fewer scored than this, the rest may differ in kind from those that are scored.
MINIMUM_SCORED_SHARE = 0.5


@task
def handler(task: Task) -> Mapping[str, Any]:
    records = task.store.read_jsonl(dataset_key("evaluation"))
    answers, scorer = list(_answers(task)), Scorer.of(task)
    batches = [_score_batch(task, scorer, batch, given, records) for batch, given in answers]
    questions = [question for batch in batches for question in batch["questions"]]
    unscored = _unscored(task, questions)
    document: dict[str, Any] = {
        "model": task.model,
        "judgeModel": task.run.judge_model,
        "judgeVersion": VERSION,
        "metrics": summarize(questions),
        "unscored": unscored,
        "asked": len(records),
        "unanswered": len(records) - len(questions),
        "embeddingProblem": next((batch["embeddingProblem"] for batch in batches if batch["embeddingProblem"]), None),
        "questions": questions,
    }
    result = {
        "uri": task.store.uri(scores_key(task.model)),
        "correctness": document["metrics"].get("correctness", {}).get("mean"),
        "asked": len(records),
        "unscored": unscored,
        "unanswered": document["unanswered"],
    }
    if task.model == "base":
        result["headroom"] = document["headroom"] = headroom(questions, task.run.minimum_headroom)
        result["hasHeadroom"] = has_headroom(document["metrics"], task.run.minimum_headroom)
        given = (answer for _, of_batch in answers for answer in of_batch)
        result["spent"] = usage(given, questions, since=task.run.started_at)
    else:
        base = task.store.read_json(scores_key("base"))["questions"]
        document["comparison"] = compare(base, questions)
        document["effects"] = effects(base, questions, records)
    task.store.write_json(scores_key(task.model), document)
    return result


def _unscored(task: Task, questions: Sequence[Mapping[str, Any]]) -> int:
    """How many answers the judge gave no score. Raises JudgeUnusableError where those are too many for a verdict."""
    reasons = [question["reason"] for question in questions if question["correctness"] is None]
    scored = len(questions) - len(reasons)
    if scored < MINIMUM_SCORED_SHARE * len(questions):
        raise JudgeUnusableError(
            f"The judge {task.run.judge_model} scored only {scored} of {len(questions)} answers of the {task.model} "
            f"model; first: {reasons[0]}. Choose another judgeModel."
        )
    return len(reasons)


def _answers(task: Task) -> Iterator[tuple[int, Sequence[Mapping[str, Any]]]]:
    """Each batch's index and answers; none where time was up before the first question of the batch."""
    for batch in task.state["dataset"]["batches"]:
        found = task.store.find_json(answers_key(task.model, batch["index"]))
        yield batch["index"], found["answers"] if found else []


def _score_batch(
    task: Task, scorer: "Scorer", batch: int, answers: Sequence[Mapping[str, Any]], records: Sequence[Any]
) -> Mapping[str, Any]:
    """The scores of one batch; what an earlier attempt has scored is not judged and embedded (and paid for) again.

    An error ends it only after what was scored beside it is kept.
    """
    key = judgements_key(task.model, batch)
    document: dict[str, Any] = task.store.find_json(key) or {"questions": [], "embeddingProblem": None}
    found = {question["index"]: question for question in document["questions"]}
    left = [answer for answer in answers if not scorer.is_done(found.get(answer["index"]))]
    if not left:
        return document
    with ThreadPoolExecutor(ANSWERS_AT_ONCE) as pool:
        asked = [
            pool.submit(scorer.score, answer, records[answer["index"]], found.get(answer["index"])) for answer in left
        ]
        wait(asked, return_when=FIRST_EXCEPTION)
        pool.shutdown(cancel_futures=True)
    ended = [one for one in asked if not one.cancelled()]
    for question in (one.result() for one in ended if one.exception() is None):
        found[question["index"]] = question
    # In the order of the answers, which the resampling of an interval goes by.
    document["questions"] = [found[answer["index"]] for answer in answers if answer["index"] in found]
    # Of an earlier attempt too, whose answers stay without.
    document["embeddingProblem"] = scorer.embeddings.problem or document["embeddingProblem"]
    task.store.write_json(key, document)
    for one in ended:
        # Raises the first error.
        one.result()
    return document


@dataclass(frozen=True)
class Scorer:
    """Measures one answer. Made before threads start: they can share a client, but cannot make one at the same time."""

    client: "BedrockRuntimeClient"
    embeddings: Embeddings
    run: RunConfig
    pattern: Pattern | None
    now: datetime

    @classmethod
    def of(cls, task: Task) -> "Scorer":
        client, pattern = task.services.bedrock_runtime, task.state["dataset"].get("pattern")
        pattern = Pattern(**pattern) if pattern else None
        return cls(client, Embeddings(client), task.run, pattern, task.services.clock.now())

    def is_done(self, found: Scored | None) -> bool:
        """Whether everything of an answer is there, or this run itself has asked for what is missing."""
        if found is None:
            return False
        has_all = found["correctness"] is not None and found["similarity"] is not None
        return has_all or is_since(found["judgedAt"], self.run.started_at)

    def score(self, answer: Mapping[str, Any], record: Mapping[str, str], found: Scored | None) -> Scored:
        """found: what an earlier run left of the answer. A score in it is kept, and paid for by that run."""
        text, reference = answer["answer"], record["referenceAnswer"]
        if found and found["correctness"] is not None:
            similarity = self.embeddings.similarity(text, reference)
            return {
                **found,
                "judgedAt": self.now.isoformat(),
                "similarity": similarity.value,
                "judgeInputTokens": 0,
                "judgeOutputTokens": 0,
                "embeddingTokens": similarity.input_tokens,
            }
        judgement = judge(
            self.client, self.run.judge_model, record["question"], reference, text, self.run.judge_repeats
        )
        similarity = self.embeddings.similarity(text, reference)
        return {
            "index": answer["index"],
            "judgedAt": self.now.isoformat(),
            **measure(Evidence(answer, reference, judgement, similarity.value, self.pattern)),
            "scores": judgement.scores,
            "spread": judgement.spread,
            "reason": judgement.reason,
            "judgeInputTokens": judgement.input_tokens,
            "judgeOutputTokens": judgement.output_tokens,
            "embeddingTokens": similarity.input_tokens,
        }
