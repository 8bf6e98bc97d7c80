"""Weights in and weights out, by whole commands: a file begins the seeds, and `export` gives one back."""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

from dropout_lab.datasets.wine import wine
from dropout_lab.models.mlp import MLP
from dropout_lab.records import store
from tests.cli.conftest import SMALL, Command, Trained

KEPT = ("sweep", *SMALL, "placement=hidden", "rate=0.1,0.7", "trainer.keep=best", "name=kept")
BEFORE = ("sweep", *SMALL, "placement=hidden", "rate=0.1,0.7", "name=before")
NET = """
from torch import nn


class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.body = nn.Linear(13, 8)
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(8, classes)

    def forward(self, x):
        return self.head(self.drop(self.body(x).relu()))
"""
OWN = (
    "sweep",
    "model._target_=my_weighted.Net",
    "model.classes=3",
    *SMALL[:1],
    *SMALL[2:],
    "placement=own",
    "rate=0.3",
)


def fresh() -> nn.Module:
    return MLP(input_shape=(13,), outputs=3, width=8)


def loss_of(network: nn.Module, path: Path, seed: int) -> float:
    """The test loss of a network that reads its inputs as the file's metadata says."""
    with safe_open(path, "pt") as file:
        notes = file.metadata()
    mean, std = (torch.tensor(json.loads(notes[f"input_{name}"])) for name in ("mean", "std"))
    data = wine()
    x = (data.inputs[data.test] - mean) / std
    assert notes["seed"] == str(seed)
    with torch.no_grad():
        return nn.functional.cross_entropy(network.eval()(x), data.targets[data.test]).item()


def run_of(folder: Path, number: int, seed: int) -> dict[str, float]:
    records = store.read(folder)
    key = next(trial["key"] for trial in records.trials if trial["trial"] == number)
    return next(dict(run) for run in records.runs if (run["key"], run["seed"]) == (key, seed))


def test_kept_weights_are_exported_and_load_strictly(command: Command, trained: Trained, tmp_path: Path) -> None:
    folder = trained(*KEPT)
    assert {path.name.partition("-")[0] for path in (folder / "weights").iterdir()} <= {
        trial["key"] for trial in store.read(folder).trials
    }
    outcome = command("export", "outputs/kept", "--trial", "0", "--to", "net.safetensors", "--seed", "1")
    assert outcome.code == 0, outcome.err
    assert "the weights of its best epoch" in outcome.out
    assert "as in the record" in outcome.out
    network = fresh()
    network.load_state_dict(load_file(tmp_path / "net.safetensors"), strict=True)
    assert loss_of(network, tmp_path / "net.safetensors", 1) == pytest.approx(
        run_of(folder, 0, 1)["test_loss"], rel=1e-5
    )
    again = command("export", "outputs/kept", "--trial", "0", "--to", "net.safetensors")
    assert again.code == 2
    assert "it is not overwritten" in again.err


def test_without_kept_weights_the_run_is_trained_again_to_the_same_bits(
    command: Command, trained: Trained, tmp_path: Path
) -> None:
    folder = trained(*KEPT)
    assert command("export", "outputs/kept", "--trial", "0", "--to", "kept.safetensors").code == 0
    for path in (folder / "weights").iterdir():
        path.unlink()
    outcome = command("export", "outputs/kept", "--trial", "0", "--to", "again.safetensors")
    assert outcome.code == 0
    assert "the run is trained again, as its record says" in outcome.out
    assert "the same in every epoch" in outcome.out
    kept, again = (load_file(tmp_path / name) for name in ("kept.safetensors", "again.safetensors"))
    assert kept.keys() == again.keys()
    assert all(torch.equal(kept[name], again[name]) for name in kept)


def test_another_result_is_said_and_the_exit_code_tells_it(command: Command, trained: Trained, tmp_path: Path) -> None:
    folder = trained(*BEFORE)
    path = folder / "curves-0.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[0]["val_loss"] = [value + 1e-6 for value in lines[0]["val_loss"]]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    outcome = command("export", "outputs/before", "--trial", "1", "--to", "net.safetensors")
    assert outcome.code == 1
    assert "NOT the one of the record" in outcome.out
    assert (tmp_path / "net.safetensors").exists()


def test_all_data_trains_for_the_recorded_epochs_on_train_and_validation(
    command: Command, trained: Trained, tmp_path: Path
) -> None:
    folder = trained(*BEFORE)
    outcome = command("export", "outputs/before", "--trial", "1", "--to", "all.safetensors", "--all-data")
    assert outcome.code == 0, outcome.err
    best = int(run_of(folder, 1, 0)["best_epoch"])
    assert f"trained on train + validation for {best} epochs" in outcome.out
    assert "nothing is left to validate with" in outcome.out
    fresh().load_state_dict(load_file(tmp_path / "all.safetensors"), strict=True)
    with safe_open(tmp_path / "all.safetensors", "pt") as file:
        notes = file.metadata()
    assert notes["trained_on"] == "train and validation"
    data = wine()
    rows = torch.cat([data.split(0).train, data.split(0).val])
    assert json.loads(notes["input_mean"]) == pytest.approx(data.inputs[rows].mean(0).tolist(), rel=1e-4)


