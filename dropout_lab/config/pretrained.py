"""`model.weights` and `weights.reinit`, as a model's section records them: a file, its hash, and what begins anew."""

from collections.abc import Sequence
from typing import Any

from dropout_lab.config.instantiate import takes
from dropout_lab.core.errors import UserError
from dropout_lab.core.tensor_files import SUFFIXES, file_digest, is_named_so
from dropout_lab.core.trial import WEIGHTS, Config

KEY = "weights"
"""The model's key that names the file."""


def with_weights(model: Config, reinit: Sequence[str]) -> dict[str, Any]:
    """A model's section whose file of weights is an entry of its own, with its hash.

    A value that does not name a file is an argument of the constructor, as torchvision's `weights=DEFAULT`; null is no
    file. Raises UserError for a file that cannot be read, and a value that neither of the two takes.
    """
    if KEY not in model:
        return dict(model)
    value, rest = model[KEY], {key: value for key, value in model.items() if key != KEY}
    if is_named_so(value):
        try:
            sha256 = file_digest(str(value))
        except UserError as error:
            raise UserError(f"model.weights: {error}") from error
        return {**rest, WEIGHTS: {"path": value, "sha256": sha256, "reinit": list(reinit)}}
    if takes(rest, KEY):
        return dict(model)
    if value is None:
        return rest
    raise UserError(
        f"model.weights={value}: must be a file whose name ends in {', '.join(SUFFIXES)}, or null; the constructor of"
        f" {model.get('_target_')} has no argument weights"
    )


def check_reinit(model: Config, reinit: Sequence[str]) -> None:
    """Raises UserError for `weights.reinit` where `model`, as composed, names neither a file nor null (in a sweep)."""
    if reinit and (KEY not in model or not (model[KEY] is None or is_named_so(model[KEY]))):
        raise UserError(
            f"weights.reinit={_listed(reinit)}: there is nothing to leave out: it needs the file of weights,"
            " model.weights=net.pt, beside it"
        )


def _listed(patterns: Sequence[str]) -> str:
    return f"[{','.join(patterns)}]"
