from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from dropout_lab.sweeper.launch import quoted


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1))
def test_hydra_reads_back_what_is_quoted(text: str) -> None:
    assert OverridesParser.create().parse_override(f"name={quoted(text)}").value() == text
