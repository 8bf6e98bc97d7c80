"""The report's spelling of metrics with units, numbers and configurations."""

import math
from collections.abc import Sequence
from typing import Any

from dropout_lab.core.metrics.lookup import metric_of
from dropout_lab.core.metrics.metric import EPOCHS, FRACTION, NO_UNIT, Unit
from dropout_lab.core.metrics.table import METRICS

MINUS = "−"

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def title(metric: str) -> str:
    """What the metric is called; of a name that is none, its words."""
    known = METRICS.get(metric)
    return metric.replace("_", " ") if known is None else known.title


def is_maximised(metric: str) -> bool:
    """Whether higher values of the metric are better."""
    known = metric_of(metric)
    return known is not None and known.is_maximised


def possible(metric: str) -> tuple[float, float]:
    """The least and the greatest value that a mean of the metric can have, in the unit of the records."""
    known = metric_of(metric)
    return (-math.inf, math.inf) if known is None else (known.low, known.high)


def unit_of(metric: str) -> Unit:
    """The unit of the metric; none for a name that is no metric."""
    known = metric_of(metric)
    return NO_UNIT if known is None else known.unit


def is_fraction(metric: str) -> bool:
    """Whether the records hold the metric as a fraction, which people read as per cent."""
    return unit_of(metric) is FRACTION


def in_unit(metric: str, value: float) -> float:
    """The value in the unit that is shown: accuracies in per cent, differences of them in percentage points."""
    return unit_of(metric).factor * value


def unit(metric: str, classification: bool) -> str:
    """What stands in brackets on an axis; empty where the unit is that of the dataset's own loss."""
    found = unit_of(metric)
    return "" if found.regression and not classification else found.shown


def axis(metric: str, classification: bool) -> str:
    name = unit(metric, classification)
    return title(metric) if not name or name == "epochs" else f"{title(metric)} ({name})"


def number(value: float, digits: int = 4) -> str:
    """`digits` significant digits, one less below 0.1; powers of ten only for very large or small numbers."""
    if not math.isfinite(value):
        return "–" if math.isnan(value) else "∞"
    mantissa, power = f"{value:.{digits - 1}e}".split("e")
    if value != 0 and not -6 <= int(power) < 6:
        return f"{mantissa} × 10{str(int(power)).translate(RAISED)}".replace("-", MINUS)
    rounded = float(f"{mantissa}e{power}")
    decimals = max(0, digits - 1 - int(power) - (int(power) < -1))
    return f"{rounded if decimals == 0 else value:z.{decimals}f}".replace("-", MINUS)


def value(metric: str, value: float) -> str:
    """A metric's value to three digits, with its unit, for tables and sentences."""
    if not math.isfinite(value):
        return number(value)
    unit = unit_of(metric)
    if unit.difference:
        shown = unit.factor * value
        return f"{shown:z.{0 if round(abs(shown), 1) >= 100 else 1}f} {unit.shown}".replace("-", MINUS)
    if unit is EPOCHS:
        return f"{value:z.3g}" if value < 999.5 else f"{value:.0f}"
    return number(value, 3)


def difference(metric: str, value: float) -> str:
    """A difference of two values of the metric, with its sign."""
    if not math.isfinite(value):
        return number(value)
    unit = unit_of(metric)
    if unit.difference:
        shown = unit.factor * value
        return f"{shown:+z.{2 if abs(shown) < 9.995 else 1 if abs(shown) < 99.95 else 0}f} {unit.difference}".replace(
            "-", MINUS
        )
    return (("+" if value >= 0 else "") + number(value, 3)).replace("-", MINUS)


def amount(metric: str, value: float) -> str:
    """The size of a difference of two values of the metric, without sign, to two digits."""
    if not math.isfinite(value):
        return number(abs(value))
    size, name = abs(in_unit(metric, value)), unit_of(metric).difference
    unit = f" {name}" if name else ""
    size = float(f"{size:.1e}")
    decimals = max(0, 1 - math.floor(math.log10(size))) if size else 0
    return f"{size:.{decimals}f}{unit}" if decimals < 8 and size < 1e6 else f"{number(size, 2)}{unit}"


def probability(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def percent(part: float, whole: float = 1.0) -> str:
    """`part` of `whole` to two digits; only the whole is 100 %, and only nothing is 0 %."""
    share = round(100 * part / whole, 6)  # a sum of shares may miss 1 in its last digits
    if 0 < share < 0.01:
        return "< 0.01 %"
    return f"{math.floor(10 * share) / 10:g} %" if share > 99 else f"{share:.2g} %"


def duration(seconds: float) -> str:
    """A time in a suitable unit: ms, s, minutes, hours."""
    if not math.isfinite(seconds):
        return number(seconds)
    for unit, size, digits in (("hours", 3600.0, 3), ("minutes", 60.0, 3), ("s", 1.0, 3)):
        if seconds >= 2 * size or (unit == "s" and seconds >= 0.1):
            return f"{number(seconds / size, digits)} {unit}"
    return f"{number(1000 * seconds, 3)} ms"


def setting(value: Any) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.3g}".replace("e-0", "e-")
    return str(value)


def opening(text: str) -> str:
    """A text with a capital first letter, the others as they are: names such as F1 keep theirs."""
    return text[:1].upper() + text[1:]


def and_list(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
