"""Trials and runs: a trial is one configuration, a run is one training of it; both are identified by their content."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Config = Mapping[str, Any]

INSERT = "_insert_"
"""The key of a model's section that holds `sites.insert`."""

WEIGHTS = "_weights_"
"""The key of a model's section that holds the file of `model.weights`: its path, its hash, `weights.reinit`."""

RESOLVED = {
    "sites.insert": f"model.{INSERT}",
    "model.weights": f"model.{WEIGHTS}",
    "weights.reinit": f"model.{WEIGHTS}",
}
"""Keys whose values a resolved config holds in the model's section."""

METHOD_KEYS = ("dropout", "schedule", "loss")
"""The sections of a configuration that have no meaning unless a rate is above 0."""

DROPOUT_KEYS = ("rates", *METHOD_KEYS)
"""The sections of a configuration about dropout; the others are the context that a baseline shares."""


def canonical_json(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, whole floats stay floats. Raises ValueError for NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: Any, length: int = 12) -> str:
    """The first `length` hexadecimal digits of the SHA-256 of the value's canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:length]


@dataclass(frozen=True)
class Trial:
    """One configuration in canonical form: everything that determines its result except the seed.

    `config` holds the sections `model`, `dataset`, `optimizer`, `trainer`, `METHOD_KEYS`, and `rates`, which
    maps every site with a rate above 0 to its rate. `dropout` is the section of the method at these sites, or if they
    differ, maps each of these sites to its section. Without such a site, `METHOD_KEYS` are None: rate 0
    everywhere is the no-dropout baseline, whatever placement and method were asked for.
    """

    config: Config

    @classmethod
    def of(cls, sections: Config, rates: Mapping[str, float], methods: Config | None = None) -> "Trial":
        """The canonical trial of config `sections` whose sites have these rates.

        `methods` are the sites' sections of dropout, where they are not all `sections["dropout"]`.
        """
        active = {site: float(rate) for site, rate in rates.items() if rate > 0}
        acting = {site: (methods or {}).get(site, sections["dropout"]) for site in active}
        distinct = {canonical_json(method): method for method in acting.values()}
        dropout = next(iter(distinct.values())) if len(distinct) == 1 else acting
        method = (
            {**{key: sections[key] for key in METHOD_KEYS}, "dropout": dropout}
            if active
            else dict.fromkeys(METHOD_KEYS)
        )
        return cls({**sections, **method, "rates": active})

    @property
    def rates(self) -> Mapping[str, float]:
        rates: Mapping[str, float] = self.config["rates"]
        return rates

    @property
    def is_baseline(self) -> bool:
        return not self.rates

    @cached_property
    def key(self) -> str:
        return digest(self.config)

    @cached_property
    def context(self) -> str:
        """A hash of everything but dropout: trials of one context differ in dropout alone, so they share a baseline."""
        return digest({key: value for key, value in self.config.items() if key not in DROPOUT_KEYS})


@dataclass(frozen=True)
class Run:
    """One training of a trial, from one seed."""

    trial: Trial
    number: int
    seed: int
    attempt: int = 1

    @property
    def id(self) -> str:
        return f"{self.trial.key}-{self.seed}-{self.attempt}"


@dataclass(frozen=True)
class Execution:
    """How a cohort is trained, as far as the last bits of its results depend on it."""

    width: int
    compiled: bool
    threads: int
