"""Rows of files as people have them: every text byte for byte, every bad row by itself, broken files by name."""

import csv
import io
import json
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from finetuning.errors import SourceError
from finetuning.preparation.sources import ENDINGS, Row, read_rows
from finetuning.record_formats import RecordError
from hypothesis import given
from hypothesis import strategies as st

texts = st.text() | st.sampled_from(
    ["日本語、「」", "🙂👩‍👩‍👧", "a\u2028b\u2029c\x85d", "\x00", "a\r\nb\nc\rd", '"', "\t,;"]
)
tables = st.lists(st.builds(lambda one, other: {"質問": one, "a": other}, texts, texts), min_size=1, max_size=4)


def rows(name: str, content: bytes) -> list[Row]:
    return list(read_rows(name, io.BytesIO(content)))


def contents(name: str, content: bytes) -> list[Any]:
    return [row.content for row in rows(name, content)]


def delimited(table: list[dict[str, str]], delimiter: str) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([list(table[0]), *(row.values() for row in table)])
    return text.getvalue().encode()


def parquet(table: list[dict[str, Any]]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(table), sink, row_group_size=2)
    return sink.getvalue()


@given(tables)
def test_every_kind_of_file_gives_every_text_as_it_is(table: list[dict[str, str]]) -> None:
    for mark in (b"", b"\xef\xbb\xbf"):
        assert contents("x.csv", mark + delimited(table, ",")) == table
        assert contents("x.tsv", mark + delimited(table, "\t")) == table
        assert contents("x.json", mark + json.dumps(table, ensure_ascii=False, indent=1).encode()) == table
        lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in table)
        assert contents("x.jsonl", mark + lines.encode()) == table
    assert contents("x.parquet", parquet(table)) == table


@pytest.mark.parametrize(
    ("name", "content", "places"),
    [
        ("x.jsonl", b'{"a": 1}\r\n\r\n \n{"a": 2}', ["line 1", "line 4"]),
        ("X.NDJSON", b'{"a": 1}\n', ["line 1"]),
        ("x.csv", b'\r\na,b\r\n"1\n1",2\r\n\r\n3,4\r\n', ["line 3", "line 6"]),
        ("x.json", b'[\n {"a": [1,\n 2]},\n\n {"a": 2}]', ["item 1 (line 2)", "item 2 (line 5)"]),
        (
            "x.json",
            b'{"version": {"n": "[]"},\n "rows" :\n[{"a": 1},\n{"a": 2}], "z": 1}',
            ["item 1 (line 3)", "item 2 (line 4)"],
        ),
        ("x.json", b'\n{"messages": [\n]}\n', ["item 1 (line 2)"]),
        ("x.json", b" [ ] ", []),
        ("x.parquet", parquet([{"a": str(number)} for number in range(3)]), ["row 1", "row 2", "row 3"]),
    ],
)
def test_each_row_has_its_place(name: str, content: bytes, places: list[str]) -> None:
    assert [row.place for row in rows(name, content)] == places


@pytest.mark.parametrize(
    ("name", "content", "bad"),
    [
        (
            "x.jsonl",
            b'{"a": 1}\nnot json\n7\n{"a": 1, "a": 2}\n{"a": NaN}\n{"a": "\\ud800"}\n{"a": 2}',
            [2, 3, 4, 5, 6],
        ),
        ("x.json", b'[{"a": 1},\n7,\n{"a": 1, "a": 2},\n{"a": NaN},\n{"a": "\\ud800"},\n{"a": 2}]', [2, 3, 4, 5]),
        ("x.csv", b"a,b\n1,2\n1\n1,2,3\n3,4", [2, 3]),
        ("x.csv", b'a,b\n1,2\n"x" y,2\n3,4', [2]),
        ("x.csv", b'a,b\n1,2\n"never closed,2\n3,4', [2]),
    ],
)
def test_bad_rows_are_all_found_and_good_ones_go_on(name: str, content: bytes, bad: list[int]) -> None:
    found = contents(name, content)

    assert [number for number, row in enumerate(found, start=1) if isinstance(row, RecordError)] == bad


