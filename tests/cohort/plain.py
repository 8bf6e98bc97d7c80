"""A training without dropout as its user would write it in torch, with torch's schedulers, averages and groups."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import ceil
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from dropout_lab.cohort.recipe import Recipe, Structure
from dropout_lab.core.seeding import generator

Groups = Callable[[nn.Module], Sequence[Mapping[str, Any]]]


def one_group(model: nn.Module) -> Sequence[Mapping[str, Any]]:
    return [{"params": [param for param in model.parameters() if param.requires_grad]}]


def optimizer_of(run: Recipe, groups: Sequence[Mapping[str, Any]]) -> torch.optim.Optimizer:
    """torch's optimizer with a run's numbers, for the groups that override them."""
    numbers: Any = replace(run.optimizer, groups={}).numbers()
    given: Any = list(groups)
    if "alpha" in numbers:
        return torch.optim.RMSprop(given, **numbers)
    if "momentum" in numbers:
        return torch.optim.SGD(given, **numbers, nesterov=getattr(run.optimizer, "nesterov"))  # noqa: B009
    betas = (numbers.pop("beta1"), numbers.pop("beta2"))
    kind = torch.optim.AdamW if type(run.optimizer).__name__ == "AdamW" else torch.optim.Adam
    return kind(given, betas=betas, **numbers)


class Plain:
    """The training of a run; `model` is what is evaluated."""

    def __init__(self, made: Structure, run: Recipe, groups: Groups = one_group) -> None:
        torch.manual_seed(int(generator(run.seed, "init").integers(2**63)))
        self.network = made.build().train()
        self.made, self.run, self.split = made, run, made.dataset.split(run.seed)
        self.inputs = (made.dataset.inputs - self.split.mean) / self.split.std
        self.optimizer = optimizer_of(run, groups(self.network))
        self.averages: AveragedModel | None = None
        if "ema" in run.options:
            mean = get_ema_multi_avg_fn(run.options["ema"])
            self.averages = AveragedModel(self.network, multi_avg_fn=mean, use_buffers=True)
        self.every = int(run.options.get("accumulate", 1))
        self.batches = len(self.split.train) // made.batch_size
        steps = run.epochs * ceil(self.batches / self.every)
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda step: run.lr_schedule(step, steps))
        self.momentum: float = getattr(run.optimizer, "momentum", 0.0)
        self.done, self.steps = 0, steps

    @property
    def model(self) -> nn.Module:
        return self.network if self.averages is None else self.averages.module

    def epoch(self, number: int) -> float:
        """Trains an epoch; returns the validation loss."""
        order = torch.from_numpy(generator(self.run.seed, "order", number).permutation(len(self.split.train)))
        batches = order.split(self.made.batch_size)[: self.batches]
        for start in range(0, len(batches), self.every):
            together = batches[start : start + self.every]
            self.optimizer.zero_grad()
            for batch in together:
                loss = F.cross_entropy(self.answer(self.network, self.split.train[batch]), self.targets(batch))
                (loss / len(together)).backward()
            self.step()
        self.model.eval()
        with torch.no_grad():
            val_loss = F.cross_entropy(self.answer(self.model, self.split.val), self.split.val_targets).item()
        self.model.train()
        return val_loss

    def step(self) -> None:
        for group in self.optimizer.param_groups:
            if "momentum" in group:
                group["momentum"] = self.run.momentum_schedule(self.momentum, self.done, self.steps)
        self.optimizer.step()
        self.scheduler.step()
        if "max_norm" in self.run.options:
            with torch.no_grad():
                for name, param in self.network.named_parameters():
                    if param.requires_grad and param.dim() > 1 and name != "position":
                        param.copy_(param.flatten(1).renorm(2, 0, self.run.options["max_norm"]).view_as(param))
        if self.averages is not None:
            self.averages.update_parameters(self.network)
        self.done += 1

    def answer(self, model: nn.Module, rows: Tensor) -> Tensor:
        output: Tensor = model(self.inputs[rows])
        return output

    def targets(self, batch: Tensor) -> Tensor:
        return self.split.train_targets[batch]
