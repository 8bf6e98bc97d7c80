"""A `_target_` that does not exist: what there is not, and what to do, without Hydra's own lines."""

import re
from pathlib import Path

import pytest

from dropout_lab.config import trust
from dropout_lab.config.instantiate import instantiate, takes
from dropout_lab.core.errors import UserError

WRONG = {
    "mynets.Net": "there is no module mynets; if mynets.py is yours, give the command in its folder",
    "mynets": "or put that folder on PYTHONPATH",
    "dropout_lab.models.mlp.Nope": "the module dropout_lab.models.mlp has no Nope",
    "dropout_lab.models.mlp.MLP.nope": "dropout_lab.models.mlp.MLP has no nope",
    "dropout_lab.datasets.table.pandas.read_pickle": "the module dropout_lab.datasets.table has no pandas",
    "": "cannot be imported",
}


@pytest.mark.parametrize("target", WRONG)
def test_what_does_not_exist_is_named(target: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(UserError, match=re.escape(WRONG[target])) as refused:
        instantiate("model", {"_target_": target, "width": 3})
    assert str(refused.value).startswith(f"model._target_={target}: ")
    assert "HYDRA" not in str(refused.value)
    with pytest.raises(UserError, match=r"sampler\.base\[0\]\._target_="):
        instantiate("sampler", {"_target_": "builtins.dict", "base": [{"_target_": target}]})
    assert takes({"_target_": target}, "width")
    assert not trust.is_ours(target)
    assert not caplog.records


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import nosuch", "ModuleNotFoundError: No module named 'nosuch'"),
        ("1/0", "ZeroDivisionError: division by zero"),
        ("def", "SyntaxError: invalid syntax (broken_{}.py, line 1)"),
        ("raise SystemExit(3)", "SystemExit: 3"),
    ],
)
def test_a_module_that_cannot_be_imported(
    code: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"broken_{len(code)}"
    (tmp_path / f"{name}.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    said = f"the module {name} cannot be imported: {said.format(len(code))}"
    with pytest.raises(UserError, match=re.escape(said)):
        instantiate("model", {"_target_": f"{name}.Net"})
