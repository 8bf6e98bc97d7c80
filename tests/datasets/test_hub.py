"""Sets in the layout of the Hugging Face hub, on small Parquet files made here, and on real ones where they are."""

import io
import multiprocessing
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from dropout_lab.core.errors import UserError
from dropout_lab.datasets import image_cache
from dropout_lab.datasets.hub import hub
from dropout_lab.datasets.image_cache import decoded as decode
from tests.matrix import matrix

datasets = pytest.importorskip("datasets", reason="the extra hub is not installed")
REAL = Path(os.environ.get("DROPOUT_LAB_DATA", Path(__file__).parents[3] / "shared" / "data"))
"""Local copies of real sets, if there are any."""


@pytest.fixture(autouse=True)
def _caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "hf"))
    monkeypatch.setattr(image_cache, "user_cache_path", lambda name: tmp_path / "cache" / name)


def pixels(count: int, channels: int = 1, seed: int = 0) -> NDArray[np.uint8]:
    shape = (count, 6, 5) if channels == 1 else (count, 6, 5, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def decoded(files: list[bytes], where: str) -> torch.Tensor:
    """(n, channel, height, width) uint8."""
    found = decode(files, [f"{where}, image {number}" for number in range(len(files))])
    return torch.from_numpy(np.array(found.images))


def png(array: NDArray[Any]) -> bytes:
    return encoded(Image.fromarray(array))


def encoded(image: Image.Image, format: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format)
    return buffer.getvalue()


def image_set(folder: Path, arrays: NDArray[np.uint8], split: str, labels: list[int]) -> None:
    folder.mkdir(exist_ok=True, parents=True)
    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=[str(i) for i in range(3)])}
    )
    rows = {"image": [{"bytes": png(array), "path": None} for array in arrays], "label": labels}
    datasets.Dataset.from_dict(rows, features=features).to_parquet(folder / f"{split}-00000-of-00001.parquet")


@pytest.mark.parametrize("channels", [1, 3])
def test_images_with_a_test_split(channels: int, tmp_path: Path) -> None:
    train, test = pixels(30, channels), pixels(9, channels, seed=1)
    image_set(tmp_path / "set", train, "train", [i % 3 for i in range(30)])
    image_set(tmp_path / "set", test, "test", [i % 3 for i in range(9)])
    dataset = hub(path=str(tmp_path / "set"))
    assert (dataset.name, dataset.task, dataset.outputs) == ("set", "classification", 3)
    assert dataset.inputs.shape == (39, channels, 6, 5)
    assert dataset.test.tolist() == list(range(30, 39))
    both = torch.from_numpy(np.concatenate([train, test]))
    expected = both.unsqueeze(1) if channels == 1 else both.permute(0, 3, 1, 2)
    torch.testing.assert_close(dataset.inputs, expected.float() / 255)
    assert dataset.targets.tolist() == [i % 3 for i in range(30)] + [i % 3 for i in range(9)]
    assert len(dataset.split(0).val) == 6


def test_images_without_a_test_split_have_one_held_out(tmp_path: Path) -> None:
    image_set(tmp_path / "set", pixels(30), "train", [i % 3 for i in range(30)])
    assert len(hub(path=str(tmp_path / "set"), test_fraction=0.3).test) == 9


def test_bare_files_need_no_configuration_and_named_ones_are_kept_apart(tmp_path: Path) -> None:
    """conf/dataset/svhn.yaml names a configuration, which a folder of Parquet files alone does not have."""
    image_set(tmp_path / "set", pixels(30), "train", [i % 3 for i in range(30)])
    path = str(tmp_path / "set")
    assert hub(path=path, config="cropped_digits").inputs.shape == (30, 1, 6, 5)
    for folder, count in (("cropped_digits", 24), ("full_numbers", 21)):
        image_set(tmp_path / "named" / folder, pixels(count), "train", [i % 3 for i in range(count)])
    names = "".join(
        f"- config_name: {name}\n  data_files: {name}/train-*\n" for name in ("cropped_digits", "full_numbers")
    )
    (tmp_path / "named" / "README.md").write_text(f"---\nconfigs:\n{names}---\n")
    path = str(tmp_path / "named")
    assert len(hub(path=path, config="cropped_digits").inputs) == 24
    assert len(hub(path=path, config="full_numbers").inputs) == 21
    with pytest.raises(UserError, match=r"dataset.config=nosuch.* it has cropped_digits, full_numbers"):
        hub(path=path, config="nosuch")


