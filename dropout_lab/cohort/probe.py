"""Whether a user's network trains in lanes as it would alone: tried with a few examples, before any training.

What lanes cannot keep apart, or would get wrong without a word, is refused with the place in the network and the
remedy.
"""

import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from dropout_lab.cohort.blame import described, is_ours
from dropout_lab.cohort.passes import inputs_of
from dropout_lab.cohort.recipe import Structure
from dropout_lab.cohort.stack import Layout, ties
from dropout_lab.cohort.step import Program, losses
from dropout_lab.core.errors import UserError
from dropout_lab.core.torch_private import TorchDropout, is_written
from dropout_lab.models.layers import carried_buffers
from dropout_lab.sites.site import Site, sites

EXAMPLES = 4
FEW = 3
"""Modules that a message names."""


def check(structure: Structure, name: str) -> None:
    """Tries a network, the class `name`, alone and in two lanes.

    structure: without methods of dropout and without options.
    Raises UserError for what would not be trained as written.
    """
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about speed; in training they are shown
        networks, states = [], []
        for seed in range(2):
            torch.manual_seed(seed)
            networks.append(structure.build())
            states.append(torch.get_rng_state())
        try:
            if torch.equal(*states):
                raise UserError(
                    "its constructor sets torch's seed, so every seed would begin with the same weights; leave that out"
                )
            _check(structure, networks)
        except UserError as error:
            raise UserError(f"model ({name}): {error}") from error.__cause__


def _check(structure: Structure, networks: list[nn.Module]) -> None:
    _check_parts(networks[0])
    x, y = _batch(structure)
    passes: list[dict[bool, _Pass]] = []
    for network in networks:
        alone = {}
        for training in (False, True):
            network.train(training)
            alone[training] = _alone(network, x, _shape(structure, len(x)))
        passes.append(alone)
    for site in (part for part in networks[0].modules() if isinstance(part, Site)):
        off, on = (passes[0][training].calls[site] for training in (False, True))
        if on != off:
            raise UserError(
                f"forward calls the site {site.name} {on} times in training mode and {off} times in evaluation mode;"
                " the two must agree"
            )
    _check_lanes(structure, networks, passes, x, y)


def _check_parts(network: nn.Module) -> None:
    """Raises UserError for parameters and modules that tell by themselves that they do not fit."""
    trained = {name: param for name, param in network.named_parameters() if param.requires_grad}
    if not trained:
        raise UserError("it has no parameters that require a gradient, so there is nothing to train")
    for name, param in trained.items():
        if param.dtype != torch.float32:
            kind = str(param.dtype).removeprefix("torch.")
            raise UserError(
                f"the parameter {name} is {kind}, but parameters are trained as float32; leave the conversion out"
                " (trainer.precision=bfloat16 computes products in bfloat16)"
            )
    for name, value in (*network.named_parameters(), *network.named_buffers()):
        if value.device.type != "cpu":
            raise UserError(f"its constructor puts {name} on {value.device}; leave that to device=...")
    try:
        sites(network)
    except ValueError as error:
        raise UserError(f"{error}; give each a name of its own") from None
    drawing = [f"{path or 'itself'}: {said}" for path, part in network.named_modules() if (said := _drawing(part))]
    if drawing:
        more = f" and {len(drawing) - FEW} more" if len(drawing) > FEW else ""
        raise UserError(
            f"modules of torch draw noise of their own in training ({', '.join(drawing[:FEW])}{more}). No rate of"
            ' dropout-lab reaches it, and "no dropout" would contain it. Put dropout_lab.sites.Site("a name") in the'
            " place of a dropout, and set p or dropout to 0 where it is an argument"
        )


def _drawing(part: nn.Module) -> str | None:
    """A module of torch that is random in training, in words; None for any other."""
    kind = f"nn.{type(part).__name__}"
    if isinstance(part, TorchDropout) and part.p > 0:
        return f"{kind}(p={part.p:g})"
    if isinstance(part, nn.RNNBase | nn.MultiheadAttention) and part.dropout > 0:
        return f"{kind}(dropout={part.dropout:g})"
    return kind if isinstance(part, nn.RReLU | nn.FractionalMaxPool2d | nn.FractionalMaxPool3d) else None


@dataclass(frozen=True)
class _Pass:
    """What a pass through a network alone gives."""

    output: Tensor
    params: Mapping[str, Tensor]
    """As they went in; the output has a gradient to them."""
    held: Mapping[str, Tensor]
    """Buffers and frozen parameters after the pass."""
    calls: Counter[Site]


