"""The one door from config to objects: the only caller of Hydra's instantiate."""

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
        if isinstance(cause, TypeError | ValueError) or cause is None:
            raise UserError(f"{key} ({section.get('_target_')}): {cause or error}") from error
        raise
