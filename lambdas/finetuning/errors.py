"""What can go wrong, by class name: the state machine matches on these names.

ExperimentError                       a message for people: what, where, what to do next
├── InvalidInputError                 the execution's input or name is wrong (every problem listed)
├── UnknownBaseModelError             the base model is not in the catalogue
├── NotDeployedError                  a sweep needs a deployment that is not there
├── PrerequisitesNotMetError          something outside the run must change first (every problem listed)
├── SourceError                       a file to prepare cannot be read: its encoding, its structure or its keys
├── InvalidDatasetError               a record breaks the base model's rules (file, line, what to do)
├── CustomizationJobError             the job failed, was stopped or took too long
├── ProvisionedThroughputError        the throughput failed, or did not come into service in time
├── CustomModelDeploymentError        the same of a custom model deployment
├── CustomModelInUseError             a custom model cannot be deleted yet, since something uses it
├── OverBudgetError                   what comes next could cost more than may be spent
├── MetricsNotFoundError              the job's metrics files are missing or cannot be read
├── JudgeUnusableError                the judge cannot tell good answers from bad ones, or scored too few
├── UnreadableDocumentError           a document cannot be read, or holds no text (file, what to do)
├── WorkingFileError                  a working file belongs to other documents or settings, or cannot be read
├── TooFewPairsError                  several batches in a row brought no new question and answer
└── ReapIncompleteError               the guard could not see or do everything (every problem listed)
TransientError                        throttling, a lost connection, a 5xx: the same call may succeed later
"""

from collections.abc import Sequence


class ExperimentError(Exception):
    """A failure that a person must act on; the message says what, where and what to do."""


class ProblemsError(ExperimentError):
    """Several problems found in one pass, listed together."""

    def __init__(self, summary: str, problems: Sequence[str]) -> None:
        super().__init__("\n".join([summary, *(f"- {problem}" for problem in problems)]))
        self.problems = tuple(problems)


class InvalidInputError(ProblemsError):
    pass


class NotDeployedError(ExperimentError):
    pass


class PrerequisitesNotMetError(ProblemsError):
    pass


class SourceError(ExperimentError):
    pass


class InvalidDatasetError(ProblemsError):
    pass


class UnknownBaseModelError(ExperimentError):
    pass


class CustomizationJobError(ExperimentError):
    pass


class ProvisionedThroughputError(ExperimentError):
    pass


class CustomModelDeploymentError(ExperimentError):
    pass


class CustomModelInUseError(ExperimentError):
    pass


class OverBudgetError(ExperimentError):
    pass


class MetricsNotFoundError(ExperimentError):
    pass


class JudgeUnusableError(ExperimentError):
    pass


class UnreadableDocumentError(ExperimentError):
    pass


class WorkingFileError(ExperimentError):
    pass


class TooFewPairsError(ExperimentError):
    pass


class ReapIncompleteError(ProblemsError):
    pass


class TransientError(Exception):
    """The state machine retries a task that ends in this error."""
