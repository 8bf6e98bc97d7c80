"""The one door from config to objects: the only caller of Hydra's instantiate."""

import traceback
from pathlib import Path
from typing import Any

import hydra.utils
from hydra.errors import InstantiationException

from dropout_lab.errors import UserError
from dropout_lab.trial import Config


def instantiate(key: str, section: Config, **given: Any) -> Any:
    """The object that the config section `key` describes by its `_target_` and arguments; `given` adds arguments.

    Raises UserError, naming the section, if the target does not exist or refuses its arguments.
    """
    try:
        return hydra.utils.instantiate(dict(section), **given, _convert_="all")
    except InstantiationException as error:
        cause = error.__cause__
        if isinstance(cause, UserError):
            raise cause from None
        if cause is None or isinstance(cause, ValueError) or _is_of_the_call(cause):
            raise UserError(f"{key} ({section.get('_target_')}): {cause or error}") from error
        raise


def _is_of_the_call(error: BaseException) -> bool:
    """Whether a TypeError says that the target has no such argument, and not that something inside it went wrong."""
    if not isinstance(error, TypeError):
        return False
    *_, last = traceback.walk_tb(error.__traceback__)
    return "hydra" in Path(last[0].f_code.co_filename).parts
