import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from dropout_lab.config.placement import RATE, WEIGHT, matching, site_methods, site_rates
from dropout_lab.core.errors import UserError

MLP = ["input", "hidden.0", "hidden.1", "hidden.2"]
CNN = ["input", "conv.0", "conv.1", "conv.2", "hidden.0", "hidden.1", "head"]
EVERY = [*CNN[:4], "pool.0", "residual.0", "residual.1", *CNN[4:]]
LAYER = ["attention", "heads", "attention_out", "ffn_act", "ffn_out", "layer"]
RNN = ["embedding", "input", "recurrent.0", "cell.0", "layer.0", "recurrent.1", "cell.1", "output"]
TRANSFORMER = ["embedding", "input", *(f"{name}.{number}" for number in range(2) for name in LAYER), "output"]

site_names = st.one_of(
    st.sampled_from(["input", "head", "hid", "layer.norm"]),
    st.builds("{}.{}".format, st.sampled_from(["hidden", "conv", "layer.attention"]), st.integers(0, 12)),
)
models = st.lists(site_names, min_size=1, max_size=10, unique=True)
patterns = st.one_of(
    site_names,
    st.sampled_from(["*", "hidden", "conv", "hidden.*", "conv.*", "h*", "*.0", "?????", "*.?", "layer*", "layer"]),
    st.builds("{}.-{}".format, st.sampled_from(["hidden", "conv", "layer.attention"]), st.integers(0, 4)),
)
weights_of_patterns = st.dictionaries(patterns, st.floats(0, 1), max_size=4)
rates = st.floats(0, 1, exclude_max=True)


