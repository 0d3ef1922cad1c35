"""How findings are shown: for people, for programs, and beside the lines of a pull request."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from finetuning.dataset.codes import Finding, Severity

from cli.output import plain


@dataclass(frozen=True)
class CheckedFile:
    path: str
    records: int
    findings: Sequence[Finding]

    def of(self, severity: Severity) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == severity]


def as_text(files: Sequence[CheckedFile], ok: bool) -> str:
    lines = []
    for file in files:
        lines += [f"{finding.severity}: {finding}" for finding in file.findings]
    for file in files:
        counts = [_counted(len(file.of(severity)), severity) for severity in ("error", "warning")]
        lines.append(f"{file.path}: {_counted(file.records, 'record')}, {', '.join(counts)}")
    return "\n".join([*map(_one_line, lines), "ok" if ok else "not ok"])


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def as_json(files: Sequence[CheckedFile], ok: bool) -> str:
    """In ASCII, so that nothing in it moves a cursor."""
    return json.dumps(
        {
            "ok": ok,
            "files": [
                {
                    "path": file.path,
                    "records": file.records,
                    "errors": [finding.to_json() for finding in file.of("error")],
                    "warnings": [finding.to_json() for finding in file.of("warning")],
                }
                for file in files
            ],
        }
    )


def as_annotations(files: Sequence[CheckedFile], _ok: bool) -> str:
    """Workflow commands of GitHub Actions: https://docs.github.com/actions/reference/workflow-commands-for-github-actions"""
    return "\n".join(_annotation(finding) for file in files for finding in file.findings)


def _annotation(finding: Finding) -> str:
    properties = {"file": finding.file, "title": finding.code.name}
    if finding.line:
        properties["line"] = str(finding.line)
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{finding.severity} {written}::{_data(f'{finding.message}. {finding.fix}')}"


def _data(text: str) -> str:
    return plain(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _one_line(text: str) -> str:
    """A file's name may hold line ends."""
    return plain(text.replace("\n", "\N{REPLACEMENT CHARACTER}"))


FORMATS: Mapping[str, Callable[[Sequence[CheckedFile], bool], str]] = {
    "text": as_text,
    "json": as_json,
    "github": as_annotations,
}
