"""Whether a dataset is worth training on, as far as its records show it: warnings, each by a rule of its own.

This package needs the scoring layer (scipy, numpy, py3langid, phonenumbers).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from reprlib import repr as shortened

from finetuning.coverage import Example, related
from finetuning.coverage_findings import thin_topic
from finetuning.dataset.codes import Finding
from finetuning.dataset.files import MAX_EVALUATION_RECORDS
from finetuning.dataset.quality.codes import THIN_TOPIC
from finetuning.dataset.quality.languages import Spoken, language_findings, listener
from finetuning.dataset.quality.lengths import length_findings
from finetuning.dataset.quality.repeated import Kept, keep, repeated_findings
from finetuning.dataset.quality.sensitive import Sensitive
from finetuning.run_store import DATASET_FILES, DatasetFile
from finetuning.tokens import estimate_tokens


def quality_findings(
    files: Mapping[DatasetFile, Iterable[Example]], thin_on_purpose: Collection[str] = ()
) -> list[Finding]:
    """What is wrong with these records, by file and line.

    files: those that there are; records that break no rule, whole, each read once. thin_on_purpose: topics that shall
    have few training records (card.py). Of each record only what counts is kept: memory is bounded by their number.
    """
    names = {file: f"{file}.jsonl" for file in DATASET_FILES if file in files}
    kept: dict[DatasetFile, list[Kept]] = {file: [] for file in names}
    spoken: list[Spoken] = []
    found: list[Finding] = []
    listen = listener()
    for file, name in names.items():
        lengths, sensitive = [], Sensitive(name)
        for record in files[file]:
            kept[file].append(keep(name, record))
            spoken.append(listen(name, record))
            lengths.append((record.line, estimate_tokens(record.answer)))
            sensitive.read(record)
        found += length_findings(name, lengths)
        found += sensitive.findings()
    del listen
    found += language_findings(spoken)
    found += repeated_findings(chain.from_iterable(kept.values()))
    if "training" in files and "evaluation" in files:
        training, evaluation = ([each.record for each in kept[file]] for file in ("training", "evaluation"))
        found += _thin(training, evaluation[:MAX_EVALUATION_RECORDS], thin_on_purpose)
    places = list(names.values())
    return sorted(found, key=lambda finding: (places.index(finding.file), finding.line, finding.code.name))


def _thin(training: Sequence[Example], evaluation: Sequence[Example], on_purpose: Collection[str]) -> Iterator[Finding]:
    _, topics = related(training, evaluation)
    found = thin_topic({"topics": [topic for topic in topics if topic["topic"] not in on_purpose]})
    lines: dict[str, int] = {}
    for record in evaluation:
        lines.setdefault(record.topic, record.line)
    for topic in found.evidence["topics"] if found else ():
        name, records = topic["topic"], topic["trainingRecords"]
        message = f"the topic {shortened(name)} has {records} related training record{'s' * (records != 1)}"
        yield THIN_TOPIC.at("evaluation.jsonl", lines[name], message)
