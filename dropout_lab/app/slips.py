"""Slips on the command line: what to write instead, said before Hydra's parser says what it expected."""

import re
from collections.abc import Callable, Sequence

from dropout_lab.config.refusals import closest, wrong_value
from dropout_lab.config.roles import by_site
from dropout_lab.core.errors import UserError

FLAGS = (
    *("--help", "-h", "--hydra-help", "--version", "--resolve", "--run", "-r", "--multirun", "-m"),
    *("--shell-completion", "-sc"),
)
"""Hydra's options without a value."""
VALUED = (
    *("--cfg", "-c", "--package", "-p", "--config-path", "-cp", "--config-name", "-cn", "--config-dir", "-cd"),
    *("--experimental-rerun", "--info", "-i"),
)
"""Hydra's options whose value may be the next word."""
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212"
QUOTES = "\u2018\u2019\u201c\u201d"
NUMBER = rf"(?:[{DASHES}+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][{DASHES}+-]?\d+)?)?"
"""A number or none, with a minus as a word processor writes it."""
AROUND_NUMBERS = r"[\[\](),]|interval|range|choice|tag|log|int|float"
PATTERNED = ("placement.weights", "optimizer.groups", *by_site())
"""The keys whose own keys are patterns."""
LAUNCHERS = {
    **{"joblib": "hydra-joblib-launcher", "submitit": "hydra-submitit-launcher"},
    **{"ray": "hydra-ray-launcher", "rq": "hydra-rq-launcher"},
}
"""The packages that bring Hydra's launchers, by the beginnings of their names."""


def check_words(words: Sequence[str]) -> None:
    """Raises UserError for the first slip among the words behind `train` or `sweep`, with what to write instead."""
    for index, word in enumerate(words):
        if index and words[index - 1] in VALUED and "=" not in word:
            continue
        for slip in SLIPS:
            if (said := slip(words, index)) is not None:
                raise UserError(said)


def wrong_word(words: Sequence[str], key: str | None) -> str | None:
    """`wrong_value` of what was typed for a key, if anything was."""
    given = [value for name, equals, value in (word.partition("=") for word in words) if name.lstrip("+") == key]
    return wrong_value(key, given[-1]) if key and given else None


def unreadable(override: str) -> str:
    """What to say of an override that Hydra's grammar does not allow."""
    override = override.removeprefix("++")  # of keys that the config cannot list
    if (said := _glob_in_key(override)) is not None:
        return said
    open_ones = [sign for sign, closed in ("()", "[]", "{}") if override.count(sign) != override.count(closed)]
    if open_ones:
        return f"{override}: a {open_ones[0]} is not closed, or never opened; quote what holds brackets"
    return (
        f"{override}: cannot be read as key=value; lists are [a,b], several values a,b, and what holds blanks or other"
        " signs stands in quotes inside of the shell's: 'name=\"my sweep\"'"
    )


def _glob_in_key(override: str) -> str | None:
    """What to write for `rates.hidden.*=0.1,0.2`: Hydra's keys hold no signs of globs, keys of mappings do."""
    key, _, value = override.partition("=")
    section = next((name for name in PATTERNED if key.startswith(f"{name}.")), None)
    if section is None or (sign := re.search(r"[*?\[|@]", key)) is None:
        return None
    pattern = key.removeprefix(f"{section}.")
    pattern, inner = pattern.rsplit(".", 1) if section == "optimizer.groups" and "." in pattern else (pattern, "")
    listed = value.split(",") if re.fullmatch(r"[^()\[\]{}]+", value) else ["..."]
    mappings = (f"{{{pattern}:{{{inner}:{one}}}}}" if inner else f"{{{pattern}:{one}}}" for one in listed)
    shorter = "" if inner else f"; a family or a last name needs no sign: {section}.hidden={value}"
    return f"{override}: a key cannot hold {sign[0]}; write '{section}={','.join(mappings)}'{shorter}"


def missing_member(group: str, member: str, members: Sequence[str]) -> str:
    """What to say of a member that a config group does not have, or does not have without a package."""
    packages = [package for name, package in LAUNCHERS.items() if member.startswith(name)]
    if group == "hydra/launcher" and packages:
        return f"{group}={member}: needs a package that is not installed: pip install {packages[0]}"
    return f"{group}={member}: there is no such member; {group} offers {', '.join(members)}{closest(member, members)}"


