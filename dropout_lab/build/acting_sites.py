"""Which method drops at which site, and at what rate."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dropout_lab.build.builder import Builder
from dropout_lab.build.checks import check_method
from dropout_lab.build.site_methods import SiteMethod, methods_of
from dropout_lab.core.trial import Config
from dropout_lab.sites.info import SiteInfo, Warned


@dataclass(frozen=True)
class Placing:
    """The methods of a config's sites, each checked."""

    rates: Mapping[str, float]
    acting: Mapping[str, Config]
    """The sections of the methods in the cohort's program, by site; a method is in it at rate 0 too if that is free."""
    free: Sequence[str]
    """The sites of `acting` whose method costs nothing at rate 0."""
    names: Mapping[str, str]
    """The names of all sites' methods."""
    last: SiteInfo
    warnings: Sequence[Warned]


def place(builder: Builder, config: Config, choices: Mapping[str, str]) -> Placing:
    """The methods and rates of a config's sites.

    Raises UserError for a pattern, a rate or a method that its site does not allow.
    """
    sites = methods_of(builder, config, choices["dropout"])
    can_act_somewhere = bool(config["dropouts"]) or any(site.objection is None for site in sites)
    acting: dict[str, Config] = {}
    for site in sites:
        if site.rate == 0 and not site.costs_nothing:
            continue
        if site.rate > 0:
            check_method(site, config, choices["schedule"], can_act_somewhere=can_act_somewhere)
        if site.objection is None:
            fixed = {"rate": site.rate} if site.dropout.requirements.constant_rate else {}
            acting[site.info.site] = {**site.section, **fixed}
    return Placing(
        rates={site.info.site: site.rate for site in sites},
        acting=acting,
        free=[site.info.site for site in sites if site.costs_nothing and site.objection is None],
        names={site.info.site: site.name for site in sites},
        last=sites[-1].info,
        warnings=list(_warnings(sites)),
    )


def _warnings(sites: Sequence[SiteMethod]) -> Iterator[Warned]:
    for site in sites:
        if site.wanted > 0 and site.rate == 0:
            advice = f"it does not drop there, though placed everywhere: {site.objection}"
            yield Warned(site.name, site.info.site, advice)
        if site.rate > 0 and (advised := site.dropout.advice(site.info, site.rate)) is not None:
            yield Warned(site.name, site.info.site, advised)
