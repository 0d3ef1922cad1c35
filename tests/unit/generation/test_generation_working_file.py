"""The file that keeps what was paid for: found again by the same settings, however the process before ended."""

from pathlib import Path

import pytest
from finetuning.errors import WorkingFileError
from finetuning.generation.working_file import Reply, WorkingFile

SETTINGS = {"documents": {"a.md": "1f"}, "--language": "en"}
REQUEST = {"modelId": "m", "messages": [{"content": [{"document": {"source": {"bytes": b"text"}}}]}]}
OTHER = {"modelId": "m", "messages": [{"content": [{"document": {"source": {"bytes": b"other"}}}]}]}


def reply(number: int) -> Reply:
    return Reply({"pairs": [{"question": "東京 \ud800?"}]}, "", number, 2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl.working"


def test_replies_come_back_once_each_in_their_order(path: Path) -> None:
    file = WorkingFile(path, SETTINGS)
    for number in (1, 2):
        file.keep(REQUEST, reply(number))
    assert file.replies == 0

    again = WorkingFile(path, dict(reversed(SETTINGS.items())))

    assert again.replies == 2
    assert again.take(OTHER) is None
    assert [again.take(REQUEST) for _ in range(3)] == [reply(1), reply(2), None]


def test_a_process_killed_while_it_wrote_leaves_whole_lines(path: Path) -> None:
    file = WorkingFile(path, SETTINGS)
    file.keep(REQUEST, reply(1))
    file.keep(REQUEST, reply(2))
    whole = path.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1

    for length in (last, last + 1, len(whole) - 1):
        path.write_bytes(whole[:length])
        again = WorkingFile(path, SETTINGS)
        again.keep(REQUEST, reply(2))

        assert again.replies == 1
        assert path.read_bytes() == whole


@pytest.mark.parametrize("length", [0, 10])
def test_a_process_killed_before_its_first_reply_was_kept_holds_nobody_to_its_settings(path: Path, length: int) -> None:
    file = WorkingFile(path, {"--language": "ja"})
    assert path.read_bytes() == b""
    file.keep(REQUEST, reply(1))
    path.write_bytes(path.read_bytes()[:length])

    other = WorkingFile(path, SETTINGS)
    other.keep(REQUEST, reply(2))

    assert WorkingFile(path, SETTINGS).take(REQUEST) == reply(2)


def test_what_cannot_be_written_is_known_before_anything_is_paid_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")

    with pytest.raises(WorkingFileError, match=r"cannot write .*: (Not a directory|File exists)"):
        WorkingFile(tmp_path / "file" / "out.jsonl.working", SETTINGS)


def test_other_settings_are_told_by_name_and_change_nothing(path: Path) -> None:
    WorkingFile(path, SETTINGS).keep(REQUEST, reply(1))
    before = path.read_bytes()

    with pytest.raises(WorkingFileError, match=r"other settings has paid for \(--language, --system differ\)"):
        WorkingFile(path, {"documents": {"a.md": "1f"}, "--language": "ja", "--system": "Be brief."})

    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"hello", b"hello\n", b"[]\n", b'{"settings": 1}\n', b'{"settings": {}}\n{"request": "x"}\n']
)
def test_a_file_of_something_else_is_refused_and_kept(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    with pytest.raises(WorkingFileError, match="not what this command writes: move it away"):
        WorkingFile(path, SETTINGS)

    assert path.read_bytes() == content