def test_a_table_with_a_target_of_words_or_numbers(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    frame = pd.DataFrame({"a": range(40), "b": ["x", "y"] * 20, "income": ["low", "high"] * 20, "y": np.arange(40) / 3})
    frame.to_parquet(tmp_path / "set" / "train-00000-of-00001.parquet")
    by_words = hub(path=str(tmp_path / "set"), target="income", drop=["y"])
    assert (by_words.task, by_words.inputs.shape, by_words.outputs) == ("classification", (40, 3), 2)
    assert by_words.targets[:2].tolist() == [1, 0]
    by_numbers = hub(path=str(tmp_path / "set"), drop=["income"])  # the last column, where none is called label
    assert (by_numbers.task, by_numbers.inputs.shape, by_numbers.outputs) == ("regression", (40, 3), 1)


def _decode_in_another_process(cache: str, files: list[bytes]) -> None:
    setattr(image_cache, "user_cache_path", lambda name: Path(cache))  # noqa: B010
    assert decoded(files, "here").shape == (20, 1, 6, 5)


def test_images_are_decoded_once_and_by_their_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [png(array) for array in pixels(20)]
    first = decoded(files, "here")
    monkeypatch.setattr(image_cache, "decode", lambda *_, **__: pytest.fail("decoded again"))
    assert torch.equal(decoded(files, "elsewhere"), first)
    monkeypatch.undo()
    monkeypatch.setattr(image_cache, "user_cache_path", lambda name: tmp_path / "cache" / name)
    assert not torch.equal(decoded(files[::-1], "here"), first)
    kept = next((tmp_path / "cache").rglob("*.npy"))
    for path in (tmp_path / "cache").rglob("*.npy"):
        path.write_bytes(path.read_bytes()[:40])  # damaged: decoded again, not believed
    assert torch.equal(decoded(files, "here"), first)
    assert kept.exists()


@pytest.mark.parametrize("mode", ["1", "LA", "P", "PA"])
def test_grey_images_have_one_channel_whatever_their_mode(mode: str) -> None:
    grey = pixels(2) // 128 * 255
    format = "TIFF" if mode == "PA" else "PNG"  # PNG has no such mode
    files = [png(grey[0]), encoded(Image.fromarray(grey[1]).convert(mode), format)]
    assert torch.equal(decoded(files, "here"), torch.from_numpy(grey).unsqueeze(1))


def test_a_palette_is_coloured_if_a_colour_is_in_the_image() -> None:
    coloured = np.repeat(pixels(1)[0][..., None], 3, -1)
    coloured[2, 3] = 255, 0, 0
    transparent = Image.fromarray(coloured).quantize(30)
    transparent.info["transparency"] = bytes(range(30))  # of which Pillow warns
    image = decoded([encoded(transparent)], "here")
    colours = transparent.convert("RGBA")
    white = Image.alpha_composite(Image.new("RGBA", colours.size, "white"), colours)
    assert torch.equal(image[0].permute(1, 2, 0), torch.from_numpy(np.array(white)[..., :3]))
    assert image[0, 0, 2, 3] > image[0, 1, 2, 3] == image[0, 2, 2, 3]
    # One coloured image makes the others of a set coloured.
    grey = pixels(1)[0]
    both = decoded([png(grey), png(coloured)], "here")
    assert torch.equal(both[0], torch.from_numpy(grey).expand(3, -1, -1))
    assert torch.equal(both[1].permute(1, 2, 0), torch.from_numpy(coloured))


def test_16_bits_of_grey_are_scaled_to_8() -> None:
    deep = (pixels(1)[0].astype(np.uint16)) * 257
    deep[0, :4] = 0, 128, 129, 65535
    image = decoded([png(deep)], "here")
    assert image.shape == (1, 1, 6, 5)
    assert image[0, 0, 0, :4].tolist() == [0, 0, 1, 255]
    assert torch.equal(image[0, 0, 1:], torch.from_numpy(pixels(1)[0][1:]))
    with pytest.raises(UserError, match="here, image 1: is of Pillow's mode F, numbers without a range"):
        decoded([png(deep), encoded(Image.fromarray(deep.astype(np.float32)), "TIFF")], "here")


@pytest.mark.parametrize("size", [0, 3, 40, 130])
def test_a_kept_file_that_lost_its_data_is_decoded_again(size: int, tmp_path: Path) -> None:
    files = [png(array) for array in pixels(20)]
    first = decoded(files, "here")
    (kept,) = (tmp_path / "cache").rglob("*.npy")
    whole = kept.read_bytes()
    kept.write_bytes(whole[:size])
    assert torch.equal(decoded(files, "here"), first)
    assert kept.read_bytes() == whole


@pytest.mark.parametrize("other", [np.zeros((3, 1, 6, 5), np.uint8), np.zeros(20), np.zeros((20, 1, 6, 5))])
def test_a_kept_file_of_something_else_is_not_believed(other: NDArray[Any], tmp_path: Path) -> None:
    files = [png(array) for array in pixels(20)]
    first = decoded(files, "here")
    (kept,) = (tmp_path / "cache").rglob("*.npy")
    np.save(kept, other)
    assert torch.equal(decoded(files, "here"), first)


def test_the_data_are_on_the_disk_before_they_have_their_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    replace = os.replace

    def named(old: str, new: Path) -> None:
        assert synced.pop() == os.stat(old).st_size
        replace(old, new)

    monkeypatch.setattr(os, "replace", named)
    decoded([png(array) for array in pixels(20)], "here")
    assert len(list((tmp_path / "cache").rglob("*.npy"))) == 1


@pytest.mark.slow
def test_two_processes_may_decode_at_once(tmp_path: Path) -> None:
    files = [png(array) for array in pixels(20)]
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=_decode_in_another_process, args=(str(tmp_path / "shared"), files)) for _ in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert len(list((tmp_path / "shared").rglob("*.npy"))) == 1
    assert not list((tmp_path / "shared").rglob("*.tmp"))


