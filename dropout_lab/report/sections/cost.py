"""The table about the use of the lanes."""

from dropout_lab.report.evidence import Evidence
from dropout_lab.report.names import duration, number
from dropout_lab.report.sections.block import ROWS, Part
from dropout_lab.report.tables.occupancy import used


def occupancy(evidence: Evidence) -> Part:
    table = evidence.tables["occupancy"]
    if table.empty:
        return Part("occupancy", "Lanes in use", (), (), ())
    rows = [
        [
            f"{row['session']}",
            f"{row['worker']}",
            f"{row['cohort']}",
            f"{row['lanes']}",
            f"{row['run_epochs']:,}",
            f"{100 * row['occupancy']:.0f} %",
            duration(row["seconds"]),
            duration(row["elapsed"]),
            f"{number(1000 * row['seconds_per_run_epoch'], 3)} ms",
        ]
        for row in table.sort_values("seconds", ascending=False, kind="stable").head(ROWS).to_dict("records")
    ]
    header = ["command", "worker", "cohort", "lanes", "epochs of runs", "lanes in use", "time in epochs"]
    prose = [
        f"On average {100 * used(table):.0f} % of the lanes trained a run, over all epochs of the cohorts.",
        "Elapsed: from the first epoch to the last, with the time between epochs. An epoch that an interruption "
        "repeated counts twice.",
    ]
    return Part("occupancy", "Lanes in use", prose, [*header, "elapsed", "time per epoch of a run"], rows)
