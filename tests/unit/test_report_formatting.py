"""Numbers, money and times as people read them."""

import pytest
from finetuning.report.formatting import (
    MISSING,
    duration,
    moment_text,
    number,
    p_value,
    quantity,
    signed,
    unit_usd,
    usd,
)
from finetuning.texts import texts

SAY = texts("en")


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0 s"),
        (41.6, "42 s"),
        (60, "1 min"),
        (2244, "37 min 24 s"),
        (3600, "1 h"),
        (9791, "2 h 43 min"),
        (172_800, "48 h"),
        (None, MISSING),
    ],
)
def test_duration(seconds: float | None, written: str) -> None:
    assert duration(seconds, SAY) == written


@pytest.mark.parametrize(
    ("dollars", "written"),
    [(0, "$0.00"), (0.0002, "under $0.01"), (0.005, "$0.01"), (1234.5, "$1,234.50"), (None, "not known")],
)
def test_usd(dollars: float | None, written: str) -> None:
    assert usd(dollars, SAY) == written


def test_unit_price_keeps_the_digits_that_matter() -> None:
    assert [unit_usd(price, SAY) for price in (132.0, 0.00025, 0.0000012, None)] == [
        "$132.00",
        "$0.00025",
        "$0.0000012",
        "not known",
    ]


@pytest.mark.parametrize(
    ("p", "written"), [(0.0001, "< 0.001"), (0.0042, "0.004"), (0.0999, "0.100"), (0.5149, "0.51"), (1.0, "1.00")]
)
def test_p_value(p: float, written: str) -> None:
    assert p_value(p) == written


def test_sign_of_a_difference() -> None:
    assert [signed(value, 2) for value in (1.254, -0.5, 0.0, -0.001)] == ["+1.25", "\N{MINUS SIGN}0.50", "0.00", "0.00"]
    assert number(1234.5, 1) == "1,234.5"
    assert [quantity(value) for value in (98.42, 1500, 0.62333)] == ["98.42", "1,500", "0.623"]


def test_moment_is_shown_in_utc() -> None:
    assert moment_text("2026-03-02T18:00:00+09:00") == "2026-03-02 09:00:00 UTC"
    assert moment_text("2026-03-02T09:00:00Z") == "2026-03-02 09:00:00 UTC"
    assert moment_text("yesterday") == "yesterday"
