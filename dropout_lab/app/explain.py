"""What an error means to the user: an exit code and a message."""

import errno
import traceback

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from dropout_lab.app import typed
from dropout_lab.app.application import conf_folder
from dropout_lab.app.slips import missing_member, unreadable, wrong_word
from dropout_lab.config.refusals import unknown_key
from dropout_lab.core.errors import RunsFailed, UserError

OF_THE_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
"""Errors that the user can mend, no matter what was being written."""

OF_A_FILE = frozenset(
    {errno.EACCES, errno.EPERM, errno.EIO, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG}
)
"""Errors that the user can mend where they name a file; without one, they are failures of ours."""


def explain(error: Exception) -> tuple[int, str]:
    """Exit code and message of an error: the user's mistake in a sentence, a failure of ours with its traceback."""
    if isinstance(error, RunsFailed):
        return 1, f"dropout-lab: {error}"
    said = str(error) if isinstance(error, UserError) else _of_the_config(error) or _of_the_system(error)
    return (1, "".join(traceback.format_exception(error))) if said is None else (2, f"dropout-lab: {said}")


def _of_the_config(error: Exception) -> str | None:
    """The user's mistake behind an error of Hydra, OmegaConf or YAML; None for any other error."""
    cause = error.__cause__ if isinstance(error, HydraException) else error
    if isinstance(error, OverrideParseException):
        return unreadable(error.override)
    if isinstance(cause, ConfigAttributeError | ConfigKeyError) and cause.full_key:
        return unknown_key(cause.full_key, cause.parent_node)
    if isinstance(error, MissingConfigException):
        group, _, member = str(error.missing_cfg_file).rpartition("/")
        # Of a member in a list, Hydra does not say what the others are.
        options = error.options or sorted(path.stem for path in (conf_folder() / group).glob("*.yaml") if group)
        if options:
            return missing_member(group, member, options)
    if isinstance(cause, OmegaConfBaseException) and (said := wrong_word(typed.argv.get(()), cause.full_key)):
        return said
    if isinstance(error, HydraException | OmegaConfBaseException):
        about = [str(error)] if isinstance(cause, HydraException | None) else [str(error), str(cause)]
        lines = [line for text in about for line in text.splitlines() if not _is_internal(line)]
        return "\n".join(dict.fromkeys(lines))
    if type(error).__module__.startswith("yaml."):
        return f"a file of the config is no YAML: {error}"
    if "Config group override must be" in str(error):
        return "a config group cannot be null: give it one of its members, which --help lists"
    return None


def _of_the_system(error: Exception) -> str | None:
    """What the user can mend about an error of the operating system; None for any other error."""
    if not isinstance(error, OSError):
        return None
    if error.errno not in (OF_THE_DISK if error.filename is None else OF_THE_DISK | OF_A_FILE):
        return None
    where = "" if error.filename is None else f"{error.filename}: "
    return f"{where}{error.strerror}. What was written before is kept; the same command goes on"


def _is_internal(line: str) -> bool:
    """Whether a line of an OmegaConf message is about its types, not about the user's value."""
    return line.strip().startswith(("full_key:", "object_type=", "reference_type="))
