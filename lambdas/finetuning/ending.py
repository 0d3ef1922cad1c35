"""Everything that a run left behind when it ended, wherever it did: what result.json is made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from finetuning.answers import answering_seconds
from finetuning.base_models import BaseModel
from finetuning.cost import is_own_job, is_since
from finetuning.coverage_findings import Coverage
from finetuning.guard import Outcome
from finetuning.hosting.record import Record, read, removals_of_hosts
from finetuning.measurement import Measurement
from finetuning.run_config import RunConfig
from finetuning.run_store import CALIBRATION, COVERAGE, AnsweringModel, RunStore, answers_key, scores_key
from finetuning.texts import DEFAULT_LANGUAGE, Texts, texts

_MODELS: tuple[AnsweringModel, ...] = ("base", "custom")


@dataclass(frozen=True)
class Ending:
    """What a report is made from. state: with usable parts only; where there is a `failure`, `failedAt` says where."""

    run_id: str
    execution_arn: str
    state: Mapping[str, Any]
    store: RunStore
    model: BaseModel
    environment: str
    now: datetime

    @cached_property
    def run(self) -> RunConfig | None:
        """None where the execution input was refused."""
        return RunConfig.from_json(self.state["run"]) if "run" in self.state else None

    @property
    def custom_model_arn(self) -> str | None:
        """The model that was trained or given; None before there is one."""
        trained: str | None = self.state.get("job", {}).get("customModelArn")
        return trained or (self.run.custom_model_arn if self.run else None)

    @cached_property
    def scores(self) -> Mapping[AnsweringModel, Mapping[str, Any]]:
        found = {model: self.store.find_json(scores_key(model)) for model in _MODELS}
        return {model: document for model, document in found.items() if document is not None}

    @cached_property
    def answers(self) -> Mapping[AnsweringModel, Mapping[int, Mapping[str, Any]]]:
        """Every answer that was given, by model and question."""
        batches = self.state.get("dataset", {}).get("batches", [])
        documents = {
            model: [self.store.find_json(answers_key(model, batch["index"])) for batch in batches] for model in _MODELS
        }
        return {
            model: {answer["index"]: answer for document in found if document for answer in document["answers"]}
            for model, found in documents.items()
        }

    @cached_property
    def calibration(self) -> Mapping[str, Any] | None:
        """None before the judge was calibrated."""
        return self.store.find_json(CALIBRATION)

    @cached_property
    def coverage(self) -> Coverage | None:
        """None before the dataset was captured, and in runs that go on from one without it."""
        return self.store.find_json(COVERAGE)

    @cached_property
    def measurement(self) -> Measurement:
        pattern = self.state.get("dataset", {}).get("pattern")
        return Measurement(self.scores, self.calibration, pattern, self.run)

    @property
    def custom_model(self) -> Mapping[str, Any] | None:
        """Whether it is kept, and what that costs; None where the run has none."""
        if self.custom_model_arn is None:
            return None
        kept = not self.state.get("modelDeletion", {}).get("deleted")
        price = self.model.custom_model_per_month.usd if kept else 0.0
        return {"arn": self.custom_model_arn, "kept": kept, "usdPerMonth": price}

    @property
    def say(self) -> Texts:
        """What is said to people, in the run's language."""
        return texts(self.run.language if self.run else DEFAULT_LANGUAGE)

    @cached_property
    def _recorded(self) -> Record:
        return read(self.store)

    @property
    def host_created_at(self) -> str | None:
        """None where no host is known to have been."""
        deletion, host = self.state.get("deletion", {}), self.state.get("host", {})
        created_at: str | None = deletion.get("createdAt") or host.get("createdAt") or self._recorded.created_at
        return created_at

    @cached_property
    def host_gone_at(self) -> str | None:
        """When it was first seen to be gone, by the run or by the guard; None where it is not known to be gone.

        A list may not show yet what was just created: the run was wrong if the guard saw it there later.
        """
        deletion, created_at = self.state.get("deletion", {}), self.host_created_at
        seen: str | None = deletion["at"] if deletion.get("gone") else self._recorded.gone_at
        for removal in removals_of_hosts(self.store):
            at: str = removal["at"]
            # Not by when it was created: the run may know that by its own clock, and the guard by Bedrock's.
            if created_at is not None and removal["outcome"] == Outcome.GONE and is_since(at, created_at):
                run_saw_first = seen is not None and is_since(seen, removal["orderedAt"]) and is_since(at, seen)
                return seen if run_saw_first else at
        return seen

    @cached_property
    def hosted_seconds(self) -> float:
        """From creation until it was confirmed gone, or until now where it is not."""
        if self.host_created_at is None:
            return 0.0
        ended = datetime.fromisoformat(self.host_gone_at) if self.host_gone_at else self.now
        return (ended - datetime.fromisoformat(self.host_created_at)).total_seconds()

    @cached_property
    def answering_seconds(self) -> float:
        """The part of hosted_seconds in which it answered questions."""
        since = self.host_created_at
        if since is None:
            return 0.0
        # An earlier run's answers came from another host.
        return answering_seconds(each for each in self.answers["custom"].values() if is_since(each["askedAt"], since))

    @property
    def resume(self) -> Mapping[str, Any] | None:
        """The input of a run that goes on from this one; None where nothing has been paid for yet."""
        return {"resumeFrom": self.run_id} if self.answers["base"] else None

    @property
    def host_alive(self) -> bool:
        """Also where nobody knows: a create may have had no answer, and then the deletion failed."""
        unknown = "baseScores" in self.state and "failure" in self.state
        return (self.host_created_at is not None or unknown) and self.host_gone_at is None

    @property
    def hosting(self) -> Mapping[str, Any]:
        """How the custom model was served, with what the guard must know to correct this report later.

        createdAt: None where no host is known to have been.
        """
        return {
            "kind": self.run.hosting if self.run else None,
            "createdAt": self.host_created_at,
            "deletionSince": self.state.get("deletion", {}).get("since"),
            "goneAt": self.host_gone_at,
            "seconds": self.hosted_seconds,
            "alive": self.host_alive,
        }

    @property
    def throughput_seconds(self) -> float:
        """What is billed by the hour of it."""
        by_the_hour = self.run is not None and self.run.hosting == "provisionedThroughput"
        return self.hosted_seconds if by_the_hour else 0.0

    @property
    def job_without_metrics(self) -> bool:
        """What such a job's training cost is not known."""
        if self.run is None or "job" not in self.state or "training" in self.state:
            return False
        return is_own_job(self.state, self.run)
