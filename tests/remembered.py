"""What hundreds of compositions in one process read and parse again and again, remembered: the package's own configs.

A command composes its settings three times from some twenty files of conf/, which no test changes. With both, a dry
run takes 0.9 in place of 1.15 seconds of a processor.
"""

from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

import omegaconf._utils
import omegaconf.base
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigResult

CONF = Path(__file__).resolve().parents[1] / "conf"


def remember() -> None:
    """From here on, in this process."""
    Plugins.instance()  # finds the sources
    source: Any = SourcesRegistry.instance().resolve("file")
    load, kept = source.load_config, dict[tuple[str, str], ConfigResult]()

    def load_config(self: Any, config_path: str) -> ConfigResult:
        if Path(self.path) != CONF:
            found: ConfigResult = load(self, config_path)
            return found
        name = (self.provider, config_path)
        if name not in kept:
            kept[name] = load(self, config_path)
        return deepcopy(kept[name])  # what composes takes the defaults out of it

    source.load_config = load_config
    # A tree is only read; what cannot be parsed raises, and is not remembered.
    base: Any = omegaconf.base
    utils: Any = omegaconf._utils
    base.parse = utils.parse = lru_cache(maxsize=None)(base.parse)
