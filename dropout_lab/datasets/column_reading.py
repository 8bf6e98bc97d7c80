"""What was understood of a column of a table, for people: told by `dropout-lab data` and in the report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST = 60
"""So many columns are shown one by one, in the report and on the command line."""
MOST_TOLD = 5
"""So many columns are named in one note."""
FEATURES = 6
"""So many features of a column are named."""


@dataclass(frozen=True)
class ColumnReading:
    """A row of the table of what was understood."""

    name: str
    type: str
    """`number`, `truth value`, `date`, `time of day`, `category`, `left out`; `target: ...` of the target."""
    missing: int
    """Rows without a value."""
    example: str
    """The first value as it is in the file."""
    features: Sequence[str] = ()
    """What the network gets of it."""
    told: str = ""
    """What was guessed about it; empty where nothing was."""
    change: str = ""
    """The setting that changes what was guessed."""

    def cells(self) -> Mapping[str, Any]:
        """The row in words and numbers, as the report keeps it."""
        few = ", ".join(self.features[:FEATURES])
        more = f" and {len(self.features) - FEATURES} more" if len(self.features) > FEATURES else ""
        return {
            **{"column": self.name, "type": self.type, "missing": self.missing, "example": self.example},
            **{"features": f"{few}{more}", "told": self.told, "change": self.change},
        }


def rows(readings: Sequence[ColumnReading]) -> list[Mapping[str, Any]]:
    """The rows of the table of what was understood. Of more than MOST columns those of which something was guessed come
    first, and one row stands for the columns of each type that are not shown."""
    if len(readings) <= MOST:
        return [one.cells() for one in readings]
    order = sorted(range(len(readings)), key=lambda place: (place > 0 and not readings[place].told, place))
    shown = sorted(order[:MOST])
    rest = [readings[place] for place in sorted(order[MOST:])]
    found = [readings[place].cells() for place in shown]
    for kind in dict.fromkeys(one.type for one in rest):
        group = [one for one in rest if one.type == kind]
        found.append(
            {
                **ColumnReading(f"{len(group)} more columns, {group[0].name} to {group[-1].name}", kind, 0, "").cells(),
                "missing": sum(one.missing for one in group),
                "features": f"{sum(len(one.features) for one in group)} features",
                "told": "guessed as above" if any(one.told for one in group) else "",
            }
        )
    return found


def sentences(readings: Sequence[ColumnReading], name: str) -> list[str]:
    """A note for each kind of guess, with the settings that change it; of many columns, the first. `name`: that of
    the data set."""
    kinds: dict[tuple[str, str], list[ColumnReading]] = {}
    for one in readings:
        if one.told:
            kinds.setdefault((one.type, one.told), []).append(one)
    found = []
    for (kind, told), group in kinds.items():
        listed = ", ".join(one.name for one in group[:MOST_TOLD])
        more = f" and {len(group) - MOST_TOLD} more" if len(group) > MOST_TOLD else ""
        such = f", such as {group[0].example}" if group[0].example else ""
        what = kind if kind == "left out" else f"read as {kind}"
        column = "column" if len(group) == 1 else "columns"
        change = f"; change that with {group[0].change}" if group[0].change else ""
        found.append(f"{name}: {column} {listed}{more}{such}: {what}: {told}{change}")
    return found
