"""A user's network in two lanes: a training step and an evaluation must give what they give alone."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from dropout_lab.cohort.example_losses import losses
from dropout_lab.cohort.lift import lift
from dropout_lab.cohort.probe.alone import Pass, close
from dropout_lab.cohort.recipe import Structure
from dropout_lab.cohort.stack import Layout
from dropout_lab.cohort.step import Program, StepInputs
from dropout_lab.core.attributes import changed, kept
from dropout_lab.core.blame import blamed, described, is_ours
from dropout_lab.core.errors import UserError

FEW = 3
"""The most attributes that a message lists."""


class NotInLanes(UserError):
    """A network that trains alone, and not lifted by vmap."""


def check_side_by_side(
    structure: Structure, networks: list[nn.Module], passes: list[dict[bool, Pass]], x: Tensor, y: Tensor
) -> None:
    """Raises UserError if a training step or an evaluation of two lanes differs from those of the networks alone."""
    program = Program(structure)
    rates, keys = torch.zeros(len(program.sites)), torch.zeros(len(program.streams), 2, dtype=torch.int32)
    params = torch.stack([program.layout.flatten(dict(network.named_parameters())).detach() for network in networks])
    noise = {name for name in Layout.held(networks[0]) if name.rpartition(".")[0] in program.sites.values()}
    buffers = {
        name: torch.stack([Layout.held(network)[name] for network in networks])
        for name in Layout.held(networks[0]).keys() - noise
    }
    for name in program.carried:
        buffers[name] = buffers[name].expand(2, len(x), *buffers[name].shape[2:]).clone()
    carried = {name: buffers[name] for name in program.carried}

    examples = x.expand(2, *x.shape)  # lifted as in training, so that a branch on their values is noticed

    def evaluate(params: Tensor, buffers: Mapping[str, Tensor], carried: Mapping[str, Tensor], x: Tensor) -> Tensor:
        rest = {name: value for name, value in buffers.items() if name not in program.carried}
        return program.evaluate(params, rest, rates, carried, x, y, torch.ones(len(x)))[0]

    def train(params: Tensor, buffers: Mapping[str, Tensor], x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        return program.loss(params, buffers, {}, StepInputs(rates, torch.zeros(()), torch.ones(()), keys, x, y))

    task = structure.dataset.task
    measured = [losses(alone[False].output.detach().float(), y, task).sum() for alone in passes]
    trained = [losses(alone[True].output.float(), y, task).mean() for alone in passes]
    grads = [_gradient(program, loss, alone[True]) for loss, alone in zip(trained, passes, strict=True)]
    before = [kept(model) for model in program.models]
    try:
        with torch.no_grad():
            first = {name: value[1] for name, value in buffers.items()}
            single = evaluate(params[1], first, {name: value[1] for name, value in carried.items()}, x)
            if not close(single, measured[1]):
                names = changed(*map(kept, networks))
                raise UserError(
                    "two networks with the same parameters and buffers answer differently"
                    + (f" (they differ in {', '.join(names[:FEW])})" if names else "")
                    + ". What its constructor draws, or computes from what it draws, must be a parameter or a buffer"
                    " (register_buffer)"
                )
            lifted = lift(evaluate, structure.engine)(params, buffers, carried, examples)
        params.requires_grad_()
        loss, after = lift(train, structure.engine)(params, buffers, examples)
        (of_params,) = torch.autograd.grad(loss.sum(), params)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        if is_ours(error):
            raise
        raise NotInLanes(f"it cannot be trained side by side with others (torch.func.vmap): {blamed(error)}") from error
    agree = close(lifted, torch.stack(measured)) and close(loss, torch.stack(trained))
    agree = agree and close(of_params, torch.stack(grads))
    agree = agree and all(
        close(value, torch.stack([alone[True].held[name] for alone in passes])) for name, value in after.items()
    )
    if not agree and structure.engine == "loop":
        names = [name for one, model in zip(before, program.models, strict=True) for name in changed(one, kept(model))]
        raise UserError(
            "runs that take turns do not compute what each of them computes alone"
            + (f": forward changes the attribute {names[0]}, which they share" if names else "")
            + ". What forward keeps from step to step must be a buffer (register_buffer)"
        )
    if not agree:
        raise NotInLanes(
            "trained side by side with others (torch.func.vmap), it does not compute what it computes alone. What"
            " forward keeps must be a buffer, and its Python code may not depend on values"
        )


def _gradient(program: Program, loss: Tensor, alone: Pass) -> Tensor:
    """The gradient of a loss of a network alone: (size,), in the program's layout."""
    try:
        grads = torch.autograd.grad(loss, [*alone.params.values()], materialize_grads=True)
    except RuntimeError as error:
        raise UserError(f"the gradient of its loss cannot be computed: {described(error)}") from error
    return program.layout.flatten(dict(zip(alone.params, grads, strict=True)))
