"""The lines of a stream, however it comes."""

import tracemalloc
from collections.abc import Iterator

from finetuning.dataset.lines import MAX_LINE_BYTES, read_blocks, read_lines
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.dataset_records import cut

pieces = st.lists(st.sampled_from([b"\n", b"\r\n", b"\r", b"a", b"", b'{"x": 1}', b"\xff\x00"]), max_size=20)
streams = pieces.map(b"".join) | st.binary()


@given(streams, st.lists(st.integers(0, 500), max_size=8))
def test_lines_are_what_splitting_the_whole_gives(content: bytes, places: list[int]) -> None:
    whole = content.removesuffix(b"\n").split(b"\n") if content else []

    assert list(read_lines(cut(content, places))) == [part.removesuffix(b"\r") for part in whole]


@given(streams, st.lists(st.integers(0, 500), max_size=8))
def test_blocks_are_the_stream_cut_at_line_ends(content: bytes, places: list[int]) -> None:
    blocks = [block or b"" for block in read_blocks(cut(content, places))]

    assert b"".join(blocks) == content
    assert all(block.endswith(b"\n") for block in blocks[:-1])
    assert all(blocks)


@given(st.lists(st.integers(0, 3 * MAX_LINE_BYTES), max_size=4))
def test_a_line_over_the_limit_is_skipped_and_the_next_one_read(places: list[int]) -> None:
    content = b"first\n" + b"x" * (MAX_LINE_BYTES + 1) + b"\n" + b"y" * MAX_LINE_BYTES + b"\nlast"

    assert list(read_lines(cut(content, places))) == [b"first", None, b"y" * MAX_LINE_BYTES, b"last"]


def test_a_file_that_is_one_endless_line_is_not_held_in_memory() -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * MAX_LINE_BYTES

    tracemalloc.start()
    try:
        assert list(read_lines(endless())) == [None]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * MAX_LINE_BYTES
