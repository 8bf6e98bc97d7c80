"""One run's training step and evaluation as pure functions, written for one lane and lifted by vmap."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any, NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, vmap

from dropout_lab.cohort.augment import AUGMENTATIONS, augmented, noisy
from dropout_lab.cohort.auxiliary_losses import ADVERSARY, Adversary, Asked, AuxiliaryLosses, Masks, divergence
from dropout_lab.cohort.example_losses import correct, losses
from dropout_lab.cohort.groups import Groups
from dropout_lab.cohort.lift import lift
from dropout_lab.cohort.mixing import MIXES, mixed
from dropout_lab.cohort.optim import Hyper, State
from dropout_lab.cohort.own_draws import OWN, own_draws
from dropout_lab.cohort.precision import Bfloat16Products
from dropout_lab.cohort.recipe import Structure
from dropout_lab.cohort.stack import Layout
from dropout_lab.core.mask_streams import Noise
from dropout_lab.datasets.split import Task
from dropout_lab.models import survey
from dropout_lab.models.fused import all_written_out
from dropout_lab.models.layers import carried_buffers
from dropout_lab.sites.method import AbstractDropout, AbstractUpdateDropout, AbstractValueDropout
from dropout_lab.sites.site import Site, calls_counted, install, sites

PASSES = 1 << 16
"""The first number of the streams of further passes; methods have streams of lower numbers."""

EXAMPLES = 1 << 20
"""The first number of the streams of single examples; see also `noise.STEPS`."""

WEIGHTS_AT_ONCE = 1 << 22
"""The most parameters (16 MB), over all examples of a lane that are answered at once under masks of their own, where
methods may draw a mask for each weight: every example then holds several tensors as large as the network.
"""

DATA = "/data"
"""The stream of augmentation; no site has this name."""


class StepInputs(NamedTuple):
    """What a training step of one lane reads besides its state."""

    rates: Tensor
    """(site,)"""
    progress: Tensor
    """The share of the training that is over."""
    mix: Tensor
    """The share of an example itself where it is mixed with its neighbour."""
    keys: Tensor
    """(stream, 2) int32"""
    x: Tensor
    """(batch, ...)"""
    y: Tensor
    """(batch, ...)"""


class Program:
    """One lane's training step, evaluation and prediction."""

    def __init__(self, structure: Structure) -> None:
        model = structure.build()
        install(model, structure.dropout)
        self.structure, self.engine = structure, structure.engine
        self.layout = Layout(model)
        self._groups = Groups(self.layout, structure.optimizer.groups)
        model.to("meta")
        self._masked_at_once = _masked_at_once(structure, model)
        self.sites = sites(model)
        self.streams = (*self.sites, *((OWN,) if self.engine == "loop" else ()), *_of_data(structure))
        """The streams of noise in a step: the sites, what the network draws by itself, augmentation."""
        self.reads_sequences = any(isinstance(part, Site) and part.kind == "sequence" for part in model.modules())
        self.carried = carried_buffers(model)
        self.auxiliary = AuxiliaryLosses(structure, model)
        """What methods add to the training loss."""
        self.task: Task = structure.dataset.task
        self._train = model.train()
        self.evaluated, self._masked = (structure.build().to("meta").eval() for _ in range(2))
        """The network in evaluation mode, on which a measure may put hooks."""
        for evaluated in (self.evaluated, self._masked):
            install(evaluated, structure.dropout)
        if self.sites and structure.loss.samples > 1:
            last = self.sites[survey.site_infos(structure.build().eval(), structure.dataset.example())[-1].site]
            cast(Site, self._train.get_submodule(last)).samples = structure.loss.samples
        for path in self.sites.values():
            self._masked.get_submodule(path).training = True  # the site only, not its reader
        self._penalty = Asked(self._train, self.auxiliary.penalty)
        self._measured = Asked(self._train, self.auxiliary.measured)

    @property
    def models(self) -> Sequence[nn.Module]:
        """The network in training mode and in evaluation mode, without their parameters and buffers."""
        return self._train, self.evaluated

    def loss(
        self, params: Tensor, buffers: Mapping[str, Tensor], hyper: Hyper, given: StepInputs
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The batch's loss in training mode, and the buffers after it. params: (size,)."""
        with own_draws(given.keys[self.streams.index(OWN)]) if OWN in self.streams else nullcontext():
            return self._loss(params, buffers, hyper, given)

    def _loss(
        self, params: Tensor, buffers: Mapping[str, Tensor], hyper: Hyper, given: StepInputs
    ) -> tuple[Tensor, dict[str, Tensor]]:
        rates, keys, y = given.rates, given.keys, given.y
        after = {name: buffer.clone() for name, buffer in buffers.items()}
        x, weight = self._augmented(hyper, given)
        samples = self.structure.loss.samples
        copies = samples, *[1] * (y.dim() - 1)
        targets, others = y.repeat(copies), y.roll(1, 0).repeat(copies)
        first: list[Tensor] = []

        def forward(number: int) -> Tensor:
            if number == 0:  # changes `after`
                first.append(self._call(self._train, params, after, rates, keys[: len(self.sites)], x))
                return first[0]
            unused = {name: buffer.clone() for name, buffer in buffers.items()}
            return self._call(self._train, params, unused, rates, self._other_keys(keys, number), x)

        def mean(output: Tensor) -> Tensor:
            loss = self._training_losses(output, targets, hyper)
            if not self.structure.options.isdisjoint(MIXES):
                loss = weight * loss + (1 - weight) * self._training_losses(output, others, hyper)
            return loss.mean()

        loss = self.structure.loss(forward, mean)
        if not self.auxiliary.is_any:
            return loss, after
        loss = loss + self._ask(self._penalty, params, buffers, rates, given.progress)
        of_sites = {path: rates[index] for index, path in enumerate(self.sites.values())}
        for number, adversary in enumerate(self.auxiliary.adversaries, start=ADVERSARY):
            again = self._other_keys(keys, number)

            def distance(
                masks: Masks, weights: Tensor, own: Tensor, adversary: Adversary = adversary, again: Tensor = again
            ) -> Tensor:
                unused = {name: buffer.clone() for name, buffer in buffers.items()}
                output = self._call(self._train, weights, unused, rates, again, x, masks)
                return divergence(own, output, targets, self.task) if adversary.method.is_virtual else mean(output)

            # The choice of masks is not differentiated: parameters and answer are constants in it.
            chosen = adversary.chosen(
                partial(distance, weights=params.detach(), own=first[0].detach()),
                len(x),
                of_sites,
                {path: again[index] for index, path in enumerate(self.sites.values())},
            )
            loss = loss + adversary.weight(given.progress, of_sites) * distance(chosen, params, first[0])
        return loss, after

    def measured(self, params: Tensor, buffers: Mapping[str, Tensor], rates: Tensor) -> Mapping[str, Tensor]:
        """`<what>/<site>` -> a value that a site's method has learned, without dimensions."""
        values: Mapping[str, Tensor] = self._ask(self._measured, params, buffers, rates)
        return values

    def update(self, params: Tensor, grads: Tensor, state: State, hyper: Hyper) -> tuple[Tensor, dict[str, Tensor]]:
        """Parameters and optimizer state after a step along `grads`, with the structure's clipping and constraints."""
        options = self.structure.options
        if "l1" in options:
            grads = grads + hyper["l1"] * params.sign() * self.layout.weights(params.device)
        if "clip_norm" in options:
            grads = grads * (hyper["clip_norm"] / (grads.norm() + 1e-6)).clamp(max=1)
        hyper = self._groups.spread(hyper)
        if self.layout.has_learned:
            hyper = {**hyper, "weight_decay": hyper["weight_decay"] * self.layout.network(params.device)}
        params, after = self.structure.optimizer.update(params, grads, state, hyper)
        if "max_norm" in options:
            params = self._constrain(params, hyper["max_norm"])
        return params, {name: after[name] for name in state}  # callers match leaves by position

    def evaluate(
        self,
        params: Tensor,
        buffers: Mapping[str, Tensor],
        rates: Tensor,
        carried: Mapping[str, Tensor],
        x: Tensor,
        y: Tensor,
        weight: Tensor,
    ) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Weighted sums over the batch of the losses and of the correct answers (0 for regression), in evaluation mode,
        and the state carried to the next batch. weight: (batch,), or (batch, 2) of answers and losses, as in `Part`."""
        counted, of_loss = weight.unbind(-1) if weight.dim() == 2 else (weight, weight)
        held = {**buffers, **{name: buffer.clone() for name, buffer in carried.items()}}
        output = self.output(params, held, rates, x)
        after = {name: held[name] for name in carried}
        right = counted * correct(output, y, self.task)
        return (losses(output, y, self.task) * of_loss).sum(), right.sum(), after

    def output(self, params: Tensor, buffers: dict[str, Tensor], rates: Tensor, x: Tensor) -> Tensor:
        """The network's output in evaluation mode; `buffers` is updated with what is carried to the next batch."""
        return self._call(self.evaluated, params, buffers, rates, self._no_keys(params.device), x)

    def predict(self, params: Tensor, buffers: Mapping[str, Tensor], rates: Tensor, x: Tensor) -> Tensor:
        """Log-probabilities, (batch, classes), in evaluation mode."""
        return F.log_softmax(self.output(params, dict(buffers), rates, x), -1)

    def predict_masked(
        self, params: Tensor, buffers: Mapping[str, Tensor], rates: Tensor, keys: Tensor, rows: Tensor, x: Tensor
    ) -> Tensor:
        """Log-probabilities as of `predict`, but with the sites in training mode.

        keys: (site, 2) int32; rows: (batch,), the examples' numbers in the dataset. Each example is a batch of its own,
        with keys of its own, so its masks do not depend on the other examples. `WEIGHTS_AT_ONCE` limits how many are
        answered at once.
        """

        def one(row: Tensor, example: Tensor) -> Tensor:
            own = torch.stack([Noise(key).stream(EXAMPLES + row.int()).key for key in keys.unbind()])
            return self._call(self._masked, params, dict(buffers), rates, own, example.unsqueeze(0)).squeeze(0)

        if self.engine == "loop":
            return F.log_softmax(lift(one, "loop")(rows, x), -1)
        with all_written_out():  # the fused layer would take one example after another here
            return F.log_softmax(vmap(one, chunk_size=self._masked_at_once)(rows, x), -1)

    def _augmented(self, hyper: Hyper, given: StepInputs) -> tuple[Tensor, Tensor]:
        """The batch as the structure's options change it, and what an example itself weighs in the loss."""
        options, x = self.structure.options, given.x
        noise = Noise(given.keys[-1]) if DATA in self.streams else None
        if noise is not None:
            x = augmented(x, options, hyper, noise)
        x, weight = mixed(x, options, hyper, given.mix, noise)
        return x if noise is None else noisy(x, options, hyper, noise), weight

    def _call(
        self,
        model: nn.Module,
        params: Tensor,
        buffers: dict[str, Tensor],
        rates: Tensor,
        keys: Tensor,
        x: Tensor,
        masks: Masks | None = None,
    ) -> Tensor:
        """The network's output. `buffers` is updated with the network's changes, in place or by assignment."""
        noise = {}
        for index, path in enumerate(self.sites.values()):
            noise[f"{path}.rate"], noise[f"{path}.key"] = rates[index], keys[index]
        noise |= {f"{path}.mask": mask for path, mask in (masks or {}).items()}
        given = self._tied({**self.layout.unflatten(params), **buffers, **noise})
        with calls_counted(), Bfloat16Products() if self.structure.precision == "bfloat16" else nullcontext():
            output: Tensor = functional_call(model, given, (x,), tie_weights=False)
        buffers.update({name: given[name] for name in buffers})
        return output.float()

    def _ask(self, asked: Asked, params: Tensor, buffers: Mapping[str, Tensor], rates: Tensor, *given: Tensor) -> Any:
        noise = {f"{path}.rate": rates[index] for index, path in enumerate(self.sites.values())}
        under = self._tied({**self.layout.unflatten(params), **buffers, **noise})
        names = {f"{asked.PREFIX}{name}": value for name, value in under.items()}
        return functional_call(asked, names, given, tie_weights=False)

    def _tied(self, values: dict[str, Tensor]) -> dict[str, Tensor]:
        """Values by name, including the further names of tied ones: models lose their ties on the meta device."""
        return values | {further: values[name] for further, name in self.layout.ties.items() if name in values}

    def _no_keys(self, device: torch.device) -> Tensor:
        """Keys for sites that draw nothing: (site, 2)."""
        return torch.zeros((len(self.sites), 2), dtype=torch.int32, device=device)

    def _other_keys(self, keys: Tensor, number: int) -> Tensor:
        """The sites' keys of a further pass through the network: (site, 2)."""
        return torch.stack([Noise(keys[i]).stream(PASSES + number).key for i in range(len(self.sites))])

    def _training_losses(self, output: Tensor, y: Tensor, hyper: Hyper) -> Tensor:
        """The losses to minimise: (batch,). Label smoothing: Szegedy et al., CVPR 2016, section 7.

        With weights of the classes, those of `torch.nn.CrossEntropyLoss(weight, label_smoothing, reduction="none")`.
        Their mean is taken over the batch, and not divided by the weights in it as torch's own mean is: so an example
        counts the same in every batch, and not the more the fewer of a rare class there are beside it.
        """
        loss, weights = losses(output, y, self.task), hyper.get("class_weights")
        if weights is not None:
            loss = loss * weights.gather(0, y)
        if "label_smoothing" not in self.structure.options:
            return loss
        smooth, log_probs = hyper["label_smoothing"], F.log_softmax(output, -1)
        return (1 - smooth) * loss - smooth * (log_probs if weights is None else log_probs * weights).mean(-1)

    def _constrain(self, params: Tensor, max_norm: Tensor) -> Tensor:
        """Scales down each unit whose incoming weights are longer than `max_norm` (Srivastava et al., 2014, 5.1)."""
        constrained = self.layout.unflatten(params)
        for name, weight in constrained.items():
            if (lengths := self.layout.lengths(name, weight)) is not None:
                constrained[name] = weight * (max_norm / lengths.clamp(min=1e-12)).clamp(max=1)
        return self.layout.flatten(constrained)


def _of_data(structure: Structure) -> tuple[str, ...]:
    return (DATA,) if structure.options & {*AUGMENTATIONS, "cutmix"} else ()


def _masked_at_once(structure: Structure, model: nn.Module) -> int | None:
    """How many examples are answered at once under masks of their own; None, for all, if masks are of values only."""
    if all(_drops_values(method) for method in structure.dropout.values()):
        return None
    return max(1, WEIGHTS_AT_ONCE // max(1, sum(param.numel() for param in model.parameters())))


def _drops_values(method: AbstractDropout) -> bool:
    """Whether the method's masks are those of a site's values, not of the weights of its reader."""
    return isinstance(method, AbstractUpdateDropout) or (type(method).train_reader is AbstractValueDropout.train_reader)
