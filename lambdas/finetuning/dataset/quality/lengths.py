"""Answers that are much longer or shorter than the rest, told by robust statistics: a few of them move no limit."""

from collections.abc import Iterator, Sequence
from math import exp, log
from statistics import median

from finetuning.dataset.codes import Finding
from finetuning.dataset.quality.codes import ANSWER_LENGTH

# Fewer answers show no usual length.
ENOUGH = 10
# An outlier's logarithm is so many standard deviations from the median: of lengths that are distributed log-normally,
# one in a million is.
DEVIATIONS = 5
# And its length is so many times the median, or one part of so many: where nearly all are of one length, any other
# would be far off.
TIMES = 3
# The standard deviation of a normal distribution is so many times its median absolute deviation.
DEVIATION_OF_MAD = 1.4826


def length_findings(file: str, lengths: Sequence[tuple[int, int]]) -> Iterator[Finding]:
    """lengths: of a file's answers, as (line, tokens)."""
    if len(lengths) < ENOUGH:
        return
    logarithms = [log(max(tokens, 1)) for _, tokens in lengths]
    middle = median(logarithms)
    deviation = DEVIATION_OF_MAD * median(abs(each - middle) for each in logarithms)
    farthest = max(DEVIATIONS * deviation, log(TIMES))
    for (line, tokens), logarithm in zip(lengths, logarithms, strict=True):
        # Rounding must not make an outlier of what is just so far off.
        if abs(logarithm - middle) > farthest + 1e-9:
            longer = "longer" if logarithm > middle else "shorter"
            message = f"an answer of about {tokens:,} tokens, much {longer} than the file's usual {exp(middle):,.0f}"
            yield ANSWER_LENGTH.at(file, line, message)
