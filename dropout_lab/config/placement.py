"""Placement: which sites drop. Patterns over site names, with weights, become one rate per site.

A weight is a number, or `linear`: i / n for the i-th of the n sites that the pattern names, as deep as they stand; or
`own`: the rate that the network's author wrote there, divided by the highest of them.

A pattern names sites in one of these ways:

    input, hidden.0     that site
    hidden              a family: the site of that name, and `hidden.0`, `hidden.1`, ...
    layer3              if no site has that name, all below it, too: `layer3.0.drop`, `layer3.1.conv.0`
    attention           the sites of that last name, too: `encoder.0.attention`, `encoder.1.attention`, ...
    hidden.*            a glob (`*`, `?`, `[...]`), case-sensitive; `*` matches dots too
    *                   every site at which the method there can act
    hidden.-1           the last of the family by number, `hidden.-2` the last but one; the family may be a glob
    @0, @-1             the first of the sites at which the method there can act, and the last, in the order of forward
    hidden.0|@0         the first of these patterns that names any

Of several patterns that match a site, the last one written decides.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Literal

from dropout_lab.config.bounds import NonNegative, Rate
from dropout_lab.config.kinds import Kind
from dropout_lab.core.errors import UserError

Method = Mapping[str, Any]
"""A member of conf/dropout/ with its `name`."""

RATE = Kind(Rate)
WEIGHT = Kind(NonNegative | Literal["linear", "own"])


def site_rates(
    sites: Sequence[str],
    weights: Mapping[str, Any],
    rate: float,
    overrides: Mapping[str, Any],
    able: Sequence[str] | None = None,
    own: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """The rate of every site, in the order of `sites`: weight x `rate`, or its own rate from `overrides`, or else 0.

    `weights` is the config's `placement.weights`. `overrides`, the config's `rates`, maps patterns to rates; it may be
    nested, as a command line's `rates.hidden.0=0.3` makes it, and a rate of None in it is no override. `able` are the
    sites of which the patterns `*` and `@0` speak; None: all. `own`: the author's rates, of the sites that have one.
    """
    able = sites if able is None else able
    RATE.check("rate", rate)
    for key, patterns in (("placement.weights", weights), ("rates", overrides)):
        if not isinstance(patterns, Mapping):
            raise UserError(f"{key}={patterns}: must be patterns with numbers, such as {{hidden.*:0.5,input:0.2}}")
    placed: dict[str, tuple[str, float]] = {}
    for pattern, weight in _flat(weights):
        WEIGHT.check(f"placement.weights.{pattern}", weight)
        named = _named(f"placement.weights.{pattern}={weight}", pattern, sites, able)
        for depth, site in enumerate(named, start=1):
            placed[site] = (pattern, _weight(weight, depth / len(named), site, own or {}))
    given: dict[str, float] = {}
    for pattern, site_rate in _flat(overrides):
        if site_rate is not None:
            RATE.check(f"rates.{pattern}", site_rate)
            named = _named(f"rates.{pattern}={site_rate}", pattern, sites, able)
            given.update(dict.fromkeys(named, float(site_rate)))
    rates = dict.fromkeys(sites, 0.0)
    for site, (pattern, weight) in placed.items():
        rates[site] = weight * float(rate)
        if site not in given and not rates[site] < 1:
            raise UserError(
                f"placement: the rate of site {site} is {rates[site]}, from placement.weights.{pattern}={weight} and"
                f" rate={rate}; their product must be at least 0 and below 1"
            )
    return rates | given


def _weight(weight: Any, depth: float, site: str, own: Mapping[str, float]) -> float:
    """The number that a weight means at a site; `depth`: that of the site among those that its pattern names."""
    if weight == "linear":
        return depth
    if weight != "own":
        return float(weight)
    highest = max(own.values(), default=0.0)
    if highest == 0:
        raise UserError(
            "placement=own: the network has no dropout of its author's with a rate above 0; take placement=everywhere,"
            " or name sites: dropout-lab sites lists them"
        )
    return own.get(site, 0.0) / highest


def site_methods(sites: Sequence[str], default: Method, overrides: Mapping[str, Any]) -> dict[str, Method]:
    """The method of every site, in the order of `sites`: `default`, unless `overrides` has one for it.

    `overrides`, the config's `dropouts`, maps patterns to methods, each a mapping with a `name`; it may be nested.
    """
    methods = dict.fromkeys(sites, default)
    for pattern, method in _flat(overrides, stop="name"):
        if method is not None:
            named = _named(f"dropouts.{pattern}={method['name']}", pattern, sites, sites)
            methods.update(dict.fromkeys(named, method))
    return methods


def matching(pattern: str, sites: Sequence[str]) -> list[str]:
    """The sites that a pattern names, in the order of `sites`."""
    if "|" in pattern:
        return next((found for one in pattern.split("|") if (found := matching(one, sites))), [])
    if (place := re.fullmatch(r"@(-?\d+)", pattern)) is not None:
        number = int(place[1])
        return [sites[number]] if -len(sites) <= number < len(sites) else []
    from_end = re.fullmatch(r"(.+)\.-(\d+)", pattern)
    if from_end is None:
        is_part = bool(pattern) and pattern not in sites
        found = [
            site
            for site in sites
            if fnmatchcase(site, pattern) or _family(site) == pattern or (is_part and site.startswith(f"{pattern}."))
        ]
        return found or [site for site in sites if site.endswith(f".{pattern}")]
    families: dict[str, list[str]] = {}
    for site in sites:
        family = _family(site)
        if family is not None and fnmatchcase(family, from_end[1]):
            families.setdefault(family, []).append(site)
    back = int(from_end[2])
    chosen = {
        sorted(members, key=lambda site: int(site.rpartition(".")[2]))[-back]
        for members in families.values()
        if 1 <= back <= len(members)
    }
    return [site for site in sites if site in chosen]


def _family(site: str) -> str | None:
    """`hidden` of `hidden.0`; None for a site without a number."""
    family, _, number = site.rpartition(".")
    return family if family and re.fullmatch(r"[0-9]+", number) else None


def _named(key: str, pattern: str, sites: Sequence[str], able: Sequence[str]) -> list[str]:
    for one in pattern.split("|"):
        if found := matching(one, able if one == "*" or one.startswith("@") else sites):
            return found
    known = f"the model's sites are {', '.join(sites)}" if sites else "the model has none"
    hint = ": choose a placement for it, or placement=everywhere" if sites and key.startswith("placement.") else ""
    raise UserError(f'{key}: no site matches "{pattern}"; {known}{hint}')


def _flat(patterns: Mapping[Any, Any], prefix: str = "", stop: str | None = None) -> Iterator[tuple[str, Any]]:
    """Patterns and values of a mapping whose keys may be cut at dots into mappings within mappings.

    A mapping that has the key `stop` is a value.
    """
    for key, value in patterns.items():
        if isinstance(value, Mapping) and stop not in value:
            yield from _flat(value, f"{prefix}{key}.", stop)
        else:
            yield f"{prefix}{key}", value