def glob(pattern: str, text: str) -> bool:
    """`*` and `?`, from the definition."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return glob(pattern[1:], text) or (bool(text) and glob(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and glob(pattern[1:], text[1:])


def names(pattern: str, site: str, sites: list[str]) -> bool:
    """Whether a pattern names a site, one site at a time, by other means than the code under test."""
    if "-" in pattern:
        family, back = pattern.split(".-")
        numbers = sorted(n for n in range(20) if f"{family}.{n}" in sites)
        return 0 < int(back) <= len(numbers) and site == f"{family}.{numbers[len(numbers) - int(back)]}"
    is_below = pattern not in sites and site[: len(pattern) + 1] == f"{pattern}."
    return glob(pattern, site) or is_below or site in [f"{pattern}.{n}" for n in range(20)]


def reference(
    sites: list[str], weights: Mapping[str, float], rate: float, own: Mapping[str, float]
) -> dict[str, float]:
    result = {}
    for site in sites:
        placed = [weight * rate for pattern, weight in weights.items() if names(pattern, site, sites)]
        named = [value for pattern, value in own.items() if names(pattern, site, sites)]
        result[site] = (named or [0.0, *placed])[-1]
    return result


@given(models, rates)
def test_everywhere_is_the_rate_at_every_site_and_none_is_0(sites: list[str], rate: float) -> None:
    assert site_rates(sites, {"*": 1.0}, rate, {}) == dict.fromkeys(sites, rate)
    assert site_rates(sites, {}, rate, {}) == dict.fromkeys(sites, 0.0)


@given(models, weights_of_patterns, rates, st.dictionaries(patterns, rates, max_size=3))
def test_rates_are_those_of_the_reference_or_refused(
    sites: list[str], weights: dict[str, float], rate: float, own: dict[str, float]
) -> None:
    if all(any(names(pattern, site, sites) for site in sites) for pattern in [*weights, *own]):
        result = site_rates(sites, weights, rate, own)
        assert result == reference(sites, weights, rate, own)
        assert list(result) == sites
        assert all(0 <= value < 1 for value in result.values())
    else:
        with pytest.raises(UserError, match="no site matches"):
            site_rates(sites, weights, rate, own)


@given(models, patterns, patterns, rates)
def test_the_last_pattern_written_wins(sites: list[str], first: str, second: str, rate: float) -> None:
    one, other = matching(first, sites), matching(second, sites)
    if first != second and one and other:
        result = site_rates(sites, {first: 0.25, second: 0.75}, rate, {})
        assert all(result[site] == 0.75 * rate for site in other)
        assert all(result[site] == 0.25 * rate for site in set(one) - set(other))


@given(models, st.floats(0, 1), rates, patterns, rates)
def test_overrides_change_the_sites_they_name_alone(
    sites: list[str], weight: float, rate: float, pattern: str, own: float
) -> None:
    named = matching(pattern, sites)
    if named:
        placed = site_rates(sites, {"*": weight}, rate, {})
        assert site_rates(sites, {"*": weight}, rate, {pattern: own}) == placed | dict.fromkeys(named, own)


@given(models, st.text(alphabet="xyz.-0", max_size=6), rates)
def test_an_unknown_pattern_is_refused_with_the_sites(sites: list[str], pattern: str, rate: float) -> None:
    for weights, own, key in (({pattern: 1.0}, {}, "placement.weights."), ({}, {pattern: 0.5}, "rates.")):
        with pytest.raises(UserError) as error:
            site_rates(sites, weights, rate, own)
        assert str(error.value).startswith(f"{key}{pattern}=")
        assert all(site in str(error.value) for site in sites)


@pytest.mark.parametrize(
    ("pattern", "sites"),
    [
        ("hidden.-1", ["hidden.10"]),
        ("hidden.-2", ["hidden.9"]),
        ("hidden.-3", ["hidden.0"]),
        ("hidden.-4", []),
        ("hidden.-0", []),
        ("hidden", ["hidden.10", "hidden.0", "hidden.9"]),
        ("hidden.*", ["hidden.10", "hidden.0", "hidden.9"]),
        ("*.-1", ["hidden.10", "conv.1"]),
        ("HIDDEN", []),
        ("hid", []),
        ("conv", ["conv", "conv.1"]),
        ("[ci]*", ["input", "conv", "conv.1"]),
        ("", []),
    ],
)
def test_what_a_pattern_names(pattern: str, sites: list[str]) -> None:
    """The last of a family is the last by number, not by letter or by place."""
    assert matching(pattern, ["input", "hidden.10", "hidden.0", "hidden.9", "conv", "conv.1"]) == sites


def test_nested_overrides_are_those_of_the_command_line() -> None:
    """`rates.hidden.0=0.3` arrives as a mapping in a mapping, with a number or a string as key."""
    flat = site_rates(MLP, {}, 0.5, {"hidden.0": 0.3, "input": 0.1})
    assert flat == {"input": 0.1, "hidden.0": 0.3, "hidden.1": 0.0, "hidden.2": 0.0}
    for key in (0, "0"):
        assert site_rates(MLP, {}, 0.5, {"hidden": {key: 0.3, 1: None}, "input": 0.1}) == flat
    nested = OmegaConf.create({"hidden": {0: 0.3}, "input": 0.1, "hidden.*": None})
    assert isinstance(nested, Mapping)
    assert site_rates(MLP, {}, 0.5, nested) == flat
    assert site_rates(MLP, {"hidden": {"0": 0.6}}, 0.5, {"input": 0.1}) == flat


@pytest.mark.parametrize("rate", [1, 1.0, -0.1, math.nan, math.inf, True, "0.5", None])
def test_what_is_no_rate_is_refused(rate: Any) -> None:
    with pytest.raises(UserError, match=f"^rate={RATE.shown(rate)}: must be at least 0 and below 1"):
        site_rates(MLP, {}, rate, {})
    if rate is not None:
        with pytest.raises(UserError, match=rf"^rates.hidden.0={RATE.shown(rate)}: must be at least 0 and below 1"):
            site_rates(MLP, {}, 0.5, {"hidden": {0: rate}})


@pytest.mark.parametrize("weight", [-1, -0.5, math.nan, math.inf, True, "1", None])
def test_what_is_no_weight_is_refused(weight: Any) -> None:
    with pytest.raises(
        UserError, match=f"^placement.weights.input={WEIGHT.shown(weight)}: must be a finite number of at least 0"
    ):
        site_rates(MLP, {"input": weight}, 0.5, {})


def test_a_product_of_1_or_more_is_refused_unless_overridden() -> None:
    assert site_rates(MLP, {"input": 1.5}, 0.5, {})["input"] == 0.75
    with pytest.raises(
        UserError, match=r"the rate of site input is 1\.0, from placement\.weights\.input=2\.0 and rate"
    ):
        site_rates(MLP, {"input": 2.0}, 0.5, {})
    assert site_rates(MLP, {"input": 2.0}, 0.5, {"input": 0.2})["input"] == 0.2


@pytest.mark.parametrize("patterns", ["???", None, 0.5, ["input"]])
def test_what_is_no_mapping_is_refused(patterns: Any) -> None:
    """`???` is what Hydra leaves where placement=custom got no weights."""
    with pytest.raises(UserError, match=r"^placement\.weights=.*: must be patterns"):
        site_rates(MLP, patterns, 0.5, {})
    with pytest.raises(UserError, match=r"^rates=.*: must be patterns"):
        site_rates(MLP, {}, 0.5, patterns)


def test_linear_weights_grow_with_depth_up_to_the_rate() -> None:
    rates = site_rates(CNN, {"conv.*": "linear", "hidden": 0.5}, 0.6, {})
    assert rates == pytest.approx(
        {**dict.fromkeys(CNN, 0.0), "conv.0": 0.2, "conv.1": 0.4, "conv.2": 0.6} | {"hidden.0": 0.3, "hidden.1": 0.3}
    )


STANDARD, SPATIAL = {"name": "standard", "_target_": "S"}, {"name": "spatial", "_target_": "P"}


def test_methods_by_site_and_the_last_pattern_decides() -> None:
    methods = site_methods(CNN, STANDARD, {"conv": SPATIAL, "*.0": STANDARD, "hidden": {"-1": SPATIAL}})
    assert [site for site in CNN if methods[site] == SPATIAL] == ["conv.1", "conv.2", "hidden.1"]
    assert list(methods) == CNN
    with pytest.raises(UserError, match=r'dropouts\.pool=spatial: no site matches "pool"'):
        site_methods(CNN, STANDARD, {"pool": SPATIAL})


def test_a_model_without_sites_has_no_rates() -> None:
    assert site_rates([], {}, 0.5, {}) == {}
    with pytest.raises(UserError, match="the model has none"):
        site_rates([], {"*": 1.0}, 0.5, {})


def test_a_star_alone_names_the_sites_where_the_method_can_act_and_others_insist() -> None:
    able = ["input", "hidden.1"]
    assert site_rates(EVERY, {"*": 1.0}, 0.5, {}, able) == {**dict.fromkeys(EVERY, 0.0), "input": 0.5, "hidden.1": 0.5}
    assert site_rates(EVERY, {}, 0.5, {"*": 0.2}, able) == {**dict.fromkeys(EVERY, 0.0), "input": 0.2, "hidden.1": 0.2}
    for placed in ({"conv": 1.0}, {"conv.*": 1.0}, {"*v*": 1.0}):
        assert site_rates(EVERY, placed, 0.5, {}, able)["conv.0"] == 0.5


FOLDER = Path(__file__).parents[2] / "conf" / "placement"
BRANCHES = ["attention_out.0", "ffn_out.0", "attention_out.1", "ffn_out.1"]
NETWORK = ["stem", "body.3", "body.attention", "fc"]
"""A network of a user's, whose author dropped at body.3 and fc."""
EXPECTED = {
    "own": (NETWORK, ["body.3", "fc"]),
    "none": (EVERY, []),
    "input": (EVERY, ["input"]),
    "hidden": (EVERY, ["hidden.0", "hidden.1"]),
    "everywhere": (EVERY, EVERY),
    "first": (EVERY, ["hidden.0"]),
    "last": (EVERY, ["hidden.1"]),
    "head": (EVERY, ["head"]),
    "conv": (EVERY, ["conv.0", "conv.1", "conv.2"]),
    "pool": (EVERY, ["pool.0"]),
    "residual": (EVERY, ["residual.0", "residual.1"]),
    "depth": (EVERY, ["residual.0", "residual.1"]),
    "embedding": (RNN, ["embedding"]),
    "output": (RNN, ["output"]),
    "nonrecurrent": (RNN, ["input", "layer.0", "output"]),
    "recurrent": (RNN, ["recurrent.0", "recurrent.1"]),
    "cell": (RNN, ["cell.0", "cell.1"]),
    "states": (RNN, ["recurrent.0", "cell.0", "recurrent.1", "cell.1"]),
    "attention": (TRANSFORMER, ["attention.0", "attention.1"]),
    "heads": (TRANSFORMER, ["heads.0", "heads.1"]),
    "ffn": (TRANSFORMER, ["ffn_act.0", "ffn_act.1"]),
    "layers": (TRANSFORMER, ["layer.0", "layer.1"]),
    "branches": (TRANSFORMER, BRANCHES),
    "branch_depth": (TRANSFORMER, BRANCHES),
    "vaswani": (TRANSFORMER, ["input", *BRANCHES]),
}
"""A model's sites, and those of them that a placement names."""


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_placement(path: Path) -> None:
    config = OmegaConf.load(path)
    assert list(config) == ["weights"]
    if path.stem == "custom":
        assert OmegaConf.is_missing(config, "weights")
        return
    sites, expected = EXPECTED[path.stem]
    own = {"body.3": 0.1, "fc": 0.5}
    rates = site_rates(sites, dict(config.weights), 0.5, {}, own=own)
    assert [site for site, rate in rates.items() if rate > 0] == expected
    others = {"depth": {0.25}, "own": {0.1}, "branch_depth": {0.25}, "states": {0.05}}
    assert {rate for rate in rates.values() if rate} <= {0.5} | others.get(path.stem, set())