def _typography(words: Sequence[str], index: int) -> str | None:
    """Dashes before an option or in what is else a number, and quotes that open a value. In names they are letters."""
    word = words[index]
    key, equals, value = word.partition("=")
    plain = re.sub(f"^[{DASHES}]+", lambda match: "-" * len(match[0]), word)
    if all(re.fullmatch(NUMBER, part.strip()) for part in re.split(AROUND_NUMBERS, value)):
        plain = plain[: len(key)] + equals + re.sub(f"[{DASHES}]", "-", value)
    unquoted = re.sub(r"\"[^\"]*\"|'[^']*'", lambda match: "_" * len(match[0]), word)
    if re.search(rf"(?:^|[=\[,({{:]\s*)[{QUOTES}]", unquoted):
        plain = re.sub(f"[{QUOTES}]", "'", plain)
    if plain == word:
        return None
    strange = next(there for here, there in zip(plain, word, strict=True) if here != there)
    return f"{word}: holds the typographic character {strange} (U+{ord(strange):04X}); write {plain}"


def _option(words: Sequence[str], index: int) -> str | None:
    word = words[index]
    option, equals, value = word.partition("=")
    known = (*FLAGS, *VALUED)
    if not re.match(r"--?[A-Za-z]", word) or any(flag.startswith(option) for flag in known):
        return None
    if not equals:
        following = words[index + 1] if index + 1 < len(words) else ""
        value = "..." if not following or "=" in following or following.startswith("--") else following
    return f"{option}: there is no such option; keys are set without dashes: {option.lstrip('-')}={value}"


def _blank(words: Sequence[str], index: int) -> str | None:
    """`rate = 0.5`, `rate= 0.5`, `rate =0.5` and `rate=0.1, 0.2`, which the shell hands over as several words."""
    word, later = words[index], list(words[index + 1 : index + 2])
    following = later[0] if later and "=" not in later[0].lstrip("=") and later[0][:1] not in ("-", "~") else ""
    if word.endswith(",") and following:
        listed = word
        for more in words[index + 1 :]:
            listed += more if listed.endswith(",") and "=" not in more else ""
        return f"{word} {following}: no blanks behind commas: write {listed}, or quote the whole"
    if "=" not in word and following.startswith("="):
        value = following[1:] or "".join(words[index + 2 : index + 3])
        return f"{word} = {value}: no blanks around the equals sign: write {word}={value}"
    if word.endswith("=") and following:
        return f"{word} {following}: no blanks around the equals sign: write {word}{following}"
    closed = re.sub(r"^([\w.+~/@-]+)\s+=", r"\1=", word)
    if closed != word:
        return f"{word}: no blanks before the equals sign: write {closed}"
    return None


def _comma(words: Sequence[str], index: int) -> str | None:
    word = words[index].rstrip()
    if "=" not in word or not word.endswith(","):
        return None
    return f"{word}: ends with a comma: write {word.rstrip(', ')}"


def _interval(words: Sequence[str], index: int) -> str | None:
    word = words[index]
    if three := re.search(r"interval\(([^(),]+),([^(),]+),([^(),]+)\)", word):
        low, high, step = (end.strip() for end in three.groups())
        steps = f"range({low},{high},{step})"
        return f"{word}: an interval has two ends and no step; {steps} lists values, up to but not {high}"
    if word.startswith("grids=") and (sweep := re.search(r"([\w.]+):(interval|range|choice)\(", word)):
        return (
            f"grids: {sweep[1]}:{sweep[2]}(...): the values of a grid are listed, {sweep[1]}:[0.1,0.2]; an interval is"
            " for sampler=tpe, beside no grids"
        )
    return None


def _no_override(words: Sequence[str], index: int) -> str | None:
    word = words[index]
    if "=" in word or word[:1] in ("-", "~") or not word:
        return None
    return (
        f"{word}: is not an override; overrides are key=value, such as rate=0.5; dropout-lab sweep --help lists all"
        " keys"
    )


SLIPS: Sequence[Callable[[Sequence[str], int], str | None]] = (
    *(_typography, _option, _blank, _comma, _interval, _no_override),
)
"""In the order in which they are looked for."""
