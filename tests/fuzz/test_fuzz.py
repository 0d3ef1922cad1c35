"""The program behind `make fuzz`: for a moment, and with a reader that crashes."""

from random import Random

import pytest
from fuzz import READERS, Reader, fuzz


def test_no_reader_of_a_dataset_crashes(capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz({name: reader for name, reader in READERS.items() if reader.joined == 1}, 2, seed=0) == 0
    assert capsys.readouterr().out.startswith("no crash: ")


def test_a_crash_is_told_with_the_input(capsys: pytest.CaptureFixture[str]) -> None:
    def crash(content: bytes, _: Random) -> None:
        if len(content) > 10:
            raise ValueError(content[:3])

    assert fuzz({"a reader": Reader(crash)}, 60, seed=0) == 1

    out, err = capsys.readouterr()
    assert "a reader failed at these" in out
    assert "b'" in out
    assert "ValueError" in err
