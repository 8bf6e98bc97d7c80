"""Every number of the report, as tables: frames in, frame out, nothing drawn and nothing written."""

from dropout_lab.report.tables.configurations import configurations
from dropout_lab.report.tables.ranking import failures, front, ranked
from dropout_lab.report.tables.seeds import AVERAGED, COMPARED, BySeed, by_seed, metrics_of
from dropout_lab.report.tables.times import run_times, time_to_target

__all__ = [
    "AVERAGED",
    "COMPARED",
    "BySeed",
    "by_seed",
    "configurations",
    "failures",
    "front",
    "metrics_of",
    "ranked",
    "run_times",
    "time_to_target",
]