def test_every_expected_placement_exists() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {*EXPECTED, "custom"}


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("first", {"stem": 0.4}),
        ("last", {"fc": 0.4}),
        ("depth", {"stem": 0.1, "body.3": 0.2, "body.attention": 0.3, "fc": 0.4}),
    ],
)
def test_a_network_without_the_family_has_its_sites_placed_in_the_order_of_forward(
    name: str, rates: dict[str, float]
) -> None:
    weights = dict(OmegaConf.load(FOLDER / f"{name}.yaml").weights)
    found = site_rates(NETWORK, weights, 0.4, {})
    assert {site: rate for site, rate in found.items() if rate} == pytest.approx(rates)
    able = NETWORK[1:]
    first = {"first": "body.3", "last": "fc", "depth": "body.3"}[name]
    assert next(site for site, rate in site_rates(NETWORK, weights, 0.4, {}, able).items() if rate) == first


def test_own_is_refused_where_the_author_dropped_nowhere() -> None:
    with pytest.raises(UserError, match=r"placement=own: the network has no dropout of its author's"):
        site_rates(NETWORK, {"*": "own"}, 0.5, {}, own={"fc": 0.0})


def test_a_place_beyond_the_last_site_is_refused() -> None:
    with pytest.raises(UserError, match='no site matches "@4"'):
        site_rates(NETWORK, {"@4": 1.0}, 0.5, {})


def test_a_part_of_a_network_is_all_sites_below_it() -> None:
    sites = ["layer3.0", "layer3.0.drop", "layer3.1.conv.0", "layer30.drop", "head.layer3"]
    assert matching("layer3", sites) == ["layer3.0", "layer3.0.drop", "layer3.1.conv.0"]
    assert matching("layer3.0", sites) == ["layer3.0"]
    assert site_rates(sites, {}, 0.5, {"layer3": 0.2})["layer3.1.conv.0"] == 0.2


def test_a_last_name_is_a_family() -> None:
    sites = ["encoder.0.attention", "encoder.0.drop", "encoder.1.attention"]
    assert matching("attention", sites) == ["encoder.0.attention", "encoder.1.attention"]
    assert matching("attention", ["attention.0", *sites]) == ["attention.0"]
