"""Texts as data: what becomes of words, which of them a seed knows, and the pieces of a text in their order."""

import dataclasses
import os
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch import Tensor

from dropout_lab.cohort.lanes import Lanes
from dropout_lab.cohort.loss import Plain
from dropout_lab.cohort.optim import Adam
from dropout_lab.cohort.passes import inputs_of
from dropout_lab.cohort.recipe import Recipe, Structure
from dropout_lab.core.errors import UserError
from dropout_lab.core.tokens import NO_CLASS, PADDING, UNKNOWN
from dropout_lab.datasets import hub_files
from dropout_lab.datasets import text as text_module
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.hub import hub
from dropout_lab.datasets.labelled_text import labelled_text
from dropout_lab.datasets.split import Split
from dropout_lab.datasets.standard_library import documentation
from dropout_lab.datasets.table import table
from dropout_lab.datasets.text import text
from dropout_lab.datasets.words import Level, tokens
from dropout_lab.models.rnn import RNN
from tests.made import made

REAL = Path(os.environ.get("DROPOUT_LAB_DATA", Path(__file__).parents[3] / "shared" / "data"))
"""Local copies of real sets, if there are any."""
CONF = Path(__file__).parents[2] / "conf" / "dataset"
RARE = "zeppelin"


def words(row: int) -> list[str]:
    """Between 2 and 7 of 12 words, and one that only this row has."""
    return [f"w{(row * 7 + place * place) % 12}" for place in range(2 + row % 6)] + [f"only{row}"]


def sentences(count: int = 60) -> pd.DataFrame:
    return pd.DataFrame(
        {"note": [" ".join(words(row)) for row in range(count)], "label": [row % 3 for row in range(count)]}
    )


def write(folder: Path, frame: pd.DataFrame, name: str = "mine.csv") -> str:
    path = folder / name
    if name.endswith(".parquet"):
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False)
    return str(path)


def names(dataset: Dataset, numbers: Tensor) -> list[list[str]]:
    return [[dataset.vocabulary[number] for number in row] for row in numbers.tolist()]


def read(dataset: Dataset, split: Split) -> Tensor:
    """All examples as a seed's model gets them."""
    given = {"inputs": dataset.inputs, **{name: value[None] for name, value in split.reading().items()}}
    return inputs_of(torch.arange(len(dataset.inputs))[None], given)[0]


def test_the_levels() -> None:
    line = "It's <unk>: 3.5%\tof  Naïve_2 (O'Neill’s)"
    of_words = ["it's", "<unk>", ":", "3", ".", "5", "%", "of", "naïve_2", "(", "o'neill’s", ")"]
    assert list(tokens(line, "word")) == of_words
    assert list(tokens(line, "space")) == ["It's", "<unk>:", "3.5%", "of", "Naïve_2", "(O'Neill’s)"]
    assert "".join(tokens(line, "character")) == line


@pytest.mark.parametrize("name", ["mine.csv", "mine.parquet"])
def test_labelled_texts_of_a_file(name: str, tmp_path: Path) -> None:
    dataset = labelled_text(path=write(tmp_path, sentences(), name), length=5, min_count=1)
    assert (dataset.name, dataset.task, dataset.outputs) == ("mine", "classification", 3)
    assert dataset.targets.tolist() == [row % 3 for row in range(60)]
    tested = set(dataset.test.tolist())
    assert len(tested) == 12
    for row, found in enumerate(names(dataset, dataset.inputs)):
        expected = ["<unk>" if word == f"only{row}" and row in tested else word for word in words(row)][:5]
        assert found == expected + ["<pad>"] * (5 - len(expected))


def test_the_vocabulary_is_the_most_frequent_words_outside_of_the_test_part(tmp_path: Path) -> None:
    path = write(tmp_path, sentences())
    dataset = labelled_text(path=path, vocabulary_size=4, min_count=1)
    rest = set(range(60)) - set(dataset.test.tolist())
    counts = Counter(word for row in rest for word in words(row))
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    assert list(dataset.vocabulary) == ["<pad>", "<unk>", *ranked[:4]]
    assert list(labelled_text(path=path, vocabulary_size=None, min_count=1).vocabulary[2:]) == ranked


