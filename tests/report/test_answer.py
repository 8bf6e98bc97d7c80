"""The interval of the chosen configuration, which was chosen for looking best, covers its true difference."""

import numpy as np
import pytest
from scipy import stats

from dropout_lab.report.frames.ranking import ranked
from dropout_lab.report.statistics import ALPHA, LEVEL, means_of_rows
from dropout_lab.report.topics.configurations.configurations import configurations
from tests.report.canned import grid, hump
from tests.report.large import Large


def test_the_interval_of_the_chosen_covers() -> None:
    """24 configurations equal to their baseline and 10 seeds, 4000 times: the one of the lowest mean."""
    generator, off = np.random.default_rng(0), []
    for _ in range(4000):
        values = generator.normal(size=(25, 10))
        off.append(values[1 + values[1:].mean(axis=1).argmin()] - values[0])
    rows = np.array(off)
    wide, plain = means_of_rows(rows, 1 - ALPHA / 24), means_of_rows(rows, LEVEL)
    assert ((wide.low <= 0) & (wide.high >= 0)).mean() >= 0.93
    assert ((plain.low <= 0) & (plain.high >= 0)).mean() < 0.9, "why that of one comparison will not do"


def test_it_is_that_of_bonferroni() -> None:
    frames = Large(grid(effect=hump), seeds=6, epochs=50, draw=3).frames(curves=False)
    found = answer(frames, ranked(configurations(frames), "val_loss", 6))
    assert found.best is not None
    assert found.difference is not None
    assert found.alone is not None
    assert found.tests == 24
    runs = frames.runs.pivot(index="seed", columns="trial", values="val_loss")
    test = stats.ttest_1samp(runs[found.best["trial"]] - runs[0], 0)
    for mean, level in ((found.alone, LEVEL), (found.difference, 1 - ALPHA / 24)):
        assert (mean.low, mean.high) == pytest.approx(tuple(test.confidence_interval(level)))
