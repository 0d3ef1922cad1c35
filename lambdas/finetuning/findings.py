"""What a run's numbers show, with the numbers that show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from finetuning.texts import Texts


@dataclass(frozen=True)
class Finding:
    """`evidence` holds what the rule looked at, by the names that the finding's text takes."""

    code: str
    evidence: Mapping[str, Any]

    def to_json(self, say: Texts, key: str, **values: object) -> dict[str, Any]:
        """For result.json. key: of the text; values: what it takes besides the evidence."""
        return {"code": self.code, "text": say(key, **self.evidence, **values), "evidence": dict(self.evidence)}
