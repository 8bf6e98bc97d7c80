"""Numbers as people read them: at most three significant digits, units, no exponents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_lab.report.spelling import amount, difference, duration, number, probability, value
from dropout_lab.report.topics.cells import spread


@pytest.mark.parametrize(
    ("given_number", "expected"),
    [
        (0.0, "0.00"), (1.2345, "1.23"), (0.12345, "0.123"), (0.012345, "0.012"), (0.00012345, "0.00012"),
        (-3.456, "−3.46"), (99.96, "100"), (999.7, "1000"), (12346.0, "12300"), (1234567.0, "1.23 × 10⁶"),
        (1e-9, "1.00 × 10⁻⁹"), (-8e21, "−8.00 × 10²¹"), (float("nan"), "–"), (float("inf"), "∞"),
    ],
)  # fmt: skip
def test_three_digits(given_number: float, expected: str) -> None:
    assert number(given_number, 3) == expected


@given(st.floats(1e-12, 1e12), st.sampled_from(["val_loss", "val_accuracy", "seconds"]), st.booleans())
def test_a_number_is_near_what_it_stands_for_and_has_no_exponent(size: float, metric: str, negative: bool) -> None:
    for text in (value(metric, size), difference(metric, -size if negative else size), amount(metric, size)):
        assert "e" not in text.replace("pp", "")
    read = number(size, 3)
    if "×" not in read:
        assert float(read) == pytest.approx(size, rel=0.06)


def test_units() -> None:
    assert [duration(x) for x in (0.0123, 1.5, 119.0, 180.0, 7200.0)] == [
        "12.3 ms", "1.50 s", "119 s", "3.00 minutes", "2.00 hours",
    ]  # fmt: skip
    assert [amount("val_loss", x) for x in (0.00079, -0.047, 1.234, 0.0)] == ["0.00079", "0.047", "1.2", "0"]
    assert amount("val_accuracy", 0.005) == "0.50 pp"
    assert [difference("val_accuracy", x) for x in (0.0123, -0.1234, 1.0)] == ["+1.23 pp", "−12.3 pp", "+100 pp"]
    assert spread(value, "val_accuracy", 0.95, 0.94, 0.96) == "95.0 % [94.0, 96.0]"
    assert [value("val_accuracy", x) for x in (1.0, 0.9996, 0.05)] == ["100 %", "100 %", "5.0 %"]
    assert [probability(p) for p in (0.0001, 0.0123, 0.123)] == ["p < 0.001", "p = 0.012", "p = 0.12"]


@pytest.mark.parametrize("metric", ["val_loss", "test_accuracy", "epochs_to_convergence"])
def test_zero_has_one_sign(metric: str) -> None:
    assert difference(metric, -0.0) == difference(metric, 0.0)
    assert value(metric, -0.0) == value(metric, 0.0)
    assert difference("test_accuracy", -1e-9) == "+0.00 pp"
