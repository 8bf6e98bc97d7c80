"""The report's answer in a terminal."""

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dropout_lab.report.result import Report

NAME = 16
"""A longer column head is a configuration's name, which may wrap."""


def show(console: Console, report: Report) -> None:
    """Print the answer, the rows of the first screen, and where the page is."""
    for note in report.notes:
        console.print(note)
    console.print()
    for sentence in report.prose:
        console.print(Text(sentence), soft_wrap=False)
    if report.rows:
        table = Table(box=SIMPLE, header_style="bold", padding=(0, 1, 0, 0))
        for place, title in enumerate(report.header):
            table.add_column(title, no_wrap=place > 0 and len(title) < NAME)
        for row in report.rows:
            table.add_row(*row)
        console.print(table)
    console.print(f"\nThe report: {report.html}")
