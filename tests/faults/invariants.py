"""What must hold after every scenario, as the promise of the README says it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from finetuning.customization import JobStatus
from finetuning.guard import Kind
from outcomes import COMPANION, FIRST_RUN, RESUMED, Outcome, Purchase, Run, is_told
from scenarios import REAPER_INTERVAL, Observed, Scenario
from small_app import QUESTIONS, USD_PER_HOUR

# Beyond what the API allows.
GRACE = timedelta(minutes=10)
NO_TIME, SECOND = timedelta(), timedelta(seconds=1)


class Broken(StrEnum):
    LEAKED = "a throughput or deployment is still alive"
    BOUGHT_TWICE = "two throughputs or deployments were created for one run"
    ALIVE_TOO_LONG = "a throughput or deployment lived too long after the failure"
    JOB_RUNNING = "a job is still running"
    FALSE_SUCCESS = "the execution succeeded without its verdict"
    NO_REPORT = "there is no report"
    CAUSE = "the cause names no state, or not what to do"
    WRONG_LIFE = "the report or the guard tells another life or cost of the throughput or deployment"
    UNHEARD = "nobody heard of what the guard removed"
    MISTOLD = "the guard told of what it did not remove, or told of it twice"
    ANSWERS_LOST = "answers that were generated are lost"
    PAID_AGAIN = "the resumed run trained again, or asked again what was answered"
    DISTURBED = "the other execution was disturbed"
    NOT_STRUCK = "not all went wrong that was to, so that was not tested"


@dataclass(frozen=True)
class Finding:
    broken: Broken
    details: str


@dataclass(frozen=True)
class Assessment:
    """alive_after_failure: the longest that a throughput or deployment lived past what the API allows; zero where none
    was left.
    """

    scenario: Scenario
    findings: tuple[Finding, ...]
    alive_after_failure: timedelta
    purchases: int

    def count(self, broken: Broken) -> int:
        return sum(finding.broken is broken for finding in self.findings)


def assess(scenario: Scenario, outcome: Outcome, observed: Observed) -> Assessment:
    run = outcome.runs[FIRST_RUN]
    mine = [purchase for purchase in outcome.purchases if purchase.run == FIRST_RUN]
    alive = max((_alive_after_failure(scenario, purchase, run, outcome) for purchase in mine), default=NO_TIME)
    findings = [
        *([] if outcome.struck else [Finding(Broken.NOT_STRUCK, "")]),
        *_money(outcome, alive),
        *_ending(run, observed),
        *_told_life(run, mine),
        *_heard(outcome),
        *_answers(run),
        *_companion(outcome, observed),
        *_resumed(outcome, observed),
    ]
    return Assessment(scenario, tuple(findings), alive, len(mine))


def failed_at(run: Run) -> datetime | None:
    """When it was certain that the run fails: its failure path began, or else it ended. None where it succeeded."""
    if run.status == "SUCCEEDED":
        return None
    return run.failure_path_at or run.ended_at


def _alive_after_failure(scenario: Scenario, purchase: Purchase, run: Run, outcome: Outcome) -> timedelta:
    # A run that succeeded needs none after its end.
    failed = failed_at(run) or run.ended_at
    # What the service refuses to delete while it is being created can go no sooner.
    refused = "refuses_deletion_while_creating" in scenario.settings
    possible = max(failed, purchase.in_service_at) if refused else max(failed, purchase.created_at)
    possible += timedelta(
        minutes=sum(scenario.settings.get(f"{host}_deletion", 0) for host in ("throughput", "deployment"))
    )
    return max(NO_TIME, (purchase.deleted_at or outcome.ended_at) - possible)


def _money(outcome: Outcome, alive: timedelta) -> Iterator[Finding]:
    for purchase in outcome.purchases:
        if purchase.deleted_at is None or purchase.deleted_at > outcome.ended_at:
            yield Finding(Broken.LEAKED, f"{purchase.run}'s, bought at {purchase.created_at}")
    if alive > GRACE:
        yield Finding(Broken.ALIVE_TOO_LONG, f"{alive}")
    for name, run in outcome.runs.items():
        if (count := sum(purchase.run == name for purchase in outcome.purchases)) > 1:
            yield Finding(Broken.BOUGHT_TWICE, f"{count} for {name}")
        if run.job_status == JobStatus.IN_PROGRESS:
            yield Finding(Broken.JOB_RUNNING, name)


def _ending(run: Run, observed: Observed) -> Iterator[Finding]:
    if run.result is None or not run.has_report:
        yield Finding(Broken.NO_REPORT, f"{run.status}: {run.cause}")
        return
    # Stopped or failed once its report was written, a run has its verdict all the same.
    if run.result["status"] == "SUCCEEDED":
        # One whose time for answers was up says so, and its verdict is about fewer questions.
        if run.result["verdict"] != observed.verdict and not any(run.result["unanswered"].values()):
            yield Finding(Broken.FALSE_SUCCESS, f"verdict {run.result['verdict']} instead of {observed.verdict}")
        if "WriteReport" not in run.entered:
            yield Finding(Broken.FALSE_SUCCESS, f"a verdict without WriteReport, last states {run.entered[-3:]}")
    elif run.status == "SUCCEEDED":
        yield Finding(Broken.FALSE_SUCCESS, f"the report says {run.result['status']}")
    elif not _tells(run.result["failure"], run):
        yield Finding(Broken.CAUSE, f"{run.status}, failure {run.result['failure']}, last states {run.entered[-3:]}")
    # One that was stopped or timed out has no cause of its own: its report tells.
    if run.status == "FAILED" and not _is_cause(run.cause or "", run):
        yield Finding(Broken.CAUSE, f"{run.entered[-1]}: {run.cause}")


def _tells(failure: Mapping[str, str], run: Run) -> bool:
    """One that was stopped or timed out before it knew that a task had failed names the state it was in."""
    failed = run.failed_task or run.entered[-1]
    return (
        failure["state"] in ({failed} if run.status == "FAILED" else {failed, run.entered[-1]})
        and failure["whatToDo"] != ""
    )


def _is_cause(cause: str, run: Run) -> bool:
    """Names the state, why, and what to do: as the report does, or, where it could not be written, says that too."""
    state, failed, rest = cause.partition(" failed: ")
    why, what_to_do, instruction = rest.partition("What to do: ")
    complete = state == run.failed_task and bool(failed and why.strip() and what_to_do and instruction)
    if run.entered[-1] == "ExperimentFailedUnreported":
        return complete and "The report could not be written." in why
    failure = (run.result or {}).get("failure") or {"state": None, "whatToDo": ""}
    return complete and state == failure["state"] and failure["whatToDo"] in instruction and "Report: s3://" in rest


def _told_life(run: Run, mine: Sequence[Purchase]) -> Iterator[Finding]:
    told = timedelta(seconds=run.result["hosting"]["seconds"] if run.result else 0)
    life = sum((each.deleted_at - each.created_at for each in mine if each.deleted_at), timedelta())
    if run.result is not None and not _is_life(told, life, max((_unseen(each, run) for each in mine), default=NO_TIME)):
        yield Finding(Broken.WRONG_LIFE, f"{told}, and it was {life}")


def _is_life(told: timedelta, life: timedelta, unseen: timedelta) -> bool:
    """Never less than what is paid, nor more than two looks later than the first time that somebody could see it."""
    return life - SECOND <= told <= life + unseen + 2 * REAPER_INTERVAL + SECOND


def _unseen(host: Purchase, run: Run) -> timedelta:
    """How long it was gone and nobody looked: of a run that fails and does not see it the guard looks when it ended."""
    if host.deleted_at is None or run.saw_gone or failed_at(run) is None:
        return NO_TIME
    return max(NO_TIME, run.ended_at - host.deleted_at)


def _heard(outcome: Outcome) -> Iterator[Finding]:
    """The topic, and the run's folder, of each thing that the guard ended."""
    notes = {note["arn"]: note for note in outcome.notes}
    for arn in {*notes, *outcome.removed}:
        heard = [sum(f"({arn}) {done}" in message for message in outcome.messages) for done in _DONE]
        told = arn in notes and is_told(notes[arn])
        if arn in outcome.removed and not (told and any(heard)):
            yield Finding(Broken.UNHEARD, f"{arn}: messages {heard}, told in the run's folder: {told}")
        if max(heard) > (arn in {*outcome.removed, *outcome.unanswered}):
            yield Finding(Broken.MISTOLD, f"{arn}: messages {heard}")
    for host in outcome.purchases:
        run, note = outcome.runs.get(host.run), notes.get(host.arn)
        if run and note and is_told(note) and host.deleted_at:
            of_guard, life = timedelta(seconds=note["seconds"]), host.deleted_at - host.created_at
            usd = round(note["seconds"] / 3600 * USD_PER_HOUR, 2) if note["kind"] == Kind.THROUGHPUT else None
            if not _is_life(of_guard, life, _unseen(host, run)) or note["usd"] != usd:
                yield Finding(Broken.WRONG_LIFE, f"the guard told {of_guard}, ${note['usd']}, and it was {life}")


