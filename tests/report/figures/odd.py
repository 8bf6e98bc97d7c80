"""Sweeps that are hard to draw, each with its plans of figures."""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from dropout_lab.records import predictions
from dropout_lab.report.frames.load import load
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.part import Plan
from dropout_lab.report.write.gallery import planned_for
from dropout_lab.report.write.write import evidence_of
from tests.report.canned import Planned, Sweep, Values, grid, hump, planned

RATES = (0.0, 0.2, 0.4, 0.6)

LONG = "encoder.layers.*.self_attention.output_projection_with_a_name_without_end"


class WithNaNs(Sweep):
    """Runs of one configuration know no train values; those that failed ended in losses that are no numbers."""

    def curves(self, planned: Planned, seed: int, status: str) -> Values:
        values = super().curves(planned, seed, status)
        if planned.params.get("rate") == 0.4:
            values["train_loss"] = [None] * len(values["train_loss"])
        if status == "failed":
            values["val_loss"][-1] = values["train_loss"][-1] = None
        return values


class FarApart(Sweep):
    """High rates are worse by a factor of ten, and one is hopeless."""

    def curves(self, planned: Planned, seed: int, status: str) -> Values:
        values = super().curves(planned, seed, status)
        rate = planned.params.get("rate") or 0.0
        worse = 0.0 if rate < 0.6 else 2.0 if rate < 0.8 else 30.0
        losses = [None if v is None else v + worse for v in values["val_loss"]]
        return values | {"val_loss": losses, "val_accuracy": [math.exp(-(v or 0.0) / 2) for v in losses]}


def _search(count: int) -> Sequence[Planned]:
    """Placement, rate, learning rate, width, method and schedule, drawn at random, and a baseline per context."""
    generator = np.random.default_rng(3)
    contexts = [{"optimizer.lr": lr, "model.width": width} for lr in (1e-4, 1e-3, 1e-2) for width in (32, 64)]
    plan = {}
    for context in contexts:
        one = planned("hidden", 0.0, params=context)
        plan[one.trial.key] = one
    while len(plan) < count:
        placement = ("input", "hidden", "everywhere", "head")[generator.integers(4)]
        rate = round(float(generator.uniform(0.01, 0.8)), 3)
        one = planned(
            placement,
            rate,
            better=hump(placement, rate) + float(generator.normal(0, 0.01)),
            method=("standard", "gaussian", "spatial")[generator.integers(3)],
            schedule=("constant", "early")[generator.integers(2)],
            params=contexts[generator.integers(len(contexts))],
        )
        plan.setdefault(one.trial.key, one)
    return list(plan.values())


def _sites(count: int) -> Sequence[Planned]:
    generator = np.random.default_rng(4)
    return [planned("hidden", 0.0)] + [
        planned(
            None, None, rates={s: round(float(generator.uniform(0.01, 0.7)), 3) for s in ("input", "hidden.0", "b")}
        )
        for _ in range(count)
    ]


def _some_end(trial: int, seed: int) -> str:
    return "failed" if (trial + seed) % 11 == 5 else "pruned" if trial % 5 == 3 else "complete"


TWELVE = [f"block.{n}" for n in range(12)]
METHODS = ("standard", "gaussian", "spatial", "alpha", "maxdrop_feature")
AXES = {"n_trials": 300}


@cache
def sweeps() -> Mapping[str, Sweep]:
    small = grid(rates=RATES, effect=hump)
    some: dict[str, Any] = {"seeds": 3, "epochs": 12}
    return {
        "three": Sweep(grid(("hidden",), (0.0, 0.2, 0.4), hump), **some),
        "thirty": Sweep(grid(effect=hump), **some),
        "three hundred": Sweep(_search(300), seeds=2, epochs=8, fate=_some_end, session=AXES),
        "two placements": Sweep(grid(("input", "hidden"), RATES, hump), **some),
        "twelve placements": Sweep(grid(TWELVE, RATES, hump), **some),
        "many rates": Sweep(grid(rates=[0.04 * n for n in range(21)], effect=hump), seeds=2, epochs=8),
        "methods": Sweep([one for m in METHODS for one in grid(("hidden",), RATES, hump, method=m)], **some),
        "methods and schedules": Sweep(
            [o for m in METHODS[:3] for s in ("constant", "early") for o in grid(rates=RATES, method=m, schedule=s)],
            **some,
        ),
        "sites": Sweep(_sites(40), session=AXES, **some),
        "one configuration": Sweep([planned("hidden", 0.3)], **some),
        "one seed": Sweep(small, seeds=1, epochs=12),
        "one epoch": Sweep(small, seeds=2, epochs=1),
        "no baseline": Sweep(grid(rates=RATES[1:], effect=hump), **some),
        "all but one failed": Sweep(small, fate=lambda t, s: "complete" if t == 4 else "failed", **some),
        "all but two failed": Sweep(small, fate=lambda t, s: "complete" if t in (0, 4) else "failed", **some),
        "regression": Sweep(small, classification=False, **some),
        "NaN curves": WithNaNs(small, fate=lambda t, s: "failed" if s == 1 and t % 3 == 1 else "complete", **some),
        "far apart": FarApart(grid(rates=(0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8), effect=hump), **some),
        "long names": Sweep(
            grid(
                (LONG, f"{LONG}_2", "<script>$x_1^2$</script>", "$a|b & _c"), RATES, hump, params={"model.width_$": 3}
            ),
            **some,
        ),
        "long methods": Sweep(
            [o for n in range(4) for o in grid((LONG,), RATES, hump, method=f"{n}_{LONG}")],
            **some,
        ),
        "two objectives": Sweep(small, session={"objective": ["val_accuracy", "gap_loss"]}, **some),
    }


def odd_evidence(sweep: Sweep, folder: Path) -> Evidence:
    """As the report has it. Some predictions are made up, so that they can be drawn too."""
    frames = load(sweep.write(folder))
    generator = np.random.default_rng(0)
    targets = generator.integers(10, size=200)
    for run in frames.runs["id"] if sweep.classification and len(frames.runs) < 100 else ():
        logits = generator.normal(size=(200, 10)) + 3 * (np.arange(10) == targets[:, None])
        predictions.write(folder, str(run), logits - np.log(np.exp(logits).sum(1, keepdims=True)), targets)
    return evidence_of(frames)


@cache
def plans(name: str) -> Mapping[str, Plan]:
    with TemporaryDirectory() as folder:
        return planned_for(odd_evidence(sweeps()[name], Path(folder) / "sweep"))[0]
