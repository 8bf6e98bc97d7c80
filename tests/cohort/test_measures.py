"""What measures find, beside a plain computation with the run's network."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dropout_lab.cohort import loop
from dropout_lab.cohort.keys import keys, mask_seed
from dropout_lab.cohort.lift import Engine
from dropout_lab.cohort.measures import coadaptation, inference_time
from dropout_lab.cohort.measures.ablation import Ablation
from dropout_lab.cohort.measures.coadaptation import Coadaptation
from dropout_lab.cohort.measures.fgsm import FGSM
from dropout_lab.cohort.measures.gradient_noise import GradientNoise
from dropout_lab.cohort.measures.inference_time import InferenceTime
from dropout_lab.cohort.measures.measure import AbstractMeasure, Subject
from dropout_lab.cohort.measures.noise import Noise
from dropout_lab.cohort.measures.occlusion import Occlusion
from dropout_lab.cohort.measures.ood import OOD
from dropout_lab.cohort.measures.pgd import PGD
from dropout_lab.cohort.measures.pixel_drop import PixelDrop
from dropout_lab.cohort.measures.sharpness import Sharpness
from dropout_lab.cohort.measures.trained import FIRST_MEASURE, Trained
from dropout_lab.cohort.recipe import Result, Structure
from dropout_lab.cohort.step import Program
from dropout_lab.cohort.width import Widths
from dropout_lab.core.mask_streams import Noise as Stream
from dropout_lab.core.seeding import generator
from dropout_lab.models.survey import site_infos
from dropout_lab.sites.site import sites
from tests.cohort.measured import Alone, alone, trained
from tests.cohort.runs import DATASET, Queue, recipe, structure

OTHER = replace(DATASET, name="negatives", inputs=1 - DATASET.inputs, test=DATASET.test[:50])
MEASURES: Mapping[str, AbstractMeasure] = {
    "noise": Noise([0.5, 2.0]),
    "pixel_drop": PixelDrop([0.0, 0.4]),
    "occlusion": Occlusion([1, 5]),
    "ablation": Ablation([0.01, 0.5], draws=2),
    "fgsm": FGSM([0.3]),
    "pgd": PGD([0.3], steps=3, step=0.4),
    "coadaptation": Coadaptation(),
    "ood": OOD(OTHER),
    "gradient_noise": GradientNoise(16),
    "sharpness": Sharpness([0.05, 0.2], draws=2),
}
MODELS: Mapping[str, tuple[str, Engine]] = {
    "mlp": ("mlp", "lanes"),
    "cnn": ("cnn_batch_norm", "lanes"),
    "cnn, run by run": ("cnn_batch_norm", "loop"),
}
every_model = pytest.mark.parametrize("model", ["mlp", pytest.param("cnn", marks=pytest.mark.slow), "cnn, run by run"])
TOLERANCE = 3e-5


def made(model: str) -> Structure:
    name, engine = MODELS[model]
    return structure(name, engine=engine)


@cache
def results(model: str, width: int = 2) -> Mapping[str, Result]:
    return trained(MEASURES, made(model), runs=3, width=width)


def of_last(model: str) -> Alone:
    """The run that trains with an idle lane beside it."""
    return alone(made(model), results(model)["2"])


def check(run: Alone, name: str, expected: Mapping[str, float]) -> None:
    for what, value in expected.items():
        assert run.result.measured[name.format(what)] == pytest.approx(value, abs=TOLERANCE, rel=TOLERANCE)


@contextmanager
def at_sites(model: nn.Module, hook: Callable[[str, Tensor], Tensor]) -> Iterator[None]:
    """Meanwhile the values that sites get go through `hook`."""

    def enter(name: str, module: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
        return (hook(name, given[0]),)

    handles = [
        model.get_submodule(path).register_forward_pre_hook(partial(enter, name)) for name, path in sites(model).items()
    ]
    yield
    for handle in handles:
        handle.remove()


@every_model
def test_noise_is_added_to_every_standardized_input(model: str) -> None:
    run = of_last(model)
    z = torch.stack([run.noise("noise", int(row)).normal(run.x.shape[1:]) for row in run.rows])
    assert z.std().item() == pytest.approx(1, abs=0.02)
    assert abs(z.mean().item()) < 0.02
    for deviation in (0.5, 2.0):
        check(run, f"noise_{{}}@{deviation:g}", run.score(run.x + deviation * z))


@every_model
def test_pixels_are_replaced_by_the_mean(model: str) -> None:
    run = of_last(model)
    u = torch.stack([run.noise("pixel_drop", int(row)).uniform(run.x.shape[2:]) for row in run.rows]).unsqueeze(1)
    check(run, "pixel_drop_{}@0", run.score(run.x))
    check(run, "pixel_drop_{}@0", {"loss": float(run.result.test_loss or 0)})
    check(run, "pixel_drop_{}@0.4", run.score(torch.where(u < 0.4, 0.0, run.x)))


@every_model
def test_a_square_is_covered_anywhere_in_an_image(model: str) -> None:
    run = of_last(model)
    for size in (1, 5):
        x = run.x.clone()
        corners = set()
        for image, row in zip(x, run.rows, strict=True):
            places = run.noise("occlusion", int(row)).uniform((2,)) * (9 - size)
            top, left = int(places[0]), int(places[1])
            image[:, top : top + size, left : left + size] = 0
            corners.add((top, left))
        assert len(corners) > 0.8 * (9 - size) ** 2
        check(run, f"occlusion_{{}}@{size}", run.score(x))


@every_model
def test_a_share_of_the_units_is_zeroed_at_every_hidden_site(model: str) -> None:
    run = of_last(model)
    for share in (0.01, 0.5):
        scores = []
        for draw in range(2):

            def zeroed(site: str, values: Tensor, draw: int = draw, share: float = share) -> Tensor:
                if site == "input":
                    return values
                units = values.shape[1]
                order = Stream(run.key(f"ablation/{site}", draw)).uniform((units,)).numpy().argsort()
                values = values.clone()
                values[:, order[: max(1, round(share * units))]] = 0
                return values

            with at_sites(run.model, zeroed):
                scores.append(run.score(run.x))
        mean = {what: sum(one[what] for one in scores) / 2 for what in scores[0]}
        assert mean != run.score(run.x)
        check(run, f"ablation_{{}}@{share:g}", mean)


def gradient(run: Alone, x: Tensor) -> Tensor:
    x = x.clone().requires_grad_()
    F.cross_entropy(run.model(x), run.y, reduction="sum").backward()
    assert x.grad is not None
    return x.grad


def allowed(run: Alone, x: Tensor) -> Tensor:
    split = DATASET.split(run.result.recipe.seed)
    low, high = ((end - split.mean) / split.std for end in (0, 1))
    near = torch.minimum(torch.maximum(x, run.x - 0.3), run.x + 0.3)
    return torch.minimum(torch.maximum(near, low), high)


@every_model
def test_fgsm_goes_along_the_sign_of_the_gradient_within_the_range_of_the_data(model: str) -> None:
    run = of_last(model)
    attacked = run.score(allowed(run, run.x + 0.3 * gradient(run, run.x).sign()))
    assert attacked["loss"] > run.score(run.x)["loss"]
    check(run, "fgsm_{}@0.3", attacked)


@every_model
def test_pgd_takes_several_steps_from_a_random_start(model: str) -> None:
    run = of_last(model)
    start = torch.stack([run.noise("pgd", int(row)).uniform(run.x.shape[1:]) for row in run.rows])
    x = allowed(run, run.x + 0.3 * (2 * start - 1))
    for _ in range(3):
        x = allowed(run, x + 0.4 * 0.3 * gradient(run, x).sign())
    check(run, "pgd_{}@0.3", run.score(x))


@every_model
def test_coadaptation_of_every_hidden_site(model: str) -> None:
    run = of_last(model)
    seen: dict[str, Tensor] = {}

    def note(site: str, values: Tensor) -> Tensor:
        seen[site] = values.detach().movedim(1, -1).flatten(0, -2).double()
        return values

    with at_sites(run.model, note):
        run.score(run.x)
    measured = [name for name in run.result.measured if name.startswith("effective_rank@")]
    assert measured == [f"effective_rank@{site}" for site in seen if site != "input"]
    for site in (site for site in seen if site != "input"):
        values = seen[site].numpy()
        varying = values[:, values.std(0) > 1e-6]
        above = np.corrcoef(varying.T)[np.triu_indices(varying.shape[1], 1)]
        shares = np.linalg.svd(values - values.mean(0), compute_uv=False)
        shares = shares / shares.sum()
        expected = {
            "unit_correlation": float(np.abs(above).mean()),
            "effective_rank": float(np.exp(-(shares * np.log(shares.clip(1e-300))).sum())),
            "activation_sparsity": float((values == 0).mean()),
            "mean_activation": float(values.mean()),
        }
        for name, value in expected.items():
            assert run.result.measured[f"{name}@{site}"] == pytest.approx(value, rel=1e-4, abs=1e-5)


def test_hidden_units_must_be_seen_somewhere() -> None:
    infos = site_infos(structure("mlp").build(), DATASET.example())
    for measure in (Coadaptation(), Ablation([0.5], draws=1)):
        assert measure.objection(Subject(DATASET, infos, 32)) is None
        assert "no site of hidden units" in str(measure.objection(Subject(DATASET, infos[:1], 32)))


def test_of_many_units_some_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coadaptation, "MOST_UNITS", 6)
    some = trained({"coadaptation": Coadaptation()}, structure("mlp"))["0"].measured
    every = results("mlp")["0"].measured
    assert float(some["effective_rank@hidden.0"] or 0) <= 6 < float(every["effective_rank@hidden.0"] or 0)
    assert some["activation_sparsity@hidden.0"] == every["activation_sparsity@hidden.0"]


@every_model
def test_auroc_is_the_share_of_pairs_in_order(model: str) -> None:
    run = of_last(model)
    split = DATASET.split(run.result.recipe.seed)
    with torch.no_grad():
        inside = run.model(run.x).softmax(1).amax(1).double()
        outside = run.model((OTHER.inputs[OTHER.test] - split.mean) / split.std).softmax(1).amax(1).double()
    above = (inside[:, None] > outside).double() + 0.5 * (inside[:, None] == outside).double()
    assert run.result.measured["ood_auroc"] == pytest.approx(above.mean().item(), abs=1e-3)


@every_model
def test_gradient_noise_is_that_of_training_batches_with_dropout(model: str) -> None:
    run = of_last(model)
    recipe, split = run.result.recipe, DATASET.split(run.result.recipe.seed)
    order = torch.from_numpy(generator(recipe.seed, "measure").permutation(len(split.train)))
    gradients = []
    for number, batch in enumerate(order.split(32)):

        def dropped(site: str, values: Tensor, number: int = number) -> Tensor:
            step = np.array([[FIRST_MEASURE + number]])
            key = torch.from_numpy(keys([mask_seed(recipe.seed)], step, [site])[0, 0, 0])
            rate = recipe.rates.get(site, 0.0)
            return values * (Stream(key).uniform(values.shape) >= rate) / (1 - rate)

        again = alone(made(model), run.result).model.train()
        with at_sites(again, dropped):
            x = (DATASET.inputs[split.train[batch]] - split.mean) / split.std
            F.cross_entropy(again(x), split.train_targets[batch]).backward()
        gradients.append(torch.cat([param.grad.flatten() for param in again.parameters() if param.grad is not None]))
    assert len(gradients) == 3
    norms = torch.stack([one.norm() for one in gradients])
    cosines = [F.cosine_similarity(a, b, dim=0).item() for a, b in combinations(gradients, 2)]
    assert run.result.measured["gradient_norm_variance"] == pytest.approx(norms.var().item(), rel=1e-3)
    assert run.result.measured["gradient_cosine"] == pytest.approx(sum(cosines) / 3, rel=1e-3)


@every_model
def test_sharpness_is_the_rise_of_the_train_loss_under_changes_in_proportion(model: str) -> None:
    run = of_last(model)
    split, layout = DATASET.split(run.result.recipe.seed), Program(made(model)).layout
    rows = slice(min(len(split.val), len(split.train)))
    x = (DATASET.inputs[split.train[rows]] - split.mean) / split.std

    def loss(model: nn.Module) -> float:
        with torch.no_grad():
            return F.cross_entropy(model(x), split.train_targets[rows]).item()

    for deviation in (0.05, 0.2):
        rises = []
        for draw in range(2):
            changed = alone(made(model), run.result).model
            z = layout.unflatten(Stream(run.key("sharpness", draw)).normal((layout.size,)))
            with torch.no_grad():
                for name, param in changed.named_parameters():
                    param.add_(deviation * param.abs() * z[name])
            rises.append(loss(changed) - loss(run.model))
        assert run.result.measured[f"sharpness@{deviation:g}"] == pytest.approx(sum(rises) / 2, abs=TOLERANCE)


def test_inference_time_is_the_median_over_the_size_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    passes = [*[100.0] * 3, 4.0, 1.0, 2.0] * 4  # three to warm up, then those that count; two lanes and two sizes
    ticks = iter(np.repeat(np.cumsum([0.0, *passes]), 2)[1:-1].tolist())
    clock = type("Clock", (), {"perf_counter": staticmethod(lambda: next(ticks))})
    monkeypatch.setattr(inference_time, "time", clock)
    found = trained({"time": InferenceTime([1, 8], repeats=3)}, structure("cnn_batch_norm"))
    for run in found.values():
        assert run.measured == {"inference_seconds@1": 2.0, "inference_seconds@8": 2.0 / 8}


def test_a_runs_values_do_not_depend_on_the_runs_beside_it() -> None:
    for run in ("0", "1", "2"):
        assert results("mlp", 4)[run].measured == results("mlp")[run].measured


def test_without_measures_a_run_is_bit_for_bit_the_same() -> None:
    without = trained({}, structure("mlp"), runs=3)
    for run, result in results("mlp").items():
        assert {**without[run].metrics, **result.measured} == result.metrics
        assert not without[run].measured


class Fails(AbstractMeasure):
    """A measure that raises."""

    def __call__(self, trained: Trained) -> Mapping[str, Tensor]:
        raise ValueError("no such thing")


def test_a_measure_that_fails_takes_no_run_with_it() -> None:
    queue = Queue([recipe(number, epochs=1) for number in range(2)])
    measures = {"fails": Fails(), "noise": Noise([0.5])}
    loop.train(structure(), Widths.fixed(2), "never", queue, torch.device("cpu"), measures)
    for result in queue.results.values():
        assert result.status == "complete"
        assert result.measured.keys() == {"noise_loss@0.5", "noise_accuracy@0.5"}
    assert "measure=fails failed, so its values are missing: ValueError: no such thing" in queue.said