def _alone(network: nn.Module, x: Tensor, shape: tuple[int, ...]) -> _Pass:
    """The second of two passes with the same parameters, buffers and examples: they must agree."""
    first, drawing = _pass(network, x)
    if drawing is not None:
        raise UserError(
            f"forward draws random numbers by itself, in {_mode(network)} mode, at {drawing}. No rate of dropout-lab"
            ' reaches them, and "no dropout" would contain them. Put dropout_lab.sites.Site("a name") there in place of'
            " F.dropout and the like"
        )
    _check_output(first.output, shape, _mode(network))
    before = _numbers(network)
    second, _ = _pass(network, x)
    changed = [name for name, number in _numbers(network).items() if number != before.get(name, number)]
    if changed:
        raise UserError(
            f"forward changes the attribute {changed[0]}. All runs that are trained together share it; make it a"
            " buffer (register_buffer)"
        )
    if not _close(first.output, second.output):
        raise UserError(
            f"two passes over the same examples with the same parameters and buffers differ in {_mode(network)} mode."
            " What forward remembers must be a buffer (register_buffer), and what it draws must be drawn by a"
            " dropout_lab.sites.Site"
        )
    return second


def _pass(network: nn.Module, x: Tensor) -> tuple[_Pass, str | None]:
    """A pass, and the module that moved torch's random state in it."""
    trained = {name for name, param in network.named_parameters() if param.requires_grad}
    params = {n: p.detach().clone().requires_grad_() for n, p in network.named_parameters() if n in trained}
    given = {**params, **{name: value.clone() for name, value in Layout.held(network).items()}}
    for name in carried_buffers(network):
        given[name] = given[name].expand(len(x), *given[name].shape[1:]).clone()
    before = dict(given)
    given |= {further: given[name] for further, name in ties(network).items()}
    calls: Counter[Site] = Counter()
    drawing: list[str] = []
    states: list[Tensor] = []

    def enter(module: nn.Module, arguments: Any) -> None:
        states.append(torch.get_rng_state())

    def leave(path: str) -> Callable[..., None]:
        def hook(module: nn.Module, arguments: Any, output: Any) -> None:
            if not torch.equal(states.pop(), torch.get_rng_state()):
                drawing.append(f"{path or 'its own forward'} ({type(module).__name__})")

        return hook

    hooks = []
    for path, module in network.named_modules():
        hooks += [module.register_forward_pre_hook(enter), module.register_forward_hook(leave(path))]
        if isinstance(module, Site):
            module.observer = lambda site, values: calls.update([site])
    buffers = {name for name, _ in network.named_buffers()}
    try:
        output = functional_call(network, given, (x,), tie_weights=False)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        if is_ours(error):
            raise
        raise UserError(f"forward raises in {_mode(network)} mode: {described(error)}") from error
    finally:
        for hook in hooks:
            hook.remove()
        for module in network.modules():
            if isinstance(module, Site):
                module.observer = None
    if new := {name for name, _ in network.named_buffers()} - buffers:
        raise UserError(f"forward makes the buffer {min(new)}; register it in the constructor, with its shape")
    _check_changes(network, before, given)
    return _Pass(output, params, {name: given[name] for name in before.keys() - params.keys()}, calls), (
        drawing[0] if drawing else None
    )


