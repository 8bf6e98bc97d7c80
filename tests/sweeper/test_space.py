"""Overrides to search space: every form of Hydra's sweep grammar means what Hydra says it means."""

import itertools
import math
from decimal import Decimal
from typing import Any

import optuna
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import FloatDistribution, IntDistribution

from dropout_lab.core.errors import UserError
from dropout_lab.sweeper.combinations import combinations
from dropout_lab.sweeper.space import Axis, parse, point_distributions

OPTIONS = {"model": ["cnn", "mlp"], "placement": ["hidden", "head", "input"]}

INTS = st.integers(-1000, 1000)
FLOATS = st.floats(-1e3, 1e3, allow_nan=False).map(lambda value: float(f"{value:.6g}"))
WORDS = st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True).filter(lambda word: word not in ("null", "true", "false"))
LISTS = st.lists(INTS, max_size=3)
VALUES = st.lists(st.one_of(INTS, FLOATS, WORDS, st.booleans(), st.none(), LISTS), min_size=2, max_size=6)


def axis(line: str) -> Axis:
    axes, fixed = parse([line], lambda key: OPTIONS.get(key, []))
    assert fixed == []
    (found,) = axes
    return found


def written(value: Any) -> str:
    """A value as a person writes it on the command line."""
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return str(value)


def distinct(values: list[Any]) -> list[Any]:
    """Without repeats, in order; 1 and True are two values."""
    seen: list[Any] = []
    for value in values:
        if not any(type(value) is type(other) and value == other for other in seen):
            seen.append(value)
    return seen


@given(VALUES, st.sampled_from(["{}", "choice({})", "shuffle({})", "shuffle(choice({}))"]))
def test_choices_are_the_values_without_repeats(values: list[Any], form: str) -> None:
    values = [
        value for value in distinct(values) if value is not None or form == "{}"
    ]  # Hydra's functions have no null
    if len(values) < 2:
        return
    found = axis(f"a.b={form.format(','.join(map(written, values)))}")
    assert found.key == "a.b"
    assert sorted(map(repr, found.values or ())) == sorted(map(repr, values))
    if "shuffle" not in form:
        assert found.values == values


@given(st.lists(INTS, min_size=2, max_size=6, unique=True), st.booleans())
def test_sorted_choices(values: list[int], reverse: bool) -> None:
    line = f"a=sort({','.join(map(str, values))},reverse={str(reverse).lower()})"
    assert axis(line).values == sorted(values, reverse=reverse)


@given(st.integers(-20, 20), st.integers(1, 30), st.integers(1, 5))
def test_a_range_of_whole_numbers_is_pythons(start: int, length: int, step: int) -> None:
    found = axis(f"a=range({start},{start + length},{step})")
    assert found.values == list(range(start, start + length, step))


@given(st.integers(-50, 50), st.integers(1, 60), st.integers(1, 20))
def test_a_range_of_decimals_leaves_its_stop_out(start: int, length: int, step: int) -> None:
    # In tenths; written as decimals, where adding floats up would go wrong.
    first, stop, by = (Decimal(number) / 10 for number in (start, start + length, step))
    found = axis(f"a=range({float(first)},{float(stop)},{float(by)})")
    assert found.values == [float(first + by * index) for index in range(math.ceil((stop - first) / by))]
    assert max(found.values) < float(stop)


def test_the_range_of_the_readme() -> None:
    assert axis("rate=range(0,0.8,0.1)").values == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]


