"""What is written down of a host's life, so that the report knows it also where answers of functions were lost."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from finetuning.guard import Kind
from finetuning.json_names import camel_keys
from finetuning.run_store import HOST, REAPED, RunStore

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Record:
    """Times in ISO 8601, None where nothing was written down. gone_at: when it was first seen to be gone."""

    created_at: str | None = None
    gone_at: str | None = None


def remember(store: RunStore, record: Record) -> None:
    """Nothing that goes wrong here may keep a host from being deleted."""
    try:
        store.write_json(HOST, camel_keys(asdict(record)))
    except Exception:
        logger.exception("the host's life was not written down")


def recall(store: RunStore) -> Record:
    """Nothing where it cannot be read now."""
    try:
        return read(store)
    except Exception:
        logger.exception("the host's life cannot be read")
        return Record()


def read(store: RunStore) -> Record:
    document = store.find_json(HOST) or {}
    return Record(document.get("createdAt"), document.get("goneAt"))


def removals_of_hosts(store: RunStore) -> Sequence[Mapping[str, Any]]:
    """What the guard has written of the run's hosts that it removed, or was about to; the oldest host first."""
    found = [store.read_json(key) for key in sorted(store.keys(REAPED))]
    return [removal for removal in found if removal["kind"] != Kind.JOB]