@pytest.mark.parametrize("min_count", [1, 2, 5])
@pytest.mark.parametrize("limit", [None, 20])
def test_a_seed_knows_what_its_training_part_has_often_enough_and_nothing_else(
    min_count: int, limit: int | None, tmp_path: Path
) -> None:
    dataset = labelled_text(path=write(tmp_path, sentences()), vocabulary_size=None, min_count=min_count, limit=limit)
    for seed in range(3):
        split = dataset.split(seed)
        counts = Counter(word for row in split.train.tolist() for word in words(row))
        for row, found in enumerate(names(dataset, read(dataset, split))):
            expected = [word if counts[word] >= min_count else "<unk>" for word in words(row)]
            assert found == expected + ["<pad>"] * (len(found) - len(expected))


def test_other_texts_in_validation_and_test_change_nothing_that_training_decides(tmp_path: Path) -> None:
    plain = sentences()
    dataset = labelled_text(path=write(tmp_path, plain), vocabulary_size=None, length=9)
    split = dataset.split(0)
    changed = plain.copy()
    outside = torch.cat([split.val, dataset.test]).tolist()
    changed.loc[outside, "note"] = [f"{RARE} w1 w1 other{row} other{row}" for row in outside]
    other = labelled_text(path=write(tmp_path, changed), vocabulary_size=None, length=9)
    again = other.split(0)
    assert torch.equal(again.train, split.train)
    rows = split.train.tolist()
    before, after = names(dataset, read(dataset, split)), names(other, read(other, again))
    width = max(len(words(row)) for row in rows)
    assert [before[row][:width] for row in rows] == [after[row][:width] for row in rows]
    assert all(set(after[row]) <= {"<unk>", "w1", "<pad>"} for row in outside)
    # Of the test set not even the numbers of the tokens depend.
    changed = plain.copy()
    changed.loc[dataset.test.tolist(), "note"] = RARE
    tested = labelled_text(path=write(tmp_path, changed), vocabulary_size=None, length=9)
    assert tested.vocabulary == dataset.vocabulary
    rest = sorted(set(range(60)) - set(dataset.test.tolist()))
    assert torch.equal(tested.inputs[rest], dataset.inputs[rest])
    assert (tested.inputs[dataset.test, 0] == UNKNOWN).all()


def test_padding_is_at_the_end_alone_whatever_a_text_says(tmp_path: Path) -> None:
    frame = sentences()
    frame["note"] += " <pad> <unk>"
    for level in ("word", "space", "character"):
        dataset = labelled_text(path=write(tmp_path, frame), level=level)
        is_padding = dataset.inputs == PADDING
        assert not is_padding[:, 0].any()
        assert (is_padding.int().diff(dim=1) >= 0).all()


def test_a_number_to_be_predicted_and_words_that_look_like_missing_values(tmp_path: Path) -> None:
    frame = sentences().assign(score=[row / 7 for row in range(60)], label=None)
    frame.loc[3, "note"] = "NA"
    dataset = labelled_text(path=write(tmp_path, frame.drop(columns="label")), target="score", text="note")
    assert (dataset.task, dataset.outputs) == ("regression", 1)
    assert dataset.inputs[3, 0] == UNKNOWN
    assert dataset.targets.diff().numpy() == pytest.approx([1 / 7] * 59, rel=1e-4)


