"""CalibrateJudge: a judge that cannot tell good answers from bad ones ends the run before anything is trained."""

from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from finetuning.calibration import Case, assess, cases, complaint
from finetuning.cost import usage
from finetuning.errors import JudgeUnusableError
from finetuning.judge import judge
from finetuning.run_store import CALIBRATION, dataset_key
from finetuning.task import Task, task

JUDGES_AT_ONCE = 8


@task
def handler(task: Task) -> Mapping[str, Any]:
    # What an earlier attempt has asked is not asked (and paid for) again.
    found = task.store.find_json(CALIBRATION) or _calibrate(task)
    if not found["passed"]:
        raise JudgeUnusableError(complaint(found, found["cases"], task.run.judge_model))
    return {"separation": found["separation"], "spent": usage([], found["cases"], since=task.run.started_at)}


def _calibrate(task: Task) -> Mapping[str, Any]:
    records = task.store.read_jsonl(dataset_key("evaluation"))
    # Made before the threads start: threads can share a client, but cannot make one at the same time.
    client, now = task.services.bedrock_runtime, task.services.clock.now()

    def ask(case: Case) -> Mapping[str, Any]:
        record = records[case.index]
        judgement = judge(client, task.run.judge_model, record["question"], record["referenceAnswer"], case.answer)
        return {
            "kind": case.kind,
            "index": case.index,
            "answer": case.answer,
            "judgedAt": now.isoformat(),
            "score": judgement.score,
            "reason": judgement.reason,
            "judgeInputTokens": judgement.input_tokens,
            "judgeOutputTokens": judgement.output_tokens,
        }

    with ThreadPoolExecutor(JUDGES_AT_ONCE) as pool:
        asked = list(pool.map(ask, cases(records)))
    scores = defaultdict(list)
    for case in asked:
        if case["score"] is not None:
            scores[case["kind"]].append(case["score"])
    document = {**assess(scores), "cases": asked}
    task.store.write_json(CALIBRATION, document)
    return document
