"""The lines of a stream of bytes. Memory is bounded by the longest line allowed, not by the file."""

from collections.abc import Iterable, Iterator

# Longer than any record of the allowed tokens; a line beyond it is skipped without being held in memory.
MAX_LINE_BYTES = 1024 * 1024
# What fits into a processor's cache with all that is made of it.
_PIECE_BYTES = 128 * 1024


def read_lines(chunks: Iterable[bytes]) -> Iterator[bytes | None]:
    """The lines of a stream without their ends (\\n or \\r\\n); None for a line over MAX_LINE_BYTES."""
    for block in read_blocks(chunks):
        if block is None:
            yield None
        else:
            for line in block.removesuffix(b"\n").split(b"\n"):
                yield line.removesuffix(b"\r")


def read_blocks(chunks: Iterable[bytes]) -> Iterator[bytes | None]:
    """The lines of a stream, many at once: whole lines with their ends; only the last one of all may lack it.

    None: one line over MAX_LINE_BYTES.
    """
    held, too_long = b"", False
    for piece in _pieces(chunks):
        whole = piece.rfind(b"\n") + 1
        if not whole:
            held += piece
            if len(held) > MAX_LINE_BYTES:
                held, too_long = b"", True
            continue
        block = b"".join((held, memoryview(piece)[:whole]))
        held = piece[whole:]
        # Only the first line can be longer than a piece.
        if too_long or len(block) > MAX_LINE_BYTES:
            end = block.index(b"\n") + 1
            if too_long or end > MAX_LINE_BYTES + 1:
                yield None
                block, too_long = block[end:], False
        if block:
            yield block
    if held or too_long:
        yield None if too_long else held


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), _PIECE_BYTES):
            yield chunk[start : start + _PIECE_BYTES]