@pytest.mark.parametrize(
    ("change", "arguments", "said"),
    [
        ({}, {"path": None}, r"dataset=labelled_text: give dataset.id="),
        ({}, {"level": "letter"}, "dataset.level=letter: must be one of character, word, space"),
        ({}, {"length": 0}, "dataset.length=0: must be a whole number of at least 1"),
        ({}, {"vocabulary_size": 0}, "dataset.vocabulary_size=0: must be a whole number of at least 1"),
        ({}, {"min_count": 0}, "dataset.min_count=0: must be a whole number of at least 1"),
        ({"note": range(60)}, {}, "has no column of text; for a table"),
        ({"also": [f"as {row}" for row in range(60)]}, {}, "has 2 columns of text, note, also; give dataset.text="),
        ({}, {"text": "nosuch"}, "dataset.text=nosuch: .* has no such column; it has note, label"),
        ({}, {"text": "label", "target": "note"}, "dataset.text=label: that column of .* has no text"),
        ({}, {"text": "label"}, "dataset.text=label: is the target, too"),
        ({}, {"target": "nosuch"}, "dataset.target=nosuch: .* has no such column"),
        ({"note": ["a b", " "] * 30}, {}, "line 3: column note, the text, is empty"),
        ({"label": None}, {}, "has the one column note; must have another .* take dataset=text"),
    ],
)
def test_what_is_wrong_with_labelled_texts_is_named(change: Any, arguments: Any, said: str, tmp_path: Path) -> None:
    frame = sentences()
    for name, values in change.items():
        if values is None:
            del frame[name]
        else:
            frame[name] = values
    with pytest.raises(UserError, match=said):
        made("dataset", labelled_text, **{"path": write(tmp_path, frame), **arguments})


def test_a_text_where_a_table_is_meant_is_told_where_to_go(tmp_path: Path) -> None:
    path = write(tmp_path, sentences(300))
    with pytest.raises(UserError, match=r"no column to learn from; .* take dataset=labelled_text dataset.text=note"):
        table(path=path, target="label")
    with pytest.raises(UserError, match="is a folder"):
        table(path=str(tmp_path), target="label")


def mine(folder: Path, lines: int = 200) -> str:
    path = folder / "mine.txt"
    path.write_text("".join(" ".join(words(row)) + "\n" for row in range(lines)))
    return str(path)


def whole(path: str, level: str) -> list[str]:
    lines = Path(path).read_text().splitlines()
    if level == "character":
        return list("".join(line + "\n" for line in lines))
    return [token for line in lines for token in (*line.split(), "<eos>")]


@pytest.mark.parametrize("level", ["character", "word", "space"])
def test_a_text_is_cut_into_pieces_and_a_target_is_the_next_token(level: Level, tmp_path: Path) -> None:
    path = mine(tmp_path)
    expected = whole(path, level)
    dataset = text(path=path, level=level, length=7, size=None, min_count=1, vocabulary_size=None)
    assert (dataset.name, dataset.task) == ("mine", "token_classification")
    assert dataset.outputs == len(dataset.vocabulary)
    cut = len(expected) - round(0.1 * len(expected))
    known = set(expected[:cut])
    first = len(dataset.inputs) - len(dataset.test)
    for rows, part in ((slice(0, first), expected[:cut]), (slice(first, None), expected[cut:])):
        inputs, targets = (list(chain(*names(dataset, of[rows]))) for of in (dataset.inputs, dataset.targets))
        assert len(inputs) == (len(part) - 1) // 7 * 7
        assert inputs == [token if token in known else "<unk>" for token in part[: len(inputs)]]
        assert targets == [token if token in known else "<unk>" for token in part[1 : len(inputs) + 1]]
    assert torch.equal(text(path=path, level=level, length=7, size=10**9, min_count=1).inputs, dataset.inputs)
    shorter = text(path=path, level=level, length=7, size=300, min_count=1)
    assert shorter.inputs.numel() + 14 >= 300 - 2 >= shorter.inputs.numel()


def test_a_target_that_a_seeds_training_part_does_not_know_is_unknown_too(tmp_path: Path) -> None:
    dataset = text(path=mine(tmp_path), level="word", length=7, size=None, vocabulary_size=None, min_count=1)
    dataset = dataclasses.replace(dataset, min_count=2)
    some = 0
    for seed in range(3):
        split = dataset.split(seed)
        counts = torch.bincount(dataset.inputs[split.train].flatten(), minlength=dataset.outputs)
        for rows, targets in (
            (split.train, split.train_targets),
            (split.val, split.val_targets),
            (dataset.test, split.test_targets),
        ):
            raw = dataset.targets[rows]
            assert torch.equal(targets, torch.where(counts[raw] >= 2, raw, UNKNOWN))
            some += int((targets != raw).sum())
    assert some > 100
    classes = dataclasses.replace(dataset, predicts_tokens=False).split(0)
    assert torch.equal(classes.val_targets, dataset.targets[classes.val])


