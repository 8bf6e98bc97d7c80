"""The figures of how sure the networks are."""

from collections.abc import Iterator
from functools import partial

from dropout_lab.report import figure_data
from dropout_lab.report.figures.reliability import diagram
from dropout_lab.report.gallery.alts import sentence
from dropout_lab.report.gallery.picture import Plan
from dropout_lab.report.gallery.source import Source

NAMES = ("reliability",)

OF = {"one network": "one network, mean over seeds", "ensemble": "ensemble"}


def plans(source: Source) -> Iterator[Plan]:
    if not source.is_class:
        return
    table = figure_data.reliability(source.folder, source.frames, source.found)
    if table.empty:
        source.skipped.append("Reliability is not drawn: no predictions are recorded.")
        return
    told = [
        f"{row['name']}, {OF[row['of']]}: calibration error {100 * row['ece']:.1f} %"
        for row in table.drop_duplicates(["role", "of"]).to_dict("records")
    ]
    yield Plan(
        "reliability",
        "How often answers are right that are so sure",
        "Answers on the test data in 15 equally wide bins of confidence; a mark at the means of each bin, larger for "
        "more answers. Above the dashes a network is less sure than it could be, below them too sure. One network: "
        "means over the answers of all seeds' networks; ensemble: over those of the mean of their probabilities.",
        sentence(told),
        table,
        partial(diagram, table),
    )