def test_what_is_wrong_with_an_image_is_named(tmp_path: Path) -> None:
    files = [png(array) for array in pixels(3)]
    with pytest.raises(UserError, match="here, image 1: is in no format that Pillow knows"):
        decoded([files[0], b"no picture", files[2]], "here")
    with pytest.raises(
        UserError, match=r"here, image 0 has 5 x 6 pixels and here, image 2 5 x 4; all images must have one size"
    ):
        decoded([*files[:2], png(pixels(1)[0][:4])], "here")


def test_what_cannot_be_had_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"give dataset.id=<owner/name on the hub>"):
        hub()
    with pytest.raises(UserError, match="nosuch: there is no such folder"):
        hub(path=str(tmp_path / "nosuch"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="cannot be read as a set of the hub"):
        hub(path=str(tmp_path / "empty"))

    def offline(*arguments: Any, **named: Any) -> None:
        raise ConnectionError("Couldn't reach it")

    monkeypatch.setattr(datasets, "load_dataset", offline)
    with pytest.raises(UserError, match=r"(?s)dataset.id=a/b: cannot be had.*looked for.*hf download.*dataset.path="):
        hub(id="a/b")


def column_set(folder: Path, split: str, **columns: list[Any]) -> None:
    """Images where a value is bytes, else the values as they are."""
    folder.mkdir(exist_ok=True, parents=True)
    kinds = {name: datasets.Image() for name, values in columns.items() if isinstance(values[0], bytes)}
    rows = {
        name: [None if value is None else {"bytes": value, "path": None} for value in values]
        if name in kinds
        else values
        for name, values in columns.items()
    }
    made = datasets.Dataset.from_dict(rows)
    for name, kind in kinds.items():
        made = made.cast_column(name, kind)
    made.to_parquet(folder / f"{split}-00000-of-00001.parquet")


WRONG_IMAGES: list[tuple[Any, Any, str]] = [
    ({}, {"task": "regression"}, "dataset.task=regression: .* has images; must be classification or null"),
    ({}, {"drop": ["zzz"]}, r"dataset.drop=\[zzz\]: .* has images"),
    ({}, {"target": "image"}, "dataset.target=image: has images, which .* must be one of label, note"),
    ({}, {"target": "nosuch"}, "dataset.target=nosuch: is no column of .* must be one of label, note"),
    ({"label": None, "note": None}, {}, "has images alone, image; must have a column with their classes"),
    ({"second": "image"}, {}, "has 2 columns of images, image, second; must have one"),
    ({"image": 4}, {}, "split test, row 5: column image, the image, is empty"),
    ({"label": 4}, {}, "split test, row 5: column label, the target, is empty"),
    ({"label": "same"}, {}, "dataset.target=label: every image of .* has the same, 1"),
    ({"label": "lists"}, {}, "split train, row 1: column label has a list"),
]


@pytest.mark.parametrize(("case", "tested"), matrix(WRONG_IMAGES, [True, False]))
def test_what_is_wrong_with_a_set_of_images_is_named(case: tuple[Any, Any, str], tested: bool, tmp_path: Path) -> None:
    change, arguments, said = case
    for split, count in (("train", 30), ("test", 12)):
        columns: dict[str, list[Any]] = {
            "image": [png(array) for array in pixels(count)],
            "label": [i % 3 for i in range(count)],
            "note": [f"picture {i}" for i in range(count)],
        }
        for name, how in change.items():
            if how is None:
                del columns[name]
            elif how == "image":
                columns[name] = columns["image"]
            elif how == "same":
                columns[name] = [1] * count
            elif how == "lists":
                columns[name] = [[1, 2]] * count
            elif split == "test" or not tested:
                columns[name][how] = None
        if tested or split == "train":
            column_set(tmp_path / "set", split, **columns)
    with pytest.raises(UserError, match=said if tested else said.replace("split test", "split train")):
        hub(path=str(tmp_path / "set"), **arguments)


def test_a_rare_class_of_images_has_its_name(tmp_path: Path) -> None:
    labels = ["cat", "dog"] * 15
    column_set(tmp_path / "set", "test", image=[png(array) for array in pixels(6)], label=labels[:6])
    column_set(tmp_path / "set", "train", image=[png(array) for array in pixels(31)], label=[*labels, "newt"])
    with pytest.raises(UserError, match=r"dataset\.val_fraction=0.2: class newt has only 1 example"):
        hub(path=str(tmp_path / "set"))


def test_a_folder_of_several_sets(tmp_path: Path) -> None:
    """Of equal columns the library would make one set, of others show all columns."""
    for name in ("first", "second"):
        image_set(tmp_path / "sets" / name, pixels(30), "train", [i % 3 for i in range(30)])
    with pytest.raises(UserError, match="has 2 sets, in the folders first, second; must be the folder of one"):
        hub(path=str(tmp_path / "sets"))


def test_files_of_different_columns_are_said_in_a_line(tmp_path: Path) -> None:
    column_set(tmp_path / "set", "train", a=[1, 2], label=[0, 1])
    (tmp_path / "set" / "train-00000-of-00001.parquet").rename(tmp_path / "set" / "train-00000-of-00002.parquet")
    column_set(tmp_path / "set", "train", b=["x", "y"], label=[0, 1])
    with pytest.raises(UserError, match=r"cannot be read as a set of the hub: [^\n]+$"):
        hub(path=str(tmp_path / "set"))


def test_no_network_is_said_at_once_and_in_one_message(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")  # where nothing listens
    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("waits to try again"))
    with pytest.raises(
        UserError, match=r"dataset\.id=a/b: cannot be had from the hub: http://127.0.0.1:9 gives no answer"
    ):
        hub(id="a/b")
    assert not huggingface_hub.constants.HF_HUB_OFFLINE
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "arguments", "shape", "outputs", "tested"),
    [
        ("mnist", {}, (70000, 1, 28, 28), 10, 10000),
        ("fashion_mnist", {}, (70000, 1, 28, 28), 10, 10000),
        ("adult", {"target": "income"}, (48842, 108), 2, 16281),
        ("uci_concrete", {}, (1030, 8), 1, 206),
    ],
)
def test_real_sets(name: str, arguments: Any, shape: tuple[int, ...], outputs: int, tested: int) -> None:
    if not (REAL / name).is_dir():
        pytest.skip(f"no copy of {name} in {REAL} (DROPOUT_LAB_DATA)")
    dataset = hub(path=str(REAL / name), **arguments)
    assert tuple(dataset.inputs.shape) == shape
    assert (dataset.outputs, len(dataset.test)) == (outputs, tested)
    assert dataset.inputs.isfinite().all()
    if len(shape) == 2:
        split = dataset.split(0)
        assert ((dataset.inputs - split.mean) / split.std).abs().max() < 20
