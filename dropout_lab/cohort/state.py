"""The state of the lanes: what training changes, and each run's best network, with the lane as the first axis."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from dropout_lab.cohort.lift import lift
from dropout_lab.cohort.recipe import Recipe, Structure
from dropout_lab.cohort.seeds import Network
from dropout_lab.cohort.step import Program
from dropout_lab.core.torch_private import tree_leaves, tree_map


class State:
    """Parameters, buffers and optimizer state of every lane, its hyperparameters, and the best network of its run.

    All tensors are made once and changed in place: a compiled program gets the same ones at every call, and every
    process sees what another one writes.
    """

    def __init__(
        self,
        structure: Structure,
        program: Program,
        template: Network,
        batch_size: int,
        width: int,
        device: torch.device,
    ) -> None:
        """template: a network of the structure; its values do not count."""
        self._program, self._device = program, device

        def zeros(*shape: int) -> Tensor:
            return torch.zeros(width, *shape, device=device)

        def stacked(value: Tensor) -> Tensor:
            return value.to(device).expand(width, *value.shape).clone()

        params = stacked(template.params)
        buffers = {name: stacked(value) for name, value in template.buffers.items()}
        for name in program.carried:
            buffers[name] = zeros(batch_size, *template.buffers[name].shape[1:])
        self.changed: dict[str, Any] = {
            "params": params,
            "state": structure.optimizer.init(params),
            "buffers": buffers,
        }
        """What a training step changes: parameters, optimizer state, buffers; with the option `accumulate` the sum of
        the gradients since the last optimizer step, with `ema` the moving average of parameters and buffers."""
        if "accumulate" in structure.options:
            self.changed["accumulated"] = torch.zeros_like(params)
        if "ema" in structure.options:
            kept = {name: value.clone() for name, value in buffers.items() if name not in program.carried}
            self.changed["ema"] = {"params": params.clone(), "buffers": kept}
        self.rates = zeros(len(program.sites))
        """The scheduled rates of the last training step: (lane, site)."""
        self.hyper = {name: zeros() for name in (*structure.optimizer.numbers(), *sorted(structure.options))}
        """The numbers of each run's optimizer and its options: (lane,) each."""
        self.best = tree_map(torch.clone, self.network)
        """The network of each run's best epoch, in the form of `network`."""

    @property
    def params(self) -> Tensor:
        """The lanes' parameters now: (lane, size)."""
        params: Tensor = self.changed["params"]
        return params

    @property
    def network(self) -> dict[str, Any]:
        """What an evaluation reads of the lanes now: parameters, buffers, and the rates of the last training step.

        With the option `ema`, the averages of parameters and buffers.
        """
        carried, now = self._program.carried, self.changed.get("ema", self.changed)
        buffers = {name: value for name, value in now["buffers"].items() if name not in carried}
        return {"params": now["params"], "buffers": buffers, "rates": self.rates}

    @property
    def tensors(self) -> list[Tensor]:
        """All tensors of the state."""
        return tree_leaves((self.changed, self.best, self.rates, self.hyper))

    def load(self, lane: int, network: Network, recipe: Recipe) -> None:
        """Puts a run's initial state into a lane; nothing of the lane's former run is left."""
        self.rates[lane] = self.best["rates"][lane] = 0
        averages = [self.changed["ema"]] if "ema" in self.changed else []
        for held in (self.changed, self.best, *averages):
            held["params"][lane] = network.params.to(self._device)
            for name in held["buffers"].keys() - self._program.carried:
                held["buffers"][name][lane] = network.buffers[name].to(self._device)
        for value in tree_leaves((self.changed["state"], self.changed.get("accumulated", ()))):
            value[lane] = 0
        for name, number in {**recipe.optimizer.numbers(), **recipe.options}.items():
            self.hyper[name][lane] = number

    def begin_epoch(self) -> None:
        """Forgets what the networks carry from batch to batch."""
        for name in self._program.carried:
            self.changed["buffers"][name].zero_()

    def keep_best(self, lanes: Iterable[int]) -> None:
        """Keeps the networks of these lanes as the best of their runs so far."""
        index = torch.tensor(list(lanes), device=self._device)
        for best, now in zip(tree_leaves(self.best), tree_leaves(self.network), strict=True):
            best[index] = now[index]

    def of_lane(self, lane: int, *, best: bool = False) -> Mapping[str, Tensor]:
        """Copies of a lane's parameters and buffers, now or of its run's best epoch, by name.

        What it carries from batch to batch is not among them.
        """
        network = self.best if best else self.network
        held = {
            **self._program.layout.unflatten(network["params"][lane]),
            **{name: buffer[lane] for name, buffer in network["buffers"].items()},
        }
        return {name: value.detach().clone().cpu() for name, value in held.items()}

    def measured(self) -> Mapping[str, Tensor]:
        """What the sites' methods have learned: `<what>/<site>` -> (lane,)."""
        if not self._program.layout.has_learned:
            return {}
        with torch.no_grad():
            now = self.network
            values: Mapping[str, Tensor] = lift(self._program.measured, self._program.engine)(
                now["params"], now["buffers"], now["rates"]
            )
        return values
