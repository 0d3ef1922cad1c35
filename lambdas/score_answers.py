"""ScoreAnswers: judge the base or the custom model's answers, and compare the two once both are there."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any

from finetuning.cost import usage
from finetuning.errors import JudgeUnusableError
from finetuning.judge import HIGHEST, VERSION, judge
from finetuning.run_store import answers_key, dataset_key, judgements_key, scores_key
from finetuning.scoring import chrf, compare, summarize
from finetuning.task import Task, task

if TYPE_CHECKING:
    from types_boto3_bedrock_runtime.client import BedrockRuntimeClient

JUDGES_AT_ONCE = 8
# With fewer scored than this, the rest may differ in kind from those that are scored.
MINIMUM_SCORED_SHARE = 0.5


@task
def handler(task: Task) -> Mapping[str, Any]:
    records = task.store.read_jsonl(dataset_key("evaluation"))
    answers, questions = [], []
    for batch in task.state["dataset"]["batches"]:
        # None where time was up before the first question of the batch.
        batch_answers = (task.store.find_json(answers_key(task.model, batch["index"])) or {"answers": []})["answers"]
        answers += batch_answers
        questions += _score_batch(task, batch["index"], batch_answers, records)
    unscored = sum(question["correctness"] is None for question in questions)
    if len(questions) - unscored < MINIMUM_SCORED_SHARE * len(questions):
        raise JudgeUnusableError(
            f"The judge {task.run.judge_model} scored only {len(questions) - unscored} of {len(questions)} answers of "
            f"the {task.model} model; first: {next(q['reason'] for q in questions if q['correctness'] is None)}. "
            "Choose another judgeModel."
        )
    metrics = summarize(questions)
    document: dict[str, Any] = {
        "model": task.model,
        "judgeModel": task.run.judge_model,
        "judgeVersion": VERSION,
        "metrics": metrics,
        "unscored": unscored,
        "unanswered": len(records) - len(questions),
        "questions": questions,
    }
    if task.model == "custom":
        base = task.store.read_json(scores_key("base"))
        document["comparison"] = compare(base["questions"], questions)
    task.store.write_json(scores_key(task.model), document)
    result = {
        "uri": task.store.uri(scores_key(task.model)),
        "correctness": metrics["correctness"]["mean"],
        "unscored": unscored,
        "unanswered": document["unanswered"],
    }
    if task.model == "base":
        result["hasHeadroom"] = HIGHEST - result["correctness"] >= task.run.minimum_headroom
        result["spent"] = usage(answers, questions, since=task.run.started_at)
    return result


def _score_batch(
    task: Task, batch: int, answers: Sequence[Mapping[str, Any]], records: Sequence[Any]
) -> list[Mapping[str, Any]]:
    """The scores of one batch; what an earlier attempt has judged is not judged (and paid for) again."""
    key = judgements_key(task.model, batch)
    scores: list[Mapping[str, Any]] = (task.store.find_json(key) or {"questions": []})["questions"]
    judged = {score["index"] for score in scores}
    left = [answer for answer in answers if answer["index"] not in judged]
    if not left:
        return scores
    # Made before the threads start: threads can share a client, but cannot make one at the same time.
    client, now = task.services.bedrock_runtime, task.services.clock.now()
    with ThreadPoolExecutor(JUDGES_AT_ONCE) as pool:
        scores += pool.map(
            lambda answer: _score(client, task.run.judge_model, answer, records[answer["index"]], now), left
        )
    task.store.write_json(key, {"questions": scores})
    return scores


def _score(
    client: "BedrockRuntimeClient",
    judge_model: str,
    answer: Mapping[str, Any],
    record: Mapping[str, str],
    now: datetime,
) -> Mapping[str, Any]:
    judgement = judge(client, judge_model, record["question"], record["referenceAnswer"], answer["answer"])
    return {
        "index": answer["index"],
        "judgedAt": now.isoformat(),
        "correctness": judgement.score,
        "reason": judgement.reason,
        "chrf": chrf(answer["answer"], record["referenceAnswer"]),
        "judgeInputTokens": judgement.input_tokens,
        "judgeOutputTokens": judgement.output_tokens,
    }
