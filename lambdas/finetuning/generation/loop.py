"""The loop that makes a dataset from documents: ask, verify the passage, deduplicate, check, keep.

This module needs the scoring layer (scipy, numpy) and pypdf.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from finetuning.base_models import JudgeModel
from finetuning.coverage import Example
from finetuning.errors import TooFewPairsError
from finetuning.generation.calls import Calls
from finetuning.generation.documents import Document, Section
from finetuning.generation.pairs import Pair, PlacedPair, RecordKind, breaks, read_pairs
from finetuning.generation.passages import normalized, stands_in
from finetuning.generation.prompts import check_request, pairs_request
from finetuning.generation.related import related_questions
from finetuning.languages import TextLanguage
from finetuning.repetition import repetitions

PAIRS_PER_BATCH = 8
# So many batches in a row without a new pair: there is nothing left to ask, or the model cannot do it.
FRUITLESS_BATCHES = 5
_GOLDEN_RATIO = 0.6180339887498949


@dataclass(frozen=True)
class Wanted:
    """against: records whose questions may not be asked again; kind, system: of the records that will be made."""

    count: int
    language: TextLanguage
    kind: RecordKind
    system: str | None = None
    against: Sequence[Example] = ()


@dataclass
class Made:
    """What has been made so far, and how many pairs were dropped for what reason."""

    pairs: list[PlacedPair] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Place:
    document: Document
    section: Section
    topic: str
    normalized: str


class Generation:
    """One dataset file in the making; `run` makes it. The same replies of the model make the same file."""

    def __init__(
        self,
        documents: Sequence[Document],
        model: JudgeModel,
        calls: Calls,
        wanted: Wanted,
        show: Callable[[Made], None] = lambda made: None,  # noqa: ARG005
    ) -> None:
        """show: is called after every batch."""
        self._model = model
        self._calls = calls
        self._wanted = wanted
        self._show = show
        self._places = _places(documents)
        self._taken = related_questions([place.section.text for place in self._places], wanted.against)
        self._fruitless_batches = 0
        self._fruitless_at: Counter[int] = Counter()
        self._asked: defaultdict[str, list[str]] = defaultdict(list)
        self.made = Made()

    def run(self) -> Sequence[PlacedPair]:
        """Exactly as many pairs as wanted.

        Raises TooFewPairsError where there are not so many, OverBudgetError, and botocore's errors.
        """
        while len(self.made.pairs) < self._wanted.count:
            if self._fruitless_batches == FRUITLESS_BATCHES:
                there = len(self.made.pairs)
                advice = "Ask for that many, or give more documents" if there else "See why pairs were dropped"
                raise TooFewPairsError(
                    f"{FRUITLESS_BATCHES} batches in a row brought no new pair: {there} of {self._wanted.count} are "
                    f"there. {advice}"
                )
            paid = self._calls.paid
            before = len(self.made.pairs)
            self._batch()
            if len(self.made.pairs) > before:
                self._fruitless_batches = 0
            elif self._calls.paid > paid:
                # What an earlier call of the command tried in vain does not count: now it is tried again.
                self._fruitless_batches += 1
            self._show(self.made)
        return self.made.pairs

    def _batch(self) -> None:
        document, wanted = self._next_sections()
        candidates = self._verified(document, self._ask(document, wanted))
        # Before the check, which is paid for.
        candidates = self._distinct(candidates)
        self._keep(wanted, self._supported(candidates))

    def _next_sections(self) -> tuple[Document, dict[int, int]]:
        """A document, and how many pairs to ask for about which of its sections (by their place).

        Those come first that brought something when they were last asked about, and among them those with the fewest
        pairs. The multiples of the golden ratio visit the sections from everywhere in the documents, not in order.
        """
        pairs = Counter(placed.topic for placed in self.made.pairs)
        order = sorted(
            range(len(self._places)),
            key=lambda at: (self._fruitless_at[at], pairs[self._places[at].topic], at * _GOLDEN_RATIO % 1),
        )
        document = self._places[order[0]].document
        chosen = [at for at in order if self._places[at].document is document][:PAIRS_PER_BATCH]
        wanted = Counter(chosen[number % len(chosen)] for number in range(PAIRS_PER_BATCH))
        return document, dict(sorted(wanted.items()))

    def _ask(self, document: Document, wanted: Mapping[int, int]) -> list[Pair]:
        sections = {self._places[at].section: number for at, number in wanted.items()}
        asked = self._asked[document.name]
        taken = list(dict.fromkeys(question for at in wanted for question in self._taken[at]))
        request = pairs_request(self._model, document, sections, asked, taken, self._wanted.language)
        reply = self._calls.ask(request, document)
        if reply.tool_input is None:
            self._drop(f"batch without pairs: the model {reply.problem}")
            return []
        pairs = read_pairs(reply.tool_input)
        self._drop("no text for question, answer or passage", pairs.count(None))
        return [pair for pair in pairs if pair is not None]

    def _verified(self, document: Document, pairs: Sequence[Pair]) -> list[PlacedPair]:
        """Those whose passage really stands in the document, with the section where it does."""
        verified = []
        for pair in pairs:
            places = (place for place in self._places if place.document is document)
            found = next((place for place in places if stands_in(pair.passage, place.normalized)), None)
            if found is None:
                self._drop("passage that does not stand in the document")
                continue
            placed = PlacedPair(pair, found.topic, document.name)
            if problem := breaks(self._wanted.kind, placed, self._wanted.system):
                self._drop(f"record that a base model refuses: {problem}")
                continue
            verified.append(placed)
        return verified

    def _distinct(self, candidates: Sequence[PlacedPair]) -> list[PlacedPair]:
        """Those that ask nothing that the kept pairs, the given files or each other ask."""
        repeated = self._repeated([*self.made.pairs, *candidates])
        distinct = [placed for at, placed in enumerate(candidates, len(self.made.pairs)) if at not in repeated]
        self._drop("question asked before", len(candidates) - len(distinct))
        for placed in candidates:
            self._asked[placed.document].append(placed.pair.question)
        return distinct

    def _repeated(self, pairs: Sequence[PlacedPair]) -> set[int]:
        """The places of those that ask what the given files or an earlier one of them asks."""
        if not pairs:
            return set()
        against = self._wanted.against
        asked = [Example(placed.pair.question, placed.pair.answer).shortened() for placed in pairs]
        later = (each.later - len(against) for each in repetitions([*against, *asked]))
        return {at for at in later if at >= 0}

    def _supported(self, candidates: Sequence[PlacedPair]) -> list[PlacedPair]:
        """Those whose passage supports the answer, as the model itself says when it sees nothing else."""
        supported: list[PlacedPair] = []
        for placed in candidates:
            if len(self.made.pairs) + len(supported) == self._wanted.count:
                break
            reply = self._calls.ask(check_request(self._model, placed.pair))
            verdict = reply.tool_input.get("supported") if reply.tool_input else None
            if verdict is True:
                supported.append(placed)
            elif verdict is False:
                self._drop("answer that its passage does not support")
            else:
                self._drop(f"answer that could not be checked: the model {reply.problem or 'gave no verdict'}")
        return supported

    def _keep(self, wanted: Mapping[int, int], kept: Sequence[PlacedPair]) -> None:
        topics = {placed.topic for placed in kept}
        for at in wanted:
            self._fruitless_at[at] = 0 if self._places[at].topic in topics else self._fruitless_at[at] + 1
        self.made.pairs.extend(kept)
        # How rare a word is, and so how alike two questions are, changes a little with every question that is added.
        repeated = self._repeated(self.made.pairs)
        self.made.pairs = [placed for at, placed in enumerate(self.made.pairs) if at not in repeated]
        self._drop("question asked before", len(repeated))

    def _drop(self, reason: str, number: int = 1) -> None:
        if number:
            self.made.dropped[reason] += number


def _places(documents: Sequence[Document]) -> list[_Place]:
    """Sections of one name are one topic; with several documents a topic begins with the document's name."""
    prefixes = [f"{document.name}: " if len(documents) > 1 else "" for document in documents]
    return [
        _Place(document, section, f"{prefix}{section.title}", normalized(section.text))
        for document, prefix in zip(documents, prefixes, strict=True)
        for section in document.sections
    ]