def test_after_a_broken_quote_the_rest_is_said_to_be_unread() -> None:
    *_, last = contents("x.csv", b'a,b\n"x" y,2\n3,4')

    assert "nothing after it was read" in str(last)


JAPANESE = "質問,回答\n東京は?,首都です。\n"


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("x.txt", b"", "end in .json, .jsonl"),
        ("noending", b"", "end in .json, .jsonl"),
        ("x.csv", JAPANESE.encode("cp932"), r"x.csv line 1: not UTF-8. It may be Shift_JIS \(cp932\).*iconv -f CP932"),
        ("x.csv", b"a,b\ncaf\xe9,x\n", r"x.csv line 2: not UTF-8. Save it as UTF-8"),
        ("x.csv", JAPANESE.encode("utf-16"), "x.csv is UTF-16 or UTF-32"),
        ("x.tsv", "a\tb".encode("utf-16-le"), "is UTF-16"),
        ("x.json", "[]".encode("utf-32"), "is UTF-16 or UTF-32"),
        ("x.jsonl", JAPANESE.encode()[:-2], "line 2: not UTF-8: it ends within a character"),
        ("x.csv", b"", "x.csv is empty"),
        ("x.csv", b"a,b,a\n1,2,3", "'a' twice"),
        ("x.json", b"[1,", "x.json:1:4: not JSON"),
        ("x.json", b'{"a": 1}\n{"a": 2}', r"x.json:2:1: not JSON: Extra data. .* \.jsonl"),
        ("x.json", b"[" * 100_000, "not JSON that can be read"),
        ("x.json", b"7", "neither a JSON array nor an object"),
        ("x.json", b'{"a": 1}', "holds no list"),
        ("x.json", b'{"a": [], "b": []}', 'lists: "a", "b"'),
        ("x.parquet", b"PAR1", "cannot be read as Parquet"),
        ("x.parquet", b"", "cannot be read as Parquet"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_what_to_do(name: str, content: bytes, named: str) -> None:
    with pytest.raises(SourceError, match=named):
        rows(name, content)


def test_a_character_on_the_border_of_two_chunks_is_one_character() -> None:
    before = b'{"a": "' + b"x" * (1024 * 1024 - 18) + b'"}\n'
    content = before + '{"a": "日"}'.encode()
    assert content.index("日".encode()) == 1024 * 1024 - 1

    assert contents("x.jsonl", content)[1] == {"a": "日"}


@pytest.mark.parametrize(("name", "row"), [("x.jsonl", b'{"a": "%s"}\n'), ("x.csv", b"%s\n")])
def test_a_large_file_is_not_held_in_memory(name: str, row: bytes, tmp_path: Path) -> None:
    size = 16 * 1024 * 1024
    (tmp_path / name).write_bytes(b"a\n" * name.endswith("csv") + row % (b"x" * 10_000) * (size // 10_000))

    with (tmp_path / name).open("rb") as stream:
        tracemalloc.start()
        try:
            assert sum(1 for _ in read_rows(name, stream)) == size // 10_000
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < size / 2


def test_parquet_without_its_library_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.partition(".")[0] == "pyarrow"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(SourceError, match=r"pip install 'bedrock-ft\[parquet\]'"):
        rows("x.parquet", b"")


def test_nulls_and_nested_values_of_parquet() -> None:
    messages = [{"role": "user", "content": "東京は?"}, {"role": "assistant", "content": "首都"}]

    assert contents(
        "x.parquet", parquet([{"messages": messages, "system": None}, {"messages": [], "system": "s"}])
    ) == [
        {"messages": messages},
        {"messages": [], "system": "s"},
    ]


@given(st.sampled_from(ENDINGS), st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_a_file_holds_is_rows_or_one_error(ending: str, content: bytes) -> None:
    try:
        found = rows(f"x{ending}", content)
    except SourceError as error:
        assert str(error).startswith(f"x{ending}")  # noqa: PT017 - either is right
    else:
        assert len({row.place for row in found}) == len(found)
