"""The search space beside Hydra's own BasicSweeper: the values that it would run are the values of the axis."""

from typing import Any

import optuna
import pytest
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from dropout_lab.core.errors import UserError
from dropout_lab.sweeper.combinations import combinations
from dropout_lab.sweeper.space import parse
from tests.sweeper.test_space import FLOATS, INTS, LISTS, WORDS, axis, distinct, written

VALUES = st.lists(st.one_of(INTS, FLOATS, WORDS, st.booleans(), LISTS), min_size=2, max_size=6)


def hydras(*lines: str) -> list[list[Any]]:
    """The values of each job of BasicSweeper, in its order, read back by Hydra's own parser."""
    parser = OverridesParser.create()
    (jobs,) = BasicSweeper.split_arguments(parser.parse_overrides(list(lines)), None)
    return [[override.value() for override in parser.parse_overrides(list(job))] for job in jobs]


@given(VALUES, st.sampled_from(["{}", "choice({})"]))
def test_choices_are_hydras_jobs(values: list[Any], form: str) -> None:
    line = f"a={form.format(','.join(map(written, values)))}"
    assert axis(line).values == distinct([value for (value,) in hydras(line)])


@given(st.lists(st.one_of(INTS, FLOATS), min_size=2, max_size=6), st.booleans())
def test_sorted_numbers_are_hydras_jobs(values: list[Any], reverse: bool) -> None:
    line = f"a=sort({','.join(map(written, values))},reverse={written(reverse)})"
    assert axis(line).values == distinct([value for (value,) in hydras(line)])


@given(
    st.integers(-30, 30),
    st.integers(1, 40),
    st.integers(1, 7),
    st.sampled_from(["range({},{},{})", "sort(range({},{},{}))", "sort(range({},{},{}),reverse=true)"]),
)
def test_ranges_of_whole_numbers_are_hydras_jobs(start: int, length: int, step: int, form: str) -> None:
    line = f"a={form.format(start, start + length, step)}"
    assert axis(line).values == [value for (value,) in hydras(line)]


@given(st.integers(-30, 30), st.integers(1, 40), st.integers(1, 7))
def test_a_falling_range_is_hydras_jobs(start: int, length: int, step: int) -> None:
    line = f"a=range({start},{start - length},{-step})"
    found = axis(line)
    assert found.values == [value for (value,) in hydras(line)]
    # A sampler searches the same values in rising order.
    assert all(found.contains(value) for value in found.values or ())


@given(st.lists(INTS, min_size=2, max_size=8, unique=True))
def test_shuffled_values_are_hydras_in_some_order(values: list[int]) -> None:
    line = f"a=shuffle({','.join(map(str, values))})"
    assert sorted(axis(line).values or ()) == sorted(value for (value,) in hydras(line))


@given(VALUES, VALUES)
def test_a_grid_is_hydras_jobs_without_repeats(first: list[Any], second: list[Any]) -> None:
    lines = [f"{key}={','.join(map(written, values))}" for key, values in (("a", first), ("b", second))]
    found = [list(cell.values()) for cell in combinations(parse(lines, lambda key: [])[0])]
    jobs = distinct([[(type(value), value) for value in job] for job in hydras(*lines)])
    assert found == [[value for _, value in job] for job in jobs]


@pytest.mark.parametrize("line", ["a=int(1.5,2.7)", "a=str(1,2)", "a=bool(0,1)", "a=float(1,2)", "a={x:1},{x:2}"])
def test_casts_and_dictionaries_are_hydras(line: str) -> None:
    (theirs,) = OverridesParser.create().parse_overrides([line])
    assert axis(line).values == list(theirs.sweep_iterator())


@given(st.floats(1e-6, 1e3), st.floats(1.5, 1e3), st.booleans(), st.integers(0, 99))
def test_a_sampler_stays_in_an_interval_and_says_the_same_when_asked_again(
    low: float, factor: float, log: bool, seed: int
) -> None:
    inside = f"interval({low!r},{low * factor!r})"
    found = axis(f"a=tag(log,{inside})" if log else f"a={inside}")
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    for _ in range(3):
        trial = study.ask()
        value = found.suggest(trial)
        assert found.suggest(trial) == value
        # Twelve significant digits are kept, so an end may be passed by that much.
        assert low * (1 - 1e-11) <= value <= low * factor * (1 + 1e-11)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("~rate=0.1,0.2", "~rate=0.1,0.2: a deletion cannot be swept"),
        ("rate=interval(nan,1)", "rate=interval"),
        ("rate=interval(0,inf)", "rate=interval"),
        ("rate=tag(log,interval(-1,1))", "rate=tag"),
        ("rate=tag(log,fast,interval(1,2))", "rate: unknown tag fast"),
        ("rate=range(0,1,-1)", "rate=range(0,1,-1): no value"),
        ("rate=sort(1,b)", "rate=sort(1,b)"),
        ("rate=nosuch(1,2)", "rate=nosuch(1,2)"),
        ("rate=glob(*)", "rate=glob(*): no value"),
    ],
)
def test_what_cannot_be_swept_is_refused_by_key(line: str, said: str) -> None:
    with pytest.raises(UserError) as raised:
        parse([line], lambda key: [])
    assert said in str(raised.value)