def _check_changes(network: nn.Module, before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> None:
    """Raises UserError for what forward may not change."""
    original = {**Layout.held(network), **dict(network.named_parameters())}
    buffers = {name for name, _ in network.named_buffers()}
    for name, value in before.items():
        is_changed = after[name] is not value or is_written(value)
        if name not in buffers and (is_changed or not torch.equal(value, original[name])):
            raise UserError(f"forward changes the parameter {name}, which is the optimizer's to change")
        if name in buffers and is_changed and not network.training and name not in carried_buffers(network):
            raise UserError(
                f"forward changes the buffer {name} in evaluation mode, so that to measure a network would change it;"
                " change it only if self.training"
            )
        if after[name].shape != value.shape or after[name].dtype != value.dtype:
            was, now = (f"{tuple(one.shape)} {str(one.dtype)[6:]}" for one in (value, after[name]))
            raise UserError(f"forward makes the buffer {name} {now}, but it was registered as {was}; keep its shape")


def _check_output(output: Any, shape: tuple[int, ...], mode: str) -> None:
    if not isinstance(output, Tensor):
        raise UserError(f"forward returns a {type(output).__name__} in {mode} mode; must return a tensor, {shape} here")
    fits = output.shape == shape or (shape[-1] == 1 and output.shape == shape[:-1])
    if not (fits and output.is_floating_point()):
        raise UserError(
            f"forward returns the shape {tuple(output.shape)} ({str(output.dtype)[6:]}) for {shape[0]} examples in"
            f" {mode} mode; must be {shape}, of floating-point numbers"
        )


def _check_lanes(
    structure: Structure, networks: list[nn.Module], passes: list[dict[bool, _Pass]], x: Tensor, y: Tensor
) -> None:
    """Raises UserError if a training step or an evaluation of two lanes does not give what the networks give alone."""
    program = Program(structure)
    rates, keys = torch.zeros(len(program.sites)), torch.zeros(len(program.sites), 2, dtype=torch.int32)
    params = torch.stack([program.layout.flatten(dict(network.named_parameters())).detach() for network in networks])
    noise = {name for name in Layout.held(networks[0]) if name.rpartition(".")[0] in program.sites.values()}
    buffers = {
        name: torch.stack([Layout.held(network)[name] for network in networks])
        for name in Layout.held(networks[0]).keys() - noise
    }
    for name in program.carried:
        buffers[name] = buffers[name].expand(2, len(x), *buffers[name].shape[2:]).clone()
    carried = {name: buffers[name] for name in program.carried}

    examples = x.expand(2, *x.shape)  # lifted as they are in training, so that a branch on their values is found

    def evaluate(params: Tensor, buffers: Mapping[str, Tensor], carried: Mapping[str, Tensor], x: Tensor) -> Tensor:
        rest = {name: value for name, value in buffers.items() if name not in program.carried}
        return program.evaluate(params, rest, rates, carried, x, y, torch.ones(len(x)))[0]

    def train(params: Tensor, buffers: Mapping[str, Tensor], x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        return program.loss(params, buffers, {}, rates, torch.zeros(()), torch.ones(()), keys, x, y)

    task = structure.dataset.task
    measured = [losses(alone[False].output.detach().float(), y, task).sum() for alone in passes]
    trained = [losses(alone[True].output.float(), y, task).mean() for alone in passes]
    grads = [_gradient(program, loss, alone[True]) for loss, alone in zip(trained, passes, strict=True)]
    try:
        with torch.no_grad():
            first = {name: value[1] for name, value in buffers.items()}
            single = evaluate(params[1], first, {name: value[1] for name, value in carried.items()}, x)
            if not _close(single, measured[1]):
                raise UserError(
                    "two networks with the same parameters and buffers answer differently. What its constructor draws,"
                    " or computes from what it draws, must be a parameter or a buffer (register_buffer)"
                )
            lifted = vmap(evaluate)(params, buffers, carried, examples)
        params.requires_grad_()
        loss, after = vmap(train)(params, buffers, examples)
        (of_params,) = torch.autograd.grad(loss.sum(), params)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        if is_ours(error):
            raise
        raise UserError(
            "it cannot be trained side by side with others, which is how dropout-lab trains (torch.func.vmap):"
            f" {described(error)}. Modules such as nn.LSTM, .item() and branches on values (if x.sum() > 0) cannot be;"
            " write that part in tensor operations, a branch with torch.where"
        ) from error
    agree = _close(lifted, torch.stack(measured)) and _close(loss, torch.stack(trained))
    agree = agree and _close(of_params, torch.stack(grads))
    agree = agree and all(
        _close(value, torch.stack([alone[True].held[name] for alone in passes])) for name, value in after.items()
    )
    if not agree:
        raise UserError(
            "trained side by side with others (torch.func.vmap), it does not compute what it computes alone. What"
            " forward keeps must be a buffer, and its Python code may not depend on values"
        )


def _gradient(program: Program, loss: Tensor, alone: _Pass) -> Tensor:
    """Of a network alone, (params,)."""
    try:
        grads = torch.autograd.grad(loss, [*alone.params.values()], materialize_grads=True)
    except RuntimeError as error:
        raise UserError(f"the gradient of its loss cannot be computed: {described(error)}") from error
    return program.layout.flatten(dict(zip(alone.params, grads, strict=True)))


def _batch(structure: Structure) -> tuple[Tensor, Tensor]:
    """Examples of the training part as a network is given them, and their targets."""
    split = structure.dataset.split(0)
    reading = {name: value.unsqueeze(0) for name, value in split.reading().items()}
    rows = split.train[:EXAMPLES].unsqueeze(0)
    return inputs_of(rows, {"inputs": structure.dataset.inputs, **reading})[0], split.train_targets[:EXAMPLES]


def _shape(structure: Structure, examples: int) -> tuple[int, ...]:
    """The output's shape."""
    dataset = structure.dataset
    places = dataset.targets.shape[1:] if dataset.task == "token_classification" else ()
    return examples, *places, dataset.outputs


def _numbers(network: nn.Module) -> dict[str, Any]:
    """Attributes of the modules that are plain numbers."""
    return {
        f"{path}.{name}" if path else name: value
        for path, module in network.named_modules()
        for name, value in vars(module).items()
        if isinstance(value, int | float)
    }


def _close(ours: Tensor, alone: Tensor) -> bool:
    """Equal but for the rounding of another order of sums."""
    ours, alone = ours.detach().double(), alone.detach().double()
    least = 1e-3 * float(alone.abs().nan_to_num(0, 0, 0).max()) if alone.numel() else 0.0
    return ours.shape == alone.shape and torch.allclose(ours, alone, rtol=1e-3, atol=least + 1e-6, equal_nan=True)


def _mode(network: nn.Module) -> str:
    return "training" if network.training else "evaluation"
