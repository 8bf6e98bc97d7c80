"""Training in two phases from the command line: interrupted, continued, repeated, and beside every other method."""

from pathlib import Path

import pandas as pd
import pytest

from dropout_lab.records import store
from tests.cli import conftest
from tests.cli.conftest import Command

WORDS = (
    *("sweep", "dataset=digits", "dataset.limit=60", "model.width=16", "trainer.epochs=3", "trainer.compile=never"),
    *("trainer.pretrain_epochs=3", "trainer.pretrain_classes=[0,1,2,3,4]"),
)


def table(folder: Path) -> pd.DataFrame:
    columns = ["dropout", "rate", "val_loss", "test_accuracy", "gap_loss"]
    return conftest.table(folder)[columns].sort_values(columns[:2]).reset_index(drop=True)


@pytest.mark.slow
def test_interrupted_and_continued_it_is_the_table_of_one_sitting(command: Command, tmp_path: Path) -> None:
    grid = (*WORDS, "dropout=mixout,standard", "rate=0.1,0.3")
    assert command(*grid, "seeds=3", "name=one").code == 0
    one = table(tmp_path / "outputs" / "one")
    assert set(one["dropout"]) == {"none", "mixout", "standard"}
    # The other command pretrains seed 0 alone first.
    assert command(*WORDS, "dropout=mixout,standard", "rate=0.1", "seeds=1", "name=two").code == 0
    assert command(*grid, "seeds=3", "name=two").code == 0
    pd.testing.assert_frame_equal(one, table(tmp_path / "outputs" / "two"), check_exact=True)
    trial = next(
        record["trial"]
        for record in store.read(tmp_path / "outputs" / "two").trials
        if record["label"]["dropout"] == "mixout" and record["label"]["rate"] == 0.3
    )
    assert "the result is the same" in command("train", "--from", "outputs/two", str(trial)).out
