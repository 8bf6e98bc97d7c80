"""Which axis the values get."""

import numpy as np
import pytest

from dropout_lab.report.draw.layout import shorten
from dropout_lab.report.draw.scales import FEW, scale

NEAR = np.linspace(0.20, 0.30, 12)


def test_values_near_each_other_are_on_a_linear_axis() -> None:
    found = scale(NEAR, maximised=False, logs=True)
    assert (found.logarithmic, found.edge, found.note) == (False, None, "")


def test_positive_losses_that_span_a_factor_are_logarithmic_and_all_shown() -> None:
    found = scale(np.append(NEAR, 3.0), maximised=False, logs=True, ends=[-0.5, 3.5])
    assert found.logarithmic
    assert not found.beyond(np.append(NEAR, 3.0)).any()
    low, high = found.limits or (np.nan, np.nan)
    assert 0 < low < 0.2
    assert 3 < high < 7


@pytest.mark.parametrize("maximised", [False, True])
def test_what_is_far_off_is_beyond_the_edge_and_the_baseline_is_not(maximised: bool) -> None:
    sign = -1 if maximised else 1
    values = sign * np.append(NEAR, [0.7, 9.0])
    found = scale(values, maximised=maximised, logs=False)
    assert list(values[found.beyond(values)]) == [sign * 9.0]
    assert found.note
    kept = scale(values, maximised=maximised, logs=False, keep=sign * 2.0)
    assert not kept.beyond(np.array([sign * 2.0])).any()
    low, high = kept.limits or (np.nan, np.nan)
    assert low <= min(sign * 0.2, sign * 2.0)
    assert high >= max(sign * 0.2, sign * 2.0)


def test_few_values_and_none_are_all_shown() -> None:
    for values in (np.append(np.ones(FEW - 1), 100.0), np.array([np.nan, np.inf]), np.ones(30), np.array([])):
        assert scale(values, maximised=False, logs=True).edge is None


def test_names_keep_both_ends() -> None:
    assert shorten("hidden at 0.3", 13) == "hidden at 0.3"
    short = shorten("encoder.layers.0.attention.output at 0.35", 20)
    assert len(short) == 20
    assert short.startswith("encoder")
    assert short.endswith("at 0.35")