MISTAKES = [
    ((), "it takes a sweep's folder, --trial and --to"),
    (("--trial", "9", "--to", "n.safetensors"), "outputs/before has no trial 9"),
    (("--trial", "x", "--to", "n.safetensors"), "argument --trial: invalid int value: 'x'"),
    (("--trial", "1", "--to", "n.pt"), "must be the name of a file that ends in .safetensors"),
    (("--trial", "1", "--to", "no/n.safetensors"), "there is no folder no"),
    (("--trial", "1", "--to", "n.safetensors", "--seed", "5"), "--seed 5: trial 1 has complete runs of the seeds 0, 1"),
    (("--trial", "1", "--to", "n.safetensors", "--fast"), "unrecognized arguments: --fast"),
]


@pytest.mark.parametrize(("words", "said"), MISTAKES)
def test_a_mistake_is_refused_before_training(
    words: tuple[str, ...], said: str, command: Command, trained: Trained, tmp_path: Path
) -> None:
    trained(*BEFORE)
    outcome = command("export", "outputs/before", *words)
    assert outcome.code == 2
    assert said in outcome.err
    assert not list(tmp_path.glob("*.safetensors"))


def test_damaged_weights_are_refused(command: Command, trained: Trained) -> None:
    for path in (trained(*KEPT) / "weights").iterdir():
        path.write_bytes(path.read_bytes()[:-8])
    outcome = command("export", "outputs/kept", "--trial", "0", "--to", "net.safetensors")
    assert outcome.code == 2
    assert "is damaged" in outcome.err
    assert "without it, the run is trained again" in outcome.err


@pytest.mark.slow
def test_an_exported_file_begins_another_sweep_which_is_bound_to_it(
    command: Command, trained: Trained, tmp_path: Path
) -> None:
    trained(*KEPT)
    assert command("export", "outputs/kept", "--trial", "0", "--to", "net.safetensors").code == 0
    words = ("sweep", *SMALL, "model.weights=net.safetensors", "placement=hidden", "rate=0.2", "name=tuned")
    outcome = command(*words)
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "outputs" / "tuned"
    recorded = store.read(folder).trials[0]["config"]["model"]["_weights_"]
    assert (recorded["path"], len(recorded["sha256"])) == ("net.safetensors", 64)
    assert store.read(folder).sessions[0]["scope"]["drawn"] == 0
    assert "already and are not trained again" in command(*words).out
    assert "the result is the same" in command("train", "--from", "outputs/tuned", "0").out
    before = (tmp_path / "net.safetensors").read_bytes()
    (tmp_path / "net.safetensors").unlink()
    assert command("export", "outputs/kept", "--trial", "0", "--to", "net.safetensors", "--seed", "1").code == 0
    assert (tmp_path / "net.safetensors").read_bytes() != before
    for changed in (words, (*words[:-2], "rate=0.2,0.4", "name=tuned")):
        outcome = command(*changed)
        assert outcome.code == 2
        assert "model.weights=net.safetensors has changed since" in outcome.err
    outcome = command("train", "--from", "outputs/tuned", "0")
    assert outcome.code == 2
    assert "the file has changed" in outcome.err


@pytest.mark.slow
def test_files_are_swept_beside_none(command: Command, trained: Trained, tmp_path: Path) -> None:
    trained(*KEPT)
    assert command("export", "outputs/kept", "--trial", "0", "--to", "net.safetensors").code == 0
    words = ("sweep", *SMALL, "model.weights=null,net.safetensors", "weights.reinit=[nothing.*]", "rate=0.2", "name=s")
    refused = command(*words)
    assert refused.code == 2
    assert "weights.reinit=nothing.*: names nothing" in refused.err
    plain = [word for word in words if "reinit" not in word]
    outcome = command(*plain)
    assert outcome.code == 0, outcome.err
    starts = {
        trial["config"]["model"].get("_weights_", {}).get("path")
        for trial in store.read(tmp_path / "outputs" / "s").trials
    }
    assert starts == {None, "net.safetensors"}
    assert (
        "not trained again"
        in command(*[word.replace("null,net.safetensors", "net.safetensors,null") for word in plain]).out
    )


def test_a_network_of_ones_own_is_tuned_with_a_new_head_and_exported(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_weighted.py").write_text(NET)
    monkeypatch.syspath_prepend(str(tmp_path))
    from my_weighted import Net  # type: ignore[import-not-found]

    torch.save(Net(5).state_dict(), tmp_path / "five.pt")
    refused = command(*OWN, "model.weights=five.pt", "name=own")
    assert refused.code == 2
    assert "head.weight: (5, 8) in the file, (3, 8) in the network" in refused.err
    outcome = command(*OWN, "model.weights=five.pt", "weights.reinit=[head.*]", "trainer.keep=all", "name=own")
    assert outcome.code == 0, outcome.err
    assert (
        "model.weights=five.pt does not set these, which begin anew with each seed: head.weight, head.bias"
        in outcome.out
    )
    untrusted = command("export", "outputs/own", "--trial", "1", "--to", "net.safetensors")
    assert untrusted.code == 2
    assert "trust=true" in untrusted.err
    assert command("export", "outputs/own", "--trial", "1", "--to", "net.safetensors", "trust=true").code == 0
    network = Net(3)
    network.load_state_dict(load_file(tmp_path / "net.safetensors"), strict=True)
    assert loss_of(network, tmp_path / "net.safetensors", 0) == pytest.approx(
        run_of(tmp_path / "outputs" / "own", 1, 0)["test_loss"], rel=1e-5
    )
