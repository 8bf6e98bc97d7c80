"""Methods of dropout with losses and options of the trainer, beside a loop that is written out here.

The loop calls a network's modules one run at a time, pass after pass, with torch's own losses and gradients. What it
shares with the trainer are the methods themselves and the numbers that are drawn; how they are put together is its own.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from omegaconf import OmegaConf
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from dropout_lab.cohort.auxiliary_losses import ADVERSARY
from dropout_lab.cohort.keys import FIRST_SAMPLE, keys, mask_seed
from dropout_lab.cohort.lanes import Lanes
from dropout_lab.cohort.loss import AbstractLoss, MultiSample, Plain, RDrop
from dropout_lab.cohort.optim import SGD
from dropout_lab.cohort.recipe import Pretraining, Recipe, Structure
from dropout_lab.cohort.step import DATA, EXAMPLES, PASSES
from dropout_lab.config.instantiate import instantiate
from dropout_lab.config.roles import options
from dropout_lab.core.mask_streams import Noise
from dropout_lab.core.seeding import generator
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.digits import digits
from dropout_lab.dropout.standard import Standard
from dropout_lab.models.cnn import CNN
from dropout_lab.models.fused import all_written_out
from dropout_lab.models.mlp import MLP
from dropout_lab.models.resnet import ResNet
from dropout_lab.models.rnn import RNN
from dropout_lab.models.survey import site_infos
from dropout_lab.models.transformer import Transformer
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.method import (
    AbstractAdversarialDropout,
    AbstractDropout,
    AbstractLearnedDropout,
    Training,
    objection_to,
)
from dropout_lab.sites.site import SAMPLES, install, sites
from tests.cohort.images import cut_mixed, cut_out, recolored, resampled

CONF = Path(__file__).resolve().parents[2] / "conf" / "dropout"
METHODS = sorted(path.stem for path in CONF.glob("*.yaml"))
CHANGES: Mapping[str, dict[str, Any]] = {
    "adversarial": {"ramp_up": 0.0, "delta": 0.2},
    "adversarial_recurrent": {"delta": 0.5},
    "controlled": {"rate": 0.4},
    "sparse_vd": {"warm_up": 0.0},
    "variational_gaussian": {"speed": 1.0},
}
"""So that what they add to the loss is there from the first step, and does not diverge with so few examples."""
RATE = 0.4
IMAGES: Any = {"input_shape": (1, 8, 8), "activation": "selu"}
MODELS: Mapping[str, Callable[[int], nn.Module]] = {
    "mlp": lambda outputs: MLP(**IMAGES, outputs=outputs, hidden=[12, 10]),
    "cnn": lambda outputs: CNN(**IMAGES, outputs=outputs, channels=[3, 4], hidden=[]),
    "resnet": lambda outputs: ResNet(**IMAGES, outputs=outputs, channels=[3, 4], norm=None),
    "lstm": lambda outputs: RNN(input_shape=(1, 8, 8), outputs=outputs, width=6),
    "transformer": lambda outputs: Transformer(**IMAGES, outputs=outputs, width=8, heads=2, depth=1, ffn=12),
    "before": lambda outputs: MLP(input_shape=(1, 8, 8), outputs=outputs, hidden=[12, 10], site_order="before"),
    "tokens": lambda outputs: RNN(input_shape=(6,), outputs=outputs, vocabulary=5, width=6, embedding=4),
}
LOSSES: Mapping[str, AbstractLoss] = {"rdrop": RDrop(1.0), "multi_sample": MultiSample(3)}
NUMBERS: Mapping[str, float] = {
    "l1": 1e-2,
    "label_smoothing": 0.1,
    "mixup": 0.4,
    "input_noise": 0.2,
    "shift": 1,
    "flip": 0.5,
    "rotate": 30,
    "crop": 0.5,
    "color": 0.4,
    "cutout": 3,
    "cutmix": 1.0,
    "max_norm": 0.3,
    "clip_norm": 0.1,
    "accumulate": 2,
    "ema": 0.5,
}
SETTINGS = ["plain", *LOSSES, *NUMBERS, "precision", "mc_samples", "pretraining"]
OF_NUMBERS_ALONE = {*options("numbers"), *options("images")}
"""Options that tokens do not have; see test_mistakes.py."""


def test_every_option_is_here() -> None:
    assert set(NUMBERS) == set(options())


@lru_cache
def make(name: str) -> AbstractDropout:
    section: Any = OmegaConf.to_container(OmegaConf.load(CONF / f"{name}.yaml"))
    method: AbstractDropout = instantiate("dropout", {**section, **CHANGES.get(name, {})})
    return method


@lru_cache
def data(model: str) -> Dataset:
    found = digits(limit=16)
    if model == "tokens":
        rows = torch.randint(1, 5, (len(found.inputs), 6), generator=torch.Generator().manual_seed(0))
        found = replace(
            found, inputs=rows, standardize="none", vocabulary=("<pad>", "<unk>", *"abc"), class_names=found.class_names
        )
    return found


@lru_cache
def surveyed(model: str) -> Mapping[str, SiteInfo]:
    built = MODELS[model](10).eval()
    return {info.site: info for info in site_infos(built, data(model).example())}


@lru_cache
def where(method: str) -> tuple[str, Mapping[str, AbstractDropout]]:
    """The first model in which a method acts, and what its sites have: also the last one drops."""
    for model in MODELS:
        found = surveyed(model)
        acting = {site: make(method) for site, place in found.items() if objection_to(make(method), place) is None}
        if acting:
            return model, {**acting, **({} if [*found][-1] in acting else {[*found][-1]: Standard()})}
    raise AssertionError(f"{method} acts nowhere")


def pretraining_of(dataset: Dataset, model: str) -> tuple[Dataset, Pretraining]:
    """The examples of some classes, and networks that have seen the others."""
    before, after = dataset.of_classes([0, 1, 2]), dataset.of_classes(range(3, 10))
    first = Structure(lambda: MODELS[model](3), before, {}, 8, SGD(lr=0.1))
    made = Pretraining(replace(first, dataset=replace(before, limit=None)), 1)
    for seed in range(2):
        torch.manual_seed(100 + seed)
        network = MODELS[model](3)
        made.networks[seed] = dict(network.named_parameters())
    return replace(after, limit=16), made


def structure_of(method: str, setting: str) -> Structure:
    model, methods = where(method)
    dataset, pretraining, outputs = data(model), None, 10
    if setting == "pretraining":
        dataset, pretraining = pretraining_of(dataset, model)
        outputs = 7
    return Structure(
        build=lambda: MODELS[model](outputs),
        dataset=dataset,
        dropout=methods,
        batch_size=8,
        optimizer=SGD(lr=0.1),
        loss=LOSSES.get(setting, Plain()),
        options=frozenset({setting} & set(NUMBERS)),
        precision="bfloat16" if setting == "precision" else "float32",
        mc_samples=2 if setting == "mc_samples" else None,
        pretraining=pretraining,
    )


def recipe_of(made: Structure, seed: int) -> Recipe:
    return Recipe(
        id=str(seed),
        seed=seed,
        rates=dict.fromkeys(made.dropout, RATE),
        schedule=lambda progress: 1.0,
        optimizer=SGD(lr=0.1, momentum=0.5, weight_decay=1e-2),
        epochs=1,
        patience=None,
        options={name: NUMBERS[name] for name in made.options},
    )


class PlainLoop:
    """One run, as its user would write it."""

    def __init__(self, made: Structure, run: Recipe) -> None:
        self.made, self.run = made, run
        self.split = made.split(run.seed)
        torch.manual_seed(int(generator(run.seed, "init").integers(2**63)))
        self.model = made.build()
        if made.pretraining is not None:
            *_, (head, _) = self.model.named_parameters()
            head = head.rpartition(".")[0]
            with torch.no_grad():
                for name, value in self.model.named_parameters():
                    if not name.startswith(head):
                        value.copy_(made.pretraining.networks[run.seed][name])
        self.average: AveragedModel | None = None
        self.begun = {name: param.detach().clone() for name, param in self.model.named_parameters()}
        install(self.model, made.dropout)
        self.places = {info.site: info for info in site_infos(made.build().eval(), made.dataset.example())}
        self.sites: Mapping[str, Any] = {
            name: self.model.get_submodule(path) for name, path in sites(self.model).items()
        }

    def inputs(self, rows: Tensor) -> Tensor:
        x = self.made.dataset.inputs[rows]
        if self.made.dataset.vocabulary:
            assert self.split.known is not None
            return self.split.known[x]
        return (x - self.split.mean) / self.split.std

    def train(self) -> None:
        learned = [param for name, param in self.model.named_parameters() if ".learned." in name]
        network = [param for name, param in self.model.named_parameters() if ".learned." not in name]
        numbers: Any = self.run.optimizer.numbers()
        groups: list[dict[str, Any]] = [
            {"params": network},
            *([{"params": learned, "weight_decay": 0.0}] if learned else []),
        ]
        optimizer = torch.optim.SGD(groups, **numbers)
        size, options = self.made.batch_size, self.run.options
        order = torch.from_numpy(generator(self.run.seed, "order", 0).permutation(len(self.split.train)))
        batches = order.split(size)[: len(order) // size]
        every = int(options.get("accumulate", 1))
        if "ema" in options:
            self.average = AveragedModel(self.model, multi_avg_fn=get_ema_multi_avg_fn(options["ema"]))
        mixes = np.ones(len(batches))
        for name in ("mixup", "cutmix"):
            if name in options:
                mixes = generator(self.run.seed, name, 0).beta(options[name], options[name], len(batches))
        for step, (batch, mix) in enumerate(zip(batches, mixes, strict=True)):
            x, y = self.inputs(self.split.train[batch]), self.split.train_targets[batch]
            drawn = self.keys(step, [*self.sites, DATA])
            x, weight = self.changed(x, float(mix), Noise(drawn[DATA]))
            if step % every == 0:
                optimizer.zero_grad()
            together = min(every, len(batches) - step // every * every)
            (self.loss(x, y, weight, drawn, step / len(batches)) / together).backward()
            if step % every != together - 1:
                continue
            weights = [param for param in network if param.dim() > 1 and not self.is_table(param)]
            for param in weights:
                assert param.grad is not None
                param.grad += options.get("l1", 0.0) * param.detach().sign()
            if "clip_norm" in options:
                nn.utils.clip_grad_norm_(self.model.parameters(), options["clip_norm"])
            optimizer.step()
            if "max_norm" in options:
                with torch.no_grad():
                    for param in weights:
                        param.copy_(param.flatten(1).renorm(2, 0, options["max_norm"]).view_as(param))
            if self.average is not None:
                for site in self.sites.values():
                    site.mask = torch.ones(())  # a buffer, which the average copies
                self.average.update_parameters(self.model)

    def is_table(self, param: Tensor) -> bool:
        tables = [module.weight for module in self.model.modules() if isinstance(module, nn.Embedding)]
        return any(param is one for one in (*tables, getattr(self.model, "position", None)))

    def keys(self, step: int, streams: list[str]) -> dict[str, Tensor]:
        found = keys([mask_seed(self.run.seed)], np.array([[step]]), tuple(streams))[0, 0]
        return dict(zip(streams, torch.from_numpy(found), strict=True))

    def changed(self, x: Tensor, mix: float, noise: Noise) -> tuple[Tensor, float]:
        """The batch, and what an example itself weighs in the loss."""
        options, batch = self.run.options, len(x)
        if "shift" in options:
            reach = int(options["shift"])
            down, across = (
                ((2 * reach + 1) * noise.stream(number).uniform((batch,))).floor().long() - reach for number in (0, 1)
            )
            padded, (high, wide) = F.pad(x, [reach] * 4, mode="replicate"), x.shape[2:]
            x = torch.stack(
                [
                    padded[i, :, reach + down[i] : reach + down[i] + high, reach + across[i] : reach + across[i] + wide]
                    for i in range(batch)
                ]
            )
        if "flip" in options:
            mirrored = noise.stream(2).uniform((batch, 1))[:, 0] < options["flip"]
            x = torch.stack([one.flip(2) if is_mirrored else one for one, is_mirrored in zip(x, mirrored, strict=True)])
        if not {"rotate", "crop"}.isdisjoint(options):
            x = resampled(x, noise, options.get("rotate", 0), options.get("crop", 1))
        if "color" in options:
            x = recolored(x, noise, options["color"])
        if "cutout" in options:
            x = cut_out(x, noise, int(options["cutout"]))
        if "cutmix" in options:
            x, mix = cut_mixed(x, noise, mix)
        if "mixup" in options:
            x = mix * x + (1 - mix) * torch.cat([x[-1:], x[:-1]])
        if "input_noise" in options:
            x = x + options["input_noise"] * noise.stream(3).normal(x.shape)
        return x, mix

    def answer(self, x: Tensor, drawn: Mapping[str, Tensor], masks: Mapping[str, Tensor] | None = None) -> Tensor:
        for name, site in self.sites.items():
            site.key, site.rate = drawn[name], torch.tensor(self.run.rates.get(name, 0.0))
            site.mask = (masks or {}).get(name, torch.ones(()))
        y: Tensor = self.model(x)
        return y

    def loss(self, x: Tensor, y: Tensor, mix: float, drawn: Mapping[str, Tensor], progress: float) -> Tensor:
        self.model.train()
        smooth = self.run.options.get("label_smoothing", 0.0)

        def asked(output: Tensor) -> Tensor:
            first, second = (
                F.cross_entropy(output, targets, label_smoothing=smooth) for targets in (y, torch.cat([y[-1:], y[:-1]]))
            )
            return mix * first + (1 - mix) * second

        def again(number: int) -> Mapping[str, Tensor]:
            return {name: Noise(drawn[name]).stream(PASSES + number).key for name in self.sites}

        kind, last = self.made.loss, [*self.sites][-1]
        outputs = [self.answer(x, drawn)]
        if isinstance(kind, RDrop):
            outputs.append(self.answer(x, again(1)))
        if isinstance(kind, MultiSample):  # all but the last mask are those of the first pass
            outputs += [
                self.answer(x, {**drawn, last: Noise(drawn[last]).stream(SAMPLES + number).key}) for number in (1, 2)
            ]
        loss = torch.stack([asked(output) for output in outputs]).mean()
        if isinstance(kind, RDrop):
            p, q = (F.log_softmax(output, -1) for output in outputs)
            there, back = (F.kl_div(*pair, reduction="batchmean", log_target=True) for pair in ((p, q), (q, p)))
            loss = loss + 1.0 * (there + back) / 2
        share = torch.tensor(progress)
        for name, method in self.made.dropout.items():
            if isinstance(method, AbstractLearnedDropout):
                site, rate = self.sites[name], torch.tensor(self.run.rates[name])
                training = Training(len(self.split.train), share)
                loss = loss + method.penalty(self.places[name], site.reader, rate, training)
        adversarial = dict.fromkeys(m for m in self.made.dropout.values() if isinstance(m, AbstractAdversarialDropout))
        for number, adversary in enumerate(adversarial, start=ADVERSARY):
            samples = outputs if isinstance(kind, MultiSample) else outputs[:1]
            loss = loss + adversary.weight(share) * self.distance(adversary, x, asked, samples, again(number))
        return loss

    def distance(
        self,
        method: AbstractAdversarialDropout,
        x: Tensor,
        asked: Callable[[Tensor], Tensor],
        own: list[Tensor],
        drawn: Mapping[str, Tensor],
    ) -> Tensor:
        """That of the answer under the masks that `method` has changed."""
        rate = torch.tensor(RATE)
        its = [name for name, one in self.made.dropout.items() if one is method]
        last = [*self.sites][-1]
        masks = {name: method.mask((len(x), *self.places[name].shape), rate, Noise(drawn[name])) for name in its}

        def of(masks: Mapping[str, Tensor], own: list[Tensor]) -> Tensor:
            """Several masks at the last site make several answers, unless it is a site whose mask is changed."""
            further = [
                drawn,
                *({**drawn, last: Noise(drawn[last]).stream(SAMPLES + n).key} for n in range(1, len(own))),
            ]
            each = []
            for keys_, ours in zip(further, own, strict=True):
                output = self.answer(x, keys_, masks)
                if not method.is_virtual:
                    each.append(asked(output))
                else:
                    p, q = F.log_softmax(ours, -1), F.log_softmax(output, -1)
                    each.append(F.kl_div(q, p, reduction="batchmean", log_target=True))
            return torch.stack(each).mean()

        for _ in range(method.iterations):
            masks = {name: mask.detach().requires_grad_() for name, mask in masks.items()}
            found = torch.autograd.grad(of(masks, [one.detach() for one in own]), [*masks.values()])
            masks = {
                name: method.chosen(mask.detach(), gradient, rate)
                for (name, mask), gradient in zip(masks.items(), found, strict=True)
            }
        return of(masks, own)

    def sampled(self, number: int) -> Tensor:
        """Log-probabilities on the test set, example by example, the sites alone in training mode."""
        self.model.eval()
        for site in self.sites.values():
            site.training = True
        drawn, found = self.keys(FIRST_SAMPLE + number, [*self.sites]), []
        with torch.no_grad():
            for row in self.made.dataset.test[:10]:
                own = {name: Noise(key).stream(EXAMPLES + int(row)).key for name, key in drawn.items()}
                found.append(F.log_softmax(self.answer(self.inputs(row.view(1)), own), -1))
        return torch.cat(found)


def check(method: str, setting: str) -> None:
    made = structure_of(method, setting)
    lanes = Lanes(made, 2, torch.device("cpu"))
    runs = [recipe_of(made, seed) for seed in range(2)]
    for lane, run in enumerate(runs):
        lanes.load(lane, run)
    lanes.train_epoch()
    for lane, run in enumerate(runs):
        alone = PlainLoop(made, run)
        with all_written_out():
            alone.train()
        ours = lanes.program.layout.unflatten(lanes.state.network["params"][lane])
        trained = alone.model if alone.average is None else alone.average.module
        theirs = {name: param.detach() for name, param in trained.named_parameters()}
        moved = torch.cat([(theirs[name] - begun).flatten() for name, begun in alone.begun.items()])
        apart = torch.cat([(theirs[name] - ours[name]).flatten() for name in theirs])
        assert moved.norm() > 1e-3
        bound = 0.5 if setting == "precision" else 1e-3  # bfloat16 has eight bits, and other pixels win a pooling
        assert apart.norm() <= bound * moved.norm()
        if setting == "mc_samples":
            lanes.keep_best([lane])
            torch.testing.assert_close(lanes.predict(sample=1)[lane, :10], alone.sampled(1), atol=1e-3, rtol=1e-3)


def pairs() -> Iterator[tuple[str, str]]:
    for method in METHODS:
        for setting in SETTINGS:
            if where(method)[0] != "tokens" or setting not in OF_NUMBERS_ALONE:
                yield method, setting


ALL = list(pairs())
SOME = [
    (method, setting)
    for method, setting in ALL
    if (SETTINGS.index(setting) - METHODS.index(method)) % 7 == 0 or (method, setting) == ("controlled", "multi_sample")
]
"""Two settings of each method, in turn."""


def test_the_quick_ones_are_of_every_method_and_every_setting() -> None:
    assert {method for method, _ in SOME} == set(METHODS)
    assert {setting for _, setting in SOME} == set(SETTINGS)


@pytest.mark.parametrize(("method", "setting"), SOME)
def test_a_pair_is_a_plain_loop(method: str, setting: str) -> None:
    check(method, setting)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "setting"), random.Random(0).sample([pair for pair in ALL if pair not in SOME], 40))
def test_other_pairs_are_plain_loops(method: str, setting: str) -> None:
    check(method, setting)