# What the guard says of what it removed; each no more than once.
_DONE = ("is gone", "is on its way out", "is being stopped")


def _answers(run: Run) -> Iterator[Finding]:
    for model, generated in run.generated.items():
        if run.answers[model] < min(generated, QUESTIONS):
            yield Finding(Broken.ANSWERS_LOST, f"{model}: {generated} generated, {run.answers[model]} kept")


def _companion(outcome: Outcome, observed: Observed) -> Iterator[Finding]:
    run = outcome.runs.get(COMPANION)
    if run is not None and (run.status != "SUCCEEDED" or (run.result or {}).get("verdict") != observed.verdict):
        yield Finding(Broken.DISTURBED, f"{run.status}: {run.cause}")


def _resumed(outcome: Outcome, observed: Observed) -> Iterator[Finding]:
    first, again = outcome.runs[FIRST_RUN], outcome.runs.get(RESUMED)
    if again is None:
        return
    if again.status != "SUCCEEDED" or (again.result or {}).get("verdict") != observed.verdict:
        yield Finding(Broken.FALSE_SUCCESS, f"the resumed run is {again.status}: {again.cause}")
    if first.job_status == JobStatus.COMPLETED and again.job_status is not None:
        yield Finding(Broken.PAID_AGAIN, "the resumed run trained again")
    for model, kept in first.answers.items():
        if again.generated[model] > QUESTIONS - kept:
            yield Finding(Broken.PAID_AGAIN, f"{model}: {kept} were kept, {again.generated[model]} asked")
