"""The report's answer in a terminal."""

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dropout_lab.report.result import Report


def show(console: Console, report: Report) -> None:
    """Print the answer, the table of best, baseline and difference, and where the page is."""
    for note in report.notes:
        console.print(note)
    console.print()
    for sentence in report.prose:
        console.print(Text(sentence), soft_wrap=False)
    if report.rows:
        table = Table(*report.header, box=SIMPLE, header_style="bold")
        for row in report.rows:
            table.add_row(*row)
        console.print(table)
    console.print(f"\nThe report: {report.html}")