@given(FLOATS, FLOATS)
def test_an_interval_has_its_ends(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    if low == high:
        return
    found = axis(f"a=interval({low!r},{high!r})")
    assert found.distribution == FloatDistribution(low, high)
    assert found.values is None
    assert found.corners() == (low, high)


@given(st.integers(1, 100), st.integers(1, 100))
def test_intervals_of_whole_numbers_and_logarithmic_ones(low: int, length: int) -> None:
    high = low + length
    assert axis(f"a=int(interval({low},{high}))").distribution == IntDistribution(low, high)
    assert axis(f"a=tag(log,int(interval({low},{high})))").distribution == IntDistribution(low, high, log=True)
    assert axis(f"a=tag(log,interval({low},{high}))").distribution == FloatDistribution(low, high, log=True)


def test_a_glob_is_the_matching_members() -> None:
    assert axis("placement=glob(h*)").values == ["hidden", "head"]
    assert axis("placement=glob(*,exclude=h*)").values == ["input"]


@given(st.lists(VALUES, min_size=1, max_size=3))
def test_a_grid_is_the_product(columns: list[list[Any]]) -> None:
    columns = [column for column in map(distinct, columns) if len(column) > 1]
    lines = [f"a{i}={','.join(map(written, column))}" for i, column in enumerate(columns)]
    axes, _ = parse(lines, lambda key: [])
    assert [list(cell.values()) for cell in combinations(axes)] == [list(cell) for cell in itertools.product(*columns)]


@given(st.integers(1, 50), st.integers(1, 50), st.sampled_from(["{}", "shuffle({})"]))
def test_a_logarithmic_range_keeps_its_values_and_its_scale(low: int, length: int, form: str) -> None:
    found = axis(f"a=tag(log,{form.format(f'range({low},{low + length})')})")
    assert sorted(found.values or ()) == list(range(low, low + length))
    assert found.distribution == IntDistribution(low, low + length - 1, log=True)


@pytest.mark.parametrize(
    "line",
    ["a=1,2,7", "a=x,y", "a=[1],[2,3]", "a=range(0,5)", "a=range(0,1,0.25)", "a=interval(0,1)", "a=int(interval(2,9))"],
)
def test_a_sampler_suggests_what_the_axis_has_and_the_same_when_asked_again(line: str) -> None:
    found, study = axis(line), optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    drawn = []
    for _ in range(30):
        trial = study.ask()
        value = found.suggest(trial)
        assert found.suggest(trial) == value
        assert found.contains(value)
        assert found.values is None or value in found.values
        drawn.append(value)
    assert len(distinct(drawn)) > 1


def test_what_fixes_a_value_is_no_axis() -> None:
    axes, fixed = parse(["rate=0.1,0.2", "model=mlp", "a=[1,2]", "~b", "+c=3"], lambda key: OPTIONS.get(key, []))
    assert [found.key for found in axes] == ["rate"]
    assert fixed == ["model=mlp", "a=[1,2]", "~b", "+c=3"]


def test_numbers_of_a_cell_stay_numbers_for_the_dashboard() -> None:
    found = point_distributions({"rate": 0.3, "depth": 2, "model": "mlp", "flag": True})
    assert [type(distribution).__name__ for distribution in found.values()] == [
        "FloatDistribution",
        "IntDistribution",
        "CategoricalDistribution",
        "CategoricalDistribution",
    ]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["rate=interval(0.5,0.1)"], "rate=interval"),
        (["rate=interval(0.5,0.5)"], "rate=interval"),
        (["rate=tag(log,interval(0,1))"], "rate=tag"),
        (["a=tag(log,range(0,9))"], "at least 1 in steps of 1"),
        (["a=tag(log,range(1,9,2))"], "at least 1 in steps of 1"),
        (["a=tag(log,choice(1,2))"], "listed values have no scale"),
        (["a=range(0,inf)"], "finite start and stop"),
        (["a=int(range(0,3,0.5))"], "a cast applies"),
        (["a=[1,nan],1"], "numbers must be finite"),
        (["a={b:inf},1"], "numbers must be finite"),
        (["rate=tag(fast,interval(0,1))"], "unknown tag fast"),
        (["rate=range(0,1,0)"], "rate=range"),
        (["rate=range(5,5)"], "rate=range"),
        (["placement=glob(x*)"], "placement offers hidden, head, input"),
        (["rate=1,2", "rate=3,4"], "rate: swept twice"),
        (["rates.hidden=0.1,0.2", "rates.hidden.0=0.3"], "rates.hidden, rates.hidden.0"),
    ],
)
def test_a_sweep_without_a_meaning_is_refused_by_key(lines: list[str], said: str) -> None:
    with pytest.raises(UserError, match=said.replace("(", r"\(")):
        parse(lines, lambda key: OPTIONS.get(key, []))


def test_an_interval_has_no_grid() -> None:
    with pytest.raises(UserError, match=r"rate: .*sampler=random"):
        list(combinations([axis("rate=interval(0,0.5)")]))


def test_the_oracle_is_hydras_own_parser() -> None:
    for line in ("a=1,x,[2],null", "a=choice(true,1.5)", "a=range(1,9,3)", "a=sort(3,1,2)"):
        theirs = OverridesParser.create().parse_overrides([line])[0]
        assert axis(line).values == list(theirs.sweep_iterator())


def test_mappings_of_patterns_are_values() -> None:
    found = axis("++rates={layer3.*:0.1},{layer3.*:0.2,head:0.5}")
    assert found.values == [{"layer3.*": 0.1}, {"layer3.*": 0.2, "head": 0.5}]
    assert found.key == "rates"
    assert found.is_new
