"""Going on from an earlier run: what it captured, asked, judged and trained is this run's too, not paid again."""

from collections.abc import Mapping
from typing import Any

from finetuning.rubric import VERSION
from finetuning.run_config import RunConfig
from finetuning.run_store import DATASET_FILES, RUN, TRAINING, RunStore, answers_key, dataset_key


def leave(store: RunStore, execution_arn: str, run: RunConfig, dataset: Mapping[str, Any]) -> None:
    """Write what a later run needs to go on from this one.

    dataset: what ValidateDataset returns.
    """
    left = {"executionArn": execution_arn, "run": run.to_json(), "dataset": dataset, "judgeVersion": VERSION}
    store.write_json(RUN, left)


def take_over(store: RunStore, earlier: RunStore, run: RunConfig) -> Mapping[str, Any]:
    """Copy what the earlier run has. Returns what ValidateDataset returned there, about the copies."""
    left = earlier.read_json(RUN)
    earlier_run = left["run"]
    asked = (earlier_run["judgeModel"], left["judgeVersion"], earlier_run["judgeRepeats"])
    same_judge = asked == (run.judge_model, VERSION, run.judge_repeats)
    copied = ["dataset/", "answers/", TRAINING, *(["scores/base/", "scores/custom/"] if same_judge else [])]
    keys = [key for prefix in copied for key in earlier.keys(prefix)]
    for key in keys:
        store.copy_from(earlier, key)
    dataset: Mapping[str, Any] = left["dataset"]
    files: dict[str, Any] = {file: {**dataset[file], "uri": store.uri(dataset_key(file))} for file in DATASET_FILES}
    return {
        **dataset,
        **files,
        "trained": TRAINING in keys,
        "customModelAnswered": all(_is_answered(store, batch) for batch in dataset["batches"]),
    }


def _is_answered(store: RunStore, batch: Mapping[str, int]) -> bool:
    found = store.find_json(answers_key("custom", batch["index"]))
    return found is not None and len(found["answers"]) == batch["count"]
