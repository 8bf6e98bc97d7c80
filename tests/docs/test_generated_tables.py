"""The tables of docs/ say what the code says."""

from pathlib import Path

import pytest

from tests.docs.tables import CONF, PAGES, Key, keys, table, updated


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tables_are_current(page: Path) -> None:
    text = page.read_text()
    assert updated(text) == text, "python -m tests.docs.tables writes it anew"


@pytest.mark.parametrize("group", sorted(path.name for path in CONF.iterdir() if path.is_dir()))
def test_every_group_has_its_table(group: str) -> None:
    marker = {"experiment": "experiments: all", "hydra": "groups: all"}.get(group, f"members: {group}")
    assert any(f"<!-- {marker} -->" in page.read_text() for page in PAGES)


def test_keys_are_read_with_their_sections_defaults_and_help(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text('# What it is.\n_target_: a.B\na: {"b": 1}  # a # b\nc:\n  d: null\nhydra:\n  e: 1\n')
    assert list(keys(file)) == [Key("a", '{"b": 1}', "a # b"), Key("c.d", "null", "")]


def test_a_table_escapes_what_is_markup_and_leaves_out_empty_columns() -> None:
    made = table([["a", "b", "c"], ["x|y", "", "<z> * `<*>`<br>"]])
    assert made == "| a | c |\n| --- | --- |\n| x\\|y | &lt;z> \\* `<*>`<br> |\n"