def test_what_tokens_are_predicted_must_be_those_of_the_vocabulary(tmp_path: Path) -> None:
    dataset = text(path=mine(tmp_path), size=None)
    with pytest.raises(UserError, match="to predict tokens, task must be"):
        dataclasses.replace(dataset, outputs=dataset.outputs + 1)


def test_the_parts_of_a_text_are_contiguous(tmp_path: Path) -> None:
    dataset = text(path=mine(tmp_path), size=None, val_fraction=0.3)
    starts = set()
    for seed in range(5):
        split = dataset.split(seed)
        val = split.val.tolist()
        assert val == list(range(val[0], val[0] + len(val)))
        starts.add(val[0])
        assert sorted([*split.train.tolist(), *val, *dataset.test.tolist()]) == list(range(len(dataset.inputs)))
        assert split.train.tolist() == sorted(split.train.tolist())
    assert len(starts) > 2


def test_batches_of_a_text_read_on_and_cover_it_once(tmp_path: Path) -> None:
    dataset = text(path=mine(tmp_path), size=None, length=8)
    split = dataset.split(0)
    structure = Structure(
        build=lambda: RNN(
            input_shape=dataset.input_shape,
            outputs=dataset.outputs,
            vocabulary=dataset.outputs,
            per_position=True,
            is_stream=True,
            width=4,
            embedding=3,
        ),
        dataset=dataset,
        dropout={},
        batch_size=8,
        optimizer=Adam(lr=0.01),
        loss=Plain(),
        options=frozenset(),
        precision="float32",
        gap_examples=None,
        mc_samples=None,
    )
    lanes = Lanes(structure, 2, torch.device("cpu"))
    recipe = Recipe(
        id="a", seed=0, rates={}, schedule=lambda progress: 1.0, optimizer=Adam(lr=0.01), epochs=1, patience=None
    )
    lanes.load(0, recipe)
    batches: list[Tensor] = []
    held: list[Tensor] = []
    step = lanes.executor.run_train_step

    def watched(*tensors: Tensor) -> None:
        batches.append(tensors[-2][0].clone())
        held.append(tensors[-1][0].clone())
        step(*tensors)

    lanes.executor.run_train_step = watched
    lanes.train_epoch()
    rows = torch.stack(batches)
    place = {row: at for at, row in enumerate(split.train.tolist())}
    places = torch.tensor([[place[row] for row in batch] for batch in rows.tolist()])
    assert (places.diff(dim=0) == 1).all()
    assert sorted(places.flatten().tolist()) == list(range(len(split.train) // 8 * 8))
    assert torch.equal(torch.stack(held), split.train_targets[places])
    # The token that is asked at a piece's end is the next piece's first, but where validation was taken out.
    follows = rows[1:] == rows[:-1] + 1
    assert follows.float().mean() > 0.9
    assert torch.equal(dataset.targets[rows[:-1]][follows][:, -1], dataset.inputs[rows[1:]][follows][:, 0])


def test_the_documentation_is_that_of_every_python_of_these_versions() -> None:
    """What the docstring of the module says of it, here of the Python that runs the tests."""
    found = documentation()
    assert len(found) == len(set(found))
    assert len(found) == pytest.approx(1135, rel=0.1)
    assert sum(map(len, found)) == pytest.approx(314_402, rel=0.1)
    assert found == documentation()


def test_a_python_without_source_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "getopt.py").write_text('"""Parse."""\ndef f():\n    """Of a function."""\n')
    assert set(documentation(str(tmp_path))) == {"Parse.", "Of a function."}
    (tmp_path / "getopt.py").unlink()
    with pytest.raises(UserError, match=r"has no source of its library in .*; give a text with dataset\.path="):
        documentation(str(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"level": "letter"}, "dataset.level=letter: must be one of"),
        ({"vocabulary_size": 1}, "dataset.vocabulary_size=1: must be a whole number of at least 2"),
        ({"min_count": 10**9}, "dataset.min_count=1000000000: of .*, 0 tokens are that frequent; at least two must be"),
        ({"size": 0}, "dataset.size=0: must be a whole number of at least 1"),
        (
            {"size": 100},
            "dataset.length=32: of .*, dataset.size=100, there are 0 pieces of so many tokens in the test",
        ),
        ({"length": 0}, "dataset.length=0: must be a whole number of at least 1"),
        ({"test_fraction": 1.0}, "dataset.test_fraction=1.0: must be a finite number above 0"),
        ({"text": "note"}, "dataset.text=note: .* has no columns; only null"),
        ({"path": None, "text": "note"}, "dataset.text=note: names a column of"),
        ({"path": "nosuch.txt"}, "dataset.path=nosuch.txt: there is no such file or folder"),
    ],
)
def test_what_is_wrong_with_a_text_is_named(
    arguments: Any, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_module, "documentation", lambda: ["a text"] * 500)
    with pytest.raises(UserError, match=said):
        made("dataset", text, **{"path": mine(tmp_path), **arguments})


