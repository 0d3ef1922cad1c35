"""What next steps follow from, and what one is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from finetuning.base_models import BaseModel
from finetuning.run_config import RunConfig
from finetuning.texts import Texts
from finetuning.verdict import Verdict


@dataclass(frozen=True)
class Step:
    """A proposal. why: one sentence with the evidence; input: what of the run's execution input changes.

    A field with the value None is left out of the input.
    """

    text: str
    why: str
    input: Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    result: the parts of result.json that were built before its next steps.
    too_much_usd: what the run would cost, where that is known; resume: the input of a run that goes on from this one,
    None where this one has left nothing.
    """

    verdict: Verdict
    model: BaseModel
    run: RunConfig
    result: Mapping[str, Any]
    too_much_usd: float | None
    resume: Mapping[str, Any] | None
    custom_model_arn: str | None
    say: Texts

    def step(self, key: str, why: str, changes: Mapping[str, Any], **values: object) -> Step:
        """The step whose text is `next_steps.<key>`."""
        return Step(self.say(f"next_steps.{key}", **values), why, changes)

    def new_dataset(self, key: str, why: str, **values: object) -> Step:
        """A step that changes the training data: it is uploaded under a name of its own, and trained on anew."""
        return self.step(
            key, why, {"dataset": self.next_dataset, "customModelArn": None}, dataset=self.next_dataset, **values
        )

    @property
    def next_dataset(self) -> str:
        """The name for a changed dataset: `mine` → `mine-2` → `mine-3`."""
        name = re.sub(r"[^a-z0-9._-]", "-", self.run.dataset.name.lower()).lstrip("._-")[:56] or "dataset"
        numbered = re.fullmatch(r"(.+)-(\d{1,3})", name)
        return f"{numbered[1]}-{int(numbered[2]) + 1}" if numbered else f"{name}-2"

    def completed(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """An execution input ready to paste: the run's own, in which only what the step is about changes."""
        if "resumeFrom" in changes:
            return changes
        completed = {**self.run.given, **changes}
        if "hyperParameters" in changes:
            completed["hyperParameters"] = {**self.run.given.get("hyperParameters", {}), **changes["hyperParameters"]}
        return {name: value for name, value in completed.items() if value is not None}
