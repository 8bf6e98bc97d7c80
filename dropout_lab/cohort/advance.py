"""What a lane carries from batch to batch, after the gradient of one more batch."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from dropout_lab.cohort.course import at_step
from dropout_lab.cohort.optim import Hyper
from dropout_lab.cohort.step import Program


def advance(
    program: Program,
    carried: Mapping[str, Any],
    grads: Tensor,
    buffers: Mapping[str, Tensor],
    hyper: Hyper,
    numbers: Tensor,
) -> dict[str, Any]:
    """One lane's `carried`, in the form of `State.changed`, after a batch.

    grads: (size,), of the batch's loss; buffers: those after the batch; numbers: (number,), see `course`.
    """
    hyper, (share, taken) = at_step(hyper, numbers), numbers[2:].unbind()
    after: dict[str, Any] = {"buffers": buffers}
    if "accumulated" not in carried:
        after["params"], after["state"] = program.update(carried["params"], grads, carried["state"], hyper)
    else:
        total = carried["accumulated"] + grads
        params, state = program.update(carried["params"], total * share, carried["state"], hyper)
        acts = share > 0
        after["accumulated"] = torch.where(acts, torch.zeros_like(total), total)
        after["params"] = torch.where(acts, params, carried["params"])
        after["state"] = {name: torch.where(acts, state[name], old) for name, old in carried["state"].items()}
    if "ema" in carried:
        averages = carried["ema"]
        after["ema"] = {
            "params": averaged(averages["params"], after["params"], taken),
            "buffers": {name: averaged(old, buffers[name], taken) for name, old in averages["buffers"].items()},
        }
    return {name: after[name] for name in carried}


def averaged(average: Tensor, value: Tensor, taken: Tensor) -> Tensor:
    """The exponential moving average after `value`, of which it takes the share `taken`, without dimensions.

    As torch.optim.swa_utils.AveragedModel with get_ema_multi_avg_fn(1 - taken) and use_buffers=True: what is not a
    floating-point number is copied. Where nothing changes, not a bit of the average does.
    """
    if not value.is_floating_point():
        return torch.where(taken > 0, value, average)
    return torch.where(taken < 1, average + taken * (value - average), value)