def test_a_text_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_bytes(b"\xff\xfe\x00 na\xefve")
    with pytest.raises(UserError, match="cannot be read as text in UTF-8"):
        text(path=str(tmp_path / "mine.txt"))


def published(folder: Path) -> str:
    """A language-modelling set in the hub's layout: rows are lines, some of them empty."""
    folder.mkdir()
    for split, first, count in (("train", 0, 100), ("validation", 100, 20), ("test", 120, 30)):
        rows = [" ".join(words(row)) + " <unk> \n" if row % 5 else "" for row in range(first, first + count)]
        pd.DataFrame({"text": rows}).to_parquet(folder / f"{split}-00000-of-00001.parquet")
    return str(folder)


def test_a_set_of_the_hub_keeps_its_test_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets", reason="the extra hub is not installed")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "hf"))
    path = published(tmp_path / "set")
    dataset = text(path=path, level="space", length=4, size=None, vocabulary_size=None, min_count=1)
    lines = [[*words(row), "<unk>", "<eos>"] if row % 5 else ["<eos>"] for row in range(150)]
    rest, test = (list(chain(*part)) for part in (lines[:120], lines[120:]))
    assert len(dataset.test) == (len(test) - 1) // 4
    assert len(dataset.inputs) - len(dataset.test) == (len(rest) - 1) // 4
    assert dataset.inputs[dataset.test[0]].tolist() == [
        dataset.vocabulary.index("<eos>"),
        *[dataset.vocabulary.index(word) for word in test[1:4]],
    ]
    assert not {f"only{row}" for row in range(120, 150)} & set(dataset.vocabulary)
    assert "only119" in dataset.vocabulary
    assert dataset.vocabulary.count("<unk>") == 1
    with pytest.raises(UserError, match="has the one column text, a text; to learn how it goes on, take dataset=text"):
        hub(path=path)


def small(folder: Path, columns: dict[str, list[Any]]) -> str:
    """A set of the hub with these columns, repeated: 80 rows to train and 20 to test."""
    folder.mkdir()
    for split, times in (("train", 8), ("test", 2)):
        pd.DataFrame({name: values * times for name, values in columns.items()}).to_parquet(folder / f"{split}.parquet")
    return str(folder)


NOTES = [f"Some words are of {of}, and {of} some ." for of in ("art", "war", "love", "rain", "time")] * 2
MEMBERS: dict[str, dict[str, list[Any]]] = {
    "trec": {"text": NOTES, "coarse_label": [0, 1] * 5, "fine_label": [0, 1, 2, 3, 4] * 2},
    "sst2": {"text": NOTES, "label": [0, 1] * 5, "label_text": ["bad", "good"] * 5},
    "imdb": {"text": NOTES, "label": [0, 1] * 5},
    "ag_news": {"text": NOTES, "label": [0, 1] * 5},
    "labelled_text": {"note": NOTES, "label": [0, 1] * 5},
    "wikitext2": {"text": NOTES},
    "ptb": {"sentence": NOTES},
    "text": {"note": NOTES},
}
COPIES = {"trec": ("trec", 6), "sst2": ("sst2_sentences", 2), "labelled_text": ("sms_spam", 2)}


