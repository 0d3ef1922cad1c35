"""The app that all scenarios run on: as it is deployed, with a small dataset; what never changes is remembered."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from finetuning import coverage
from finetuning.coverage import Example
from finetuning.dataset import validation
from finetuning.dataset.codes import Finding
from finetuning.dataset.quality import quality_findings
from finetuning.run_store import DatasetFile

from cli.synthesis import synthesize
from local import stand_in
from local.engine.engine import LocalEngine
from local.engine.replacement import replaced
from stacks.assembly import Assembly

P = ParamSpec("P")
T = TypeVar("T")
# Its custom models can be served either way, so its state machine has every state.
BASE_MODEL = "nova-lite"
START = datetime(2026, 2, 2, 9, tzinfo=UTC)
DATASET = Path(__file__).parent.parent.parent / "datasets" / "bedrock-faq"
# Two batches of questions.
QUESTIONS = 10
USD_PER_HOUR = 50.0
INPUT: Mapping[str, Any] = {"dataset": "small", "prices": {"throughputPerHour": USD_PER_HOUR}}
# Short, so that a scenario has few polls.
JOB_DURATION = timedelta(minutes=10)
HOST_CREATION = timedelta(minutes=5)


class RememberingModels:
    """The stand-ins, trained once for all scenarios: the same data and seed give the same model."""

    untrained = staticmethod(stand_in.untrained)
    judge = staticmethod(stand_in.judge)
    embed = staticmethod(stand_in.embed)
    supports = staticmethod(stand_in.supports)
    write_pairs = staticmethod(stand_in.write_pairs)

    def __init__(self) -> None:
        self._trained: dict[str, stand_in.TrainingResult] = {}

    def train(
        self,
        training: Sequence[stand_in.TrainingRecord],
        validation: Sequence[stand_in.TrainingRecord],
        hyper_parameters: stand_in.HyperParameters,
        seed: int,
        /,
    ) -> stand_in.TrainingResult:
        key = repr((training, validation, hyper_parameters, seed))
        if key not in self._trained:
            self._trained[key] = stand_in.train(training, validation, hyper_parameters, seed)
        return self._trained[key]


def _remembering(find: Callable[P, T]) -> Callable[P, T]:
    """What is found out about a dataset, once for all scenarios: the same records give the same."""
    found: dict[str, T] = {}

    def find_once(*args: P.args, **kwargs: P.kwargs) -> T:
        key = repr((args, kwargs))
        if key not in found:
            found[key] = find(*args, **kwargs)
        return found[key]

    return find_once


_quality_findings = _remembering(quality_findings)


def _quality_findings_of(
    files: Mapping[DatasetFile, Iterable[Example]], thin_on_purpose: Collection[str]
) -> list[Finding]:
    return _quality_findings({file: list(records) for file, records in files.items()}, sorted(thin_on_purpose))


def synthesized(folder: Path) -> Assembly:
    synthesize(BASE_MODEL, folder)
    return Assembly(folder, BASE_MODEL)


@contextmanager
def deployed(assembly: Path) -> Iterator[LocalEngine]:
    """An engine with the app, a small dataset and a short job."""
    with (
        replaced(validation, "quality_findings", _quality_findings_of),
        replaced(coverage, "measure", _remembering(coverage.measure)),
        LocalEngine(assembly, START, RememberingModels()) as engine,
    ):
        engine.deploy()
        for file in ("training", "validation", "evaluation"):
            lines = (DATASET / f"{file}.jsonl").read_bytes().splitlines(keepends=True)
            body = b"".join(lines[:QUESTIONS] if file == "evaluation" else lines)
            key = f"datasets/small/{file}.jsonl"
            engine.s3.put_object(Bucket=engine.outputs["DataBucketName"], Key=key, Body=body)
        settings = engine.bedrock.settings
        settings.job_duration = JOB_DURATION
        # Enough that no quota hides a leak or a double purchase.
        settings.model_units = settings.deployments_in_progress = 20
        settings.throughput_creation = settings.deployment_creation = HOST_CREATION
        yield engine
