"""The method of every site, its rate, and whether it can act there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dropout_lab.build.builder import Builder
from dropout_lab.config.placement import Method, site_methods, site_rates
from dropout_lab.core.trial import Config
from dropout_lab.sites.info import Own, SiteInfo
from dropout_lab.sites.method import AbstractDropout, acts_in_evaluation, needs_own_program, objection_to

OWN: Mapping[str, Config] = {
    "standard": {"_target_": "dropout_lab.dropout.standard.Standard"},
    "spatial": {"_target_": "dropout_lab.dropout.spatial.Spatial"},
    "alpha": {"_target_": "dropout_lab.dropout.alpha.Alpha"},
    "feature_alpha": {"_target_": "dropout_lab.dropout.feature_alpha.FeatureAlpha"},
    "attention": {"_target_": "dropout_lab.dropout.attention.Attention"},
    "stochastic_depth": {
        "_target_": "dropout_lab.dropout.stochastic_depth.StochasticDepth",
        "per_example": True,
        "classic": False,
    },
}
"""The methods that authors write in torch, as in conf/dropout/: those of dropout=own."""


ELEMENTWISE = ("standard", "classic", "gaussian", "alpha", "uout")
"""Methods with a number of its own for each value, which need not know the axes."""


@dataclass(frozen=True)
class SiteMethod:
    """A site with the method and the rate that a config gives it."""

    info: SiteInfo
    name: str
    """The method's name, a member of conf/dropout/."""
    section: Config
    dropout: AbstractDropout
    wanted: float
    """The rate that the placement asks for."""
    rate: float
    """The same, or 0 where `everywhere` finds a site at which the method cannot act."""
    objection: str | None
    """Why the method cannot act here; None if it can."""

    @property
    def costs_nothing(self) -> bool:
        """Whether the method costs nothing at rate 0, so that a run without dropout can share its cohort."""
        return not needs_own_program(self.dropout, self.info.kind)


def methods_of(builder: Builder, config: Config, default: str) -> Sequence[SiteMethod]:
    """The methods of a config's sites, in the model's order; `default` is the name of its `dropout` section.

    Raises UserError for a pattern or a rate that is not allowed.
    """
    infos = builder.site_infos(config["model"], config["dataset"])
    names = [info.site for info in infos]
    chosen = site_methods(names, {"name": default, **config["dropout"]}, config["dropouts"])
    own = {info.site: info.own for info in infos if info.own is not None}
    chosen = {site: _written(own.get(site)) if method["name"] == "own" else method for site, method in chosen.items()}
    sections = {site: _without_name(method) for site, method in chosen.items()}
    methods: dict[str, AbstractDropout] = {site: builder.made("dropout", sections[site]) for site in names}
    objections = {info.site: _objection(chosen[info.site], methods[info.site], info) for info in infos}
    able = [site for site in names if objections[site] is None]
    placed = config["placement"]["weights"], config["rate"], config["rates"]
    own_rates = {site: one.rate for site, one in own.items()}
    wanted = site_rates(names, *placed, own=own_rates)
    rates = site_rates(names, *placed, able or names, own_rates)
    return [
        SiteMethod(
            info=info,
            name=str(chosen[info.site]["name"]),
            section=sections[info.site],
            dropout=methods[info.site],
            wanted=wanted[info.site],
            rate=rates[info.site],
            objection=objections[info.site],
        )
        for info in infos
    ]


def _written(own: Own | None) -> Method:
    """The method of dropout=own at a site."""
    name = "standard" if own is None else own.method
    return {"name": name, **OWN[name]}


def _objection(chosen: Method, method: AbstractDropout, info: SiteInfo) -> str | None:
    """Why a method cannot act at a site; what its author wrote there can."""
    if not info.batch_first and chosen["name"] not in ELEMENTWISE:
        return (
            "the first axis of the values there is not that of the examples, as in torch's recurrent and transformer"
            f" layers without batch_first=True: only {', '.join(ELEMENTWISE)} act there"
        )
    if info.calls == 0:
        return "the network calls it in evaluation mode alone, in which nothing drops"
    if info.calls != info.evaluated and acts_in_evaluation(method):
        return (
            f"the network calls it {info.calls} times in a pass in training mode and {info.evaluated} times in"
            f" evaluation mode, and {chosen['name']} acts in both"
        )
    if info.own is not None and info.own.method == chosen["name"]:
        return None
    return objection_to(method, info)


def _without_name(method: Method) -> Config:
    return {key: value for key, value in method.items() if key != "name"}