def member(name: str, **changes: Any) -> Dataset:
    found = instantiate(OmegaConf.load(CONF / f"{name}.yaml"), **changes)
    assert isinstance(found, Dataset)
    return found


def test_these_are_all_members_that_read_texts() -> None:
    assert {path.stem for path in CONF.glob("*.yaml") if "\nlevel: " in path.read_text()} == MEMBERS.keys()


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_reads_a_copy_with_the_columns_of_its_set(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets", reason="the extra hub is not installed")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "hf"))
    changes = {"size": None} if name == "text" else {}
    dataset = member(name, path=small(tmp_path / "copy", MEMBERS[name]), **changes)
    assert dataset.name == "copy"
    if dataset.is_stream:
        assert dataset.outputs == len(dataset.vocabulary)
        assert ("rain" in dataset.vocabulary) == (name != "text")  # which is read by character
    else:
        assert (len(dataset.inputs), len(dataset.test), dataset.outputs) == (100, 20, 2)
        assert names(dataset, dataset.inputs)[2][:4] == ["some", "words", "are", "of"]


@pytest.mark.slow
@pytest.mark.parametrize("name", COPIES)
def test_a_member_reads_the_copy_of_a_real_set(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets", reason="the extra hub is not installed")
    folder, classes = COPIES[name]
    if not (REAL / folder).is_dir():
        pytest.skip(f"no copy of {folder} in {REAL} (DROPOUT_LAB_DATA)")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "hf"))
    dataset = member(name, path=str(REAL / folder))
    assert (dataset.task, dataset.outputs) == ("classification", classes)


def test_a_branch_of_a_set_is_asked_of_the_hub_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets", reason="the extra hub is not installed")
    asked: list[Any] = []

    def load(name: str, config: Any, revision: Any = None) -> Any:
        asked.append((name, config, revision))
        rows = datasets.Dataset.from_dict({name: values * 8 for name, values in MEMBERS["trec"].items()})
        return datasets.DatasetDict({"train": rows, "test": rows})

    monkeypatch.setattr(datasets, "load_dataset", load)
    monkeypatch.setattr(hub_files, "_unreachable", lambda: None)
    assert member("trec").name == "trec"
    (tmp_path / "set").mkdir()
    member("trec", path=str(tmp_path / "set"))
    assert asked == [("CogComp/trec", None, "refs/convert/parquet"), (str(tmp_path / "set"), None, None)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "arguments", "shape", "outputs", "tested"),
    [
        ("trec", {"text": "text", "target": "coarse_label", "length": 24}, (5952, 24), 6, 500),
        ("trec", {"text": "text", "target": "fine_label", "task": "classification", "length": 24}, (5952, 24), 50, 500),
        ("sst2_sentences", {"text": "text", "length": 40}, (9613, 40), 2, 1821),
        ("sms_spam", {}, (5574, 64), 2, 1115),
    ],
)
def test_real_sets(
    name: str,
    arguments: Any,
    shape: tuple[int, ...],
    outputs: int,
    tested: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    datasets = pytest.importorskip("datasets", reason="the extra hub is not installed")
    if not (REAL / name).is_dir():
        pytest.skip(f"no copy of {name} in {REAL} (DROPOUT_LAB_DATA)")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "hf"))
    dataset = labelled_text(path=str(REAL / name), **arguments)
    assert (tuple(dataset.inputs.shape), dataset.outputs, len(dataset.test)) == (shape, outputs, tested)
    split = dataset.split(0)
    x = read(dataset, split)
    share = ((x == UNKNOWN).sum() / (x != PADDING).sum()).item()
    assert 0.02 < share < 0.2  # a tenth, as words of which a text has one are
    assert NO_CLASS not in split.train_targets.tolist()
