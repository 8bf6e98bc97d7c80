"""Adjusted means against least squares, and what they say of grids with holes."""

import itertools

import numpy as np
import pytest
from dropout_lab.report.gallery.effects import plans
from dropout_lab.report.gallery.source import Source
from dropout_lab.report.tables import effect_levels

from dropout_lab.report.frames.ranking import ranked
from dropout_lab.report.statistics import adjusted_means, dummies
from dropout_lab.report.topics.configurations.configurations import configurations
from tests.report.canned import planned
from tests.report.large import Large


def test_they_are_those_of_least_squares() -> None:
    generator = np.random.default_rng(0)
    cells = [cell for cell in itertools.product(range(3), range(4), range(2)) if generator.uniform() < 0.7]
    values = generator.normal(size=(len(cells), 5))
    codes = np.array([a for a, _, _ in cells])
    others = np.concatenate([dummies([b for _, b, _ in cells]), dummies([c for _, _, c in cells])], axis=1)
    own = (codes[:, None] == np.arange(3)).astype(float)
    solved = np.linalg.lstsq(np.concatenate([own, others], axis=1), values)[0]
    expected = solved[:3] + others.mean(axis=0) @ solved[3:]
    assert adjusted_means(values, codes, others) == pytest.approx(expected)


def test_on_a_full_grid_they_are_the_plain_means_and_without_overlap_there_are_none() -> None:
    cells = list(itertools.product(range(3), range(4)))
    values = np.random.default_rng(1).normal(size=(12, 2))
    codes = np.array([a for a, _ in cells])
    found = adjusted_means(values, codes, dummies([b for _, b in cells]))
    assert found == pytest.approx(values.reshape(3, 4, 2).mean(axis=1))
    assert np.isnan(adjusted_means(values, codes, dummies([a for a, _ in cells]))).all()


def test_a_method_at_one_good_rate_does_not_get_the_credit_of_the_rate() -> None:
    rates = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
    plan = [planned("hidden", 0.0)]
    plan += [planned(place, rate, better=-rate) for place in ("hidden", "input") for rate in rates]
    plan += [planned(place, 0.1, better=-0.1, method="gaussian") for place in ("hidden", "input")]
    frames = Large(plan, seeds=6, epochs=20, noise=0.001).frames(curves=False)
    found = effect_levels(frames, ranked(configurations(frames), "val_loss", 6))
    found = found[found["metric"] == "val_loss"]
    raw = [frames.runs[(frames.runs["dropout"] == name) & (frames.runs["rate"] > 0)]["val_loss"].mean() for name in
           ("gaussian", "standard")]  # fmt: skip
    assert raw[0] < raw[1] - 0.2
    ours = found[found["factor"] == "dropout"]
    assert list(ours["level"]) == ["gaussian", "standard"]
    assert np.ptp(ours["effect"].to_numpy()) < 0.005
    assert (ours["effect_low"] < 0.001).all()
    assert (ours["effect_high"] > -0.001).all()
    by_rate = found.loc[found["factor"] == "rate", "effect"].to_numpy()
    assert len(by_rate) == len(rates)
    assert (np.diff(by_rate) > 0).all()


def test_a_setting_that_never_varies_alone_is_left_out_with_a_sentence() -> None:
    plan = [planned("hidden", 0.0), *(planned("hidden", rate) for rate in (0.1, 0.3))]
    plan += [planned("input", rate, method="gaussian") for rate in (0.1, 0.3, 0.5)]
    frames = Large(plan, seeds=3, epochs=10).frames(curves=False)
    table = ranked(configurations(frames), "val_loss", 3)
    source = Source(frames, table, answer(frames, table))
    drawn = {plan.name: plan.table for plan in plans(source)}
    assert set(drawn["levels"]["factor"]) == {"rate"}
    reason = "never varied without another setting"
    assert f"Main effects of placement and dropout are not drawn: {reason}." in source.skipped
