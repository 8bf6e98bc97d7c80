"""The figure of calibration."""

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
    numbers = [
        f"{row['name']}, {OF[row['of']]}: calibration error {100 * row['ece']:.1f} %"
        for row in table.drop_duplicates(["role", "of"]).to_dict("records")
    ]
    yield Plan(
        "reliability",
        "Accuracy of the answers by their confidence",
        "Answers on the test data in 15 equally wide bins of confidence. A mark is at the means of its bin, and larger "
        "for more answers. Above the dashes a network is underconfident, below them overconfident. One network: means "
        "over the answers of all seeds' networks. Ensemble: answers of the mean of their probabilities.",
        sentence(numbers),
        table,
        partial(diagram, table),
    )
