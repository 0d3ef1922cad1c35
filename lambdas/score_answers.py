"""ScoreAnswers: judge the base or the custom model's answers, and compare the two once both are there."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

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
    questions = [
        question for batch in task.state["dataset"]["batches"] for question in _score_batch(task, batch, records)
    ]
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
        "questions": questions,
    }
    if task.model == "custom":
        base = task.store.read_json(scores_key("base"))
        document["comparison"] = compare(base["questions"], questions)
    task.store.write_json(scores_key(task.model), document)
    correctness = metrics["correctness"]["mean"]
    return {
        "uri": task.store.uri(scores_key(task.model)),
        "correctness": correctness,
        "unscored": unscored,
        "hasHeadroom": HIGHEST - correctness >= task.run.minimum_headroom,
    }


def _score_batch(task: Task, batch: Mapping[str, int], records: list[Any]) -> list[Mapping[str, Any]]:
    """The scores of one batch; what an earlier attempt has judged is not judged (and paid for) again."""
    key = judgements_key(task.model, batch["index"])
    if (earlier := task.store.find_json(key)) is not None:
        scores: list[Mapping[str, Any]] = earlier["questions"]
        return scores
    document = task.store.read_json(answers_key(task.model, batch["index"]))
    # Made before the threads start: threads can share a client, but cannot make one at the same time.
    client = task.services.bedrock_runtime
    with ThreadPoolExecutor(JUDGES_AT_ONCE) as pool:
        scores = list(
            pool.map(
                lambda answer: _score(client, task.run.judge_model, answer, records[answer["index"]]),
                document["answers"],
            )
        )
    task.store.write_json(key, {"questions": scores})
    return scores


def _score(
    client: "BedrockRuntimeClient", judge_model: str, answer: Mapping[str, Any], record: Mapping[str, str]
) -> Mapping[str, Any]:
    judgement = judge(client, judge_model, record["question"], record["referenceAnswer"], answer["answer"])
    return {
        "index": answer["index"],
        "correctness": judgement.score,
        "reason": judgement.reason,
        "chrf": chrf(answer["answer"], record["referenceAnswer"]),
        "judgeInputTokens": judgement.input_tokens,
        "judgeOutputTokens": judgement.output_tokens,
    }
