"""What methods require decides where they act, and whether only sites that drop have them."""

import pytest

from dropout_lab.dropout.dropconnect import DropConnect
from dropout_lab.dropout.rnn_naive import RNNNaive
from dropout_lab.dropout.spatial import Spatial
from dropout_lab.dropout.standard import Standard
from dropout_lab.sites.info import Kind, SiteInfo
from dropout_lab.sites.method import AbstractDropout, needs_own_program, objection_to
from dropout_lab.sites.requirements import Requirements

COSTLY = DropConnect("batch", "mean", 1)


class Once(Standard):
    requirements = Requirements(single_call=True)


@pytest.mark.parametrize(
    ("method", "kind", "needs"),
    [(Standard(), "units", False), (RNNNaive(), "cell", True), (Standard(), "state", True), (COSTLY, "units", True)],
)
def test_sites_that_do_not_drop_have_no_method_that_costs_much_or_acts_between_steps(
    method: AbstractDropout, kind: Kind, needs: bool
) -> None:
    assert needs_own_program(method, kind) == needs


def test_a_method_acts_on_the_kinds_that_it_requires() -> None:
    heads = SiteInfo("heads.0", (2, 5, 4), None, kind="heads")
    assert objection_to(Standard(), heads) is None
    assert objection_to(Spatial(), heads) == "here are attention heads; it acts on the units of a layer"


def test_a_method_that_requires_a_single_call_gets_one() -> None:
    once, twice = (SiteInfo("hidden.0", (8,), "relu", calls=calls) for calls in (1, 2))
    assert objection_to(Once(), once) is None
    assert "calls this site 2 times" in str(objection_to(Once(), twice))
    assert objection_to(Standard(), twice) is None
