"""Folders of images and files of arrays as people have them: what is read, what is said of it, and what is refused."""

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from dropout_lab.core.errors import UserError
from dropout_lab.datasets import image_cache
from dropout_lab.datasets.array_names import named_pairs
from dropout_lab.datasets.arrays import arrays
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.images import images
from tests.datasets.user_files import FILES, FOLDERS, IMAGES, RANDOM, X, Y, classes, picture

CAT_DOG = ["cat", "dog"]
THREE = ["0", "1", "2"]
READ: dict[str, tuple[dict[str, Any], tuple[int, ...], list[str], int, int | None, str]] = {
    # name: settings, shape of the inputs, classes, test examples, validation examples if given, what is said
    "classes": ({}, (20, 3, 5, 6), CAT_DOG, 4, None, ""),
    "grey": ({}, (20, 1, 5, 6), CAT_DOG, 4, None, "all images are grey, so they have one channel"),
    "grey as RGB": ({}, (20, 3, 5, 6), CAT_DOG, 4, None, "dataset.channels=1 keeps one"),
    "one with parts": ({}, (36, 3, 5, 6), CAT_DOG, 8, 8, "train, valid, test are taken as the parts"),
    "training and validation": ({}, (28, 3, 5, 6), CAT_DOG, 4, 8, "Training, val are taken as the parts"),
    "a class called train": ({}, (20, 3, 5, 6), ["car", "train"], 4, None, ""),
    "mixed sizes": ({"size": 4}, (21, 3, 4, 4), CAT_DOG, 4, None, ""),
    "transparent": ({}, (20, 3, 5, 6), CAT_DOG, 4, None, "0.png: transparent pixels are laid on white; .*=black"),
    "modes": ({}, (26, 3, 5, 6), CAT_DOG, 5, None, "1 of 26 images, such as .*deep.png: 16 bits are scaled to 8"),
    "turned": ({}, (21, 3, 5, 6), CAT_DOG, 4, None, ""),
    "damaged": ({"skip_unreadable": True}, (18, 3, 5, 6), CAT_DOG, 4, None, "of 20 images 2 left out .*0.png .*trunc"),
    "of systems": ({}, (20, 3, 5, 6), ["rote Beeren", "Äpfel"], 4, None, ""),
    "others": ({}, (20, 3, 5, 6), CAT_DOG, 4, None, "empty has no .* 1 image beside .*stray.png.* 1 file left .*notes"),
    "animated": ({}, (21, 3, 5, 6), CAT_DOG, 4, None, "a.gif: of several frames or pages, the first one is taken"),
    "nested": ({}, (30, 3, 5, 6), ["animal", "plant"], 6, None, "animal has images .*cat, dog.*dataset.path=.*animal"),
    "links": ({"skip_unreadable": True}, (20, 3, 5, 6), CAT_DOG, 4, None, "of 21 images 1 left out .*gone.png"),
    "unlabelled test": (
        {},
        (20, 3, 5, 6),
        CAT_DOG,
        4,
        None,
        "train is taken as the part to train on.*: test .*: readme.md",
    ),
    "one pixel": ({"size": 3}, (20, 3, 3, 3), CAT_DOG, 4, None, "20 of 20 .* smaller than 3 pixels, and enlarged"),
    "numbered": ({"channels": 1}, (30, 1, 5, 6), ["1", "2", "10"], 6, None, ""),
    "pair.npz": ({}, (60, 4), THREE, 12, None, "X are inputs, y their targets; .*dataset.targets="),
    "parts.npz": ({}, (60, 4), THREE, 10, 10, "x_train are inputs, y_train their targets; x_val"),
    "no_test.npz": ({}, (60, 4), THREE, 8, 20, "train_images are inputs"),
    "names.npz": ({"inputs": "emb", "targets": "group"}, (60, 4), THREE, 12, None, ""),
    "left_out.npz": ({}, (60, 4), THREE, 12, None, "left out: feature_names"),
    "both.npz": ({"inputs": "x"}, (60, 4), THREE, 12, None, "left out: data"),
    "positional.npz": ({}, (60, 4), THREE, 12, None, "arr_0 are inputs, arr_1 their targets"),
    "one_hot.npz": ({}, (60, 4), THREE, 12, None, "y has the shape .60, 3. .* taken as one-hot, 3 classes"),
    "column.npz": ({}, (60, 4), THREE, 12, None, "y has the shape .60, 1., and is taken as 60 values"),
    "last.npz": ({}, (60, 3, 8, 8), THREE, 12, None, "height, width, channels.; change .*layout=channels_first"),
    "first.npz": ({}, (60, 3, 8, 8), THREE, 12, None, "standardized by channel"),
    "grey.npz": ({}, (60, 1, 8, 8), THREE, 12, None, "grey images .*dataset.layout=sequence or"),
    "series.npz": ({}, (60, 9, 2), THREE, 12, None, "by feature, over all steps.*.examples, steps, features.*=grey"),
    "from_one.npz": ({}, (60, 4), ["1", "3", "5"], 12, None, "3 different values, taken as classes .1, 3, 5."),
    "words.npz": ({}, (60, 4), ["no", "yes"], 12, None, "taken as classes .no, yes."),
    "bytes.npz": ({}, (60, 4), ["no", "yes"], 12, None, "taken as classes .no, yes."),
    "pair.npy": ({"targets": "y.npy"}, (60, 4), THREE, 12, None, "standardized by feature"),
    "last.npy": ({"targets": "last"}, (60, 4), THREE, 12, None, "standardized by feature"),
    "dict.pt": ({}, (60, 4), THREE, 12, None, "inputs are inputs, labels their targets"),
    "tuple.pt": ({}, (60, 4), THREE, 12, None, "standardized by feature"),
    "large.npz": ({"standardize": "none"}, (60, 3, 8, 8), THREE, 12, None, "beyond 16,777,216, which float32 rounds"),
}
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("two validation parts", {}, "the folders val and validation are the same part"),
    ("no training part", {}, "has the folders test, val and none called train"),
    ("mixed sizes", {}, r"cat/0.png has 6 x 5 pixels and .*dog/large.png 9 x 7; .* give dataset.size=5"),
    ("damaged", {}, r"dog/0.png: cannot be decoded: .* 2 cannot be read: also .*1.png\); dataset.skip_unreadable=true"),
    ("one deeper", {}, "has images of one class, the folder set; .*give dataset.path=.*set"),
    ("flat", {}, "has 1 image, and no folders with images; must have a folder for each class"),
    ("links", {}, "gone.png: cannot be decoded: .*No such file"),
    ("strange test class", {}, "the test part has the class newt, which no training example has"),
    ("spelling", {}, "the class folders 'Cat' and 'cat' differ only in their spelling"),
    ("one picture", {}, "the class newt has 1 image to train on; must have 3"),
    ("archive.zip", {}, "is an archive; unpack it"),
    ("one with parts", {"val_fraction": 0.1}, "dataset.val_fraction=0.1: the folders of .* have a validation part"),
    (
        "names.npz",
        {},
        r"has emb \(60, 4\), group \(60\), and the names .* give dataset.inputs=NAME dataset.targets=NAME",
    ),
    ("names.npz", {"inputs": "Emb2"}, r"dataset.inputs=Emb2: .* no such array; it has emb \(60, 4\)"),
    ("both.npz", {}, "x and data may both be the inputs; choose with dataset.inputs=x"),
    ("half.npz", {}, "X_test has no targets beside it"),
    ("objects.npz", {}, "the array y cannot be read: it holds Python objects, .*y.astype"),
    ("nan.npz", {}, "X: 1 values are NaN, the first in example 7; must be finite"),
    ("lengths.npz", {}, "X has 60 examples and y 50"),
    ("damaged.npz", {}, "cannot be read as NumPy's .npz"),
    ("pair.npy", {}, r"is one array of the shape \(60, 4\); give its targets: dataset.targets=y.npy"),
    ("pair.npy", {"inputs": "X", "targets": "y.npy"}, "dataset.inputs=X: .* one array without a name"),
    ("pair.npz", {"targets": "last"}, "dataset.targets=last: .* has several arrays"),
    ("pair.npz", {"layout": "grey"}, r"dataset.layout=grey: .* examples of the shape \(4,\); only null"),
    ("series.npz", {"layout": "channels_last"}, "must be one of sequence, grey, channels_first"),
    ("pair.npz", {"standardize": "step"}, "dataset.standardize=step: .* must be .steps, features."),
    ("parts.npz", {"test_fraction": 0.1}, "dataset.test_fraction=0.1: .* there is a test part"),
    ("three.pt", {}, "must be .X, y., .* it is 3 arrays"),
    ("object.pt", {}, "weights_only=True. refuses it .* must hold tensors alone"),
    ("table.csv", {}, "must end with .npz, .* .a table is read with dataset=table"),
]


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(image_cache, "user_cache_path", lambda name: tmp_path / "cache" / name)


def read(name: str, **settings: Any) -> Dataset:
    if name not in os.listdir():
        {**FOLDERS, **FILES}[name](Path(name))
    return images(path=name, **settings) if name in FOLDERS else arrays(path=name, **settings)


@pytest.mark.parametrize("name", READ)
def test_what_is_read_and_said(name: str) -> None:
    settings, shape, names, tested, validated, said = READ[name]
    found = read(name, **settings)
    assert tuple(found.inputs.shape) == shape
    assert list(found.class_names) == names
    assert len(found.test) == tested
    assert (None if found.validation is None else len(found.validation)) == validated
    assert re.search(said, " ".join(found.notes)) if said else not found.notes or settings
    split = found.split(0)
    assert len({*split.train.tolist(), *split.val.tolist(), *found.test.tolist()}) == shape[0]


@pytest.mark.parametrize(
    ("name", "settings", "said"), REFUSED, ids=[f"{name} {said[:20]}" for name, _, said in REFUSED]
)
def test_what_is_refused_and_why(name: str, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        read(name, **settings)


def test_every_kind_is_expected() -> None:
    assert {*FOLDERS, *FILES} == {*READ, *(name for name, _, _ in REFUSED)}


def test_the_pixels_are_those_of_the_files() -> None:
    found = read("one with parts")
    files = [Path("one with parts") / part / name for part in ("train", "valid", "test") for name in CAT_DOG]
    listed = [file for folder in files for file in sorted(folder.iterdir())]
    for row, file in enumerate(listed):
        assert torch.equal(
            (found.inputs[row] * 255).byte().permute(1, 2, 0), torch.from_numpy(np.array(Image.open(file)))
        )
        assert found.targets[row] == CAT_DOG.index(file.parent.name)
    assert found.test.tolist() == [row for row, file in enumerate(listed) if "test" in file.parts]


def test_a_test_set_is_never_held_out_of_the_validation_part() -> None:
    found = read("training and validation")
    assert found.validation is not None
    assert found.validation.tolist() == list(range(20, 28))
    assert max(found.test.tolist()) < 20


def test_modes_and_orientation() -> None:
    bits = {file.name: found for file, found in zip(*_listed(read("modes"), "modes"), strict=True)}
    assert (bits["deep.png"] == 200).all()
    assert torch.equal(bits["grey.bmp"], torch.from_numpy(np.array(picture("L"))).expand(3, -1, -1))
    assert torch.equal(bits["web.webp"], torch.from_numpy(np.array(picture())).permute(2, 0, 1))
    turned = {file.name: found for file, found in zip(*_listed(read("turned"), "turned"), strict=True)}
    with Image.open("turned/cat/a.jpg") as image:
        upright = ImageOps.exif_transpose(image)
    assert torch.equal(turned["a.jpg"].permute(1, 2, 0), torch.from_numpy(np.array(upright)))


def _listed(found: Dataset, folder: str) -> tuple[list[Path], list[torch.Tensor]]:
    files = [file for name in CAT_DOG for file in sorted((Path(folder) / name).iterdir())]
    return files, list((found.inputs * 255).byte())


@pytest.mark.parametrize(("background", "value"), [("white", 255), ("black", 0)])
def test_what_is_behind_transparent_pixels(background: Any, value: int) -> None:
    assert (read("transparent", background=background).inputs[0] * 255 == value).all()


def test_the_centre_of_an_image_is_kept_and_resized_with_antialiasing() -> None:
    for name in CAT_DOG:
        Path("wide", name).mkdir(parents=True)
        stripes = np.zeros((64, 128), np.uint8)
        stripes[:, ::2] = 255  # grey, seen from afar
        stripes[:, :32] = stripes[:, -32:] = 7  # what is cut off
        for number in range(5):
            Image.fromarray(stripes).save(Path("wide", name, f"{number}.png"))
    found = images(path="wide", size=8).inputs
    assert found.shape == (10, 1, 8, 8)
    assert ((found[:, :, :, 1:-1] - 0.5).abs() < 0.02).all()


def test_images_are_decoded_once_and_again_when_a_file_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    first = read("classes")
    with monkeypatch.context() as patch:
        patch.setattr(image_cache, "decode", lambda *_, **__: pytest.fail("decoded again"))
        assert torch.equal(read("classes").inputs, first.inputs)
    file = Path("classes/cat/0.png")
    before = file.stat()
    file.write_bytes(Path("classes/cat/1.png").read_bytes())
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))  # as a copy that keeps the times
    changed = read("classes").inputs
    assert torch.equal(changed[0], first.inputs[1])
    assert images(path="classes", size=4).inputs.shape[2:] == (4, 4)  # the settings count, too


def test_one_path_for_names_whatever_they_are_called() -> None:
    for names in (("Xtrain", "ytrain", "Xtest", "ytest"), ("trainX", "trainY", "testX", "testY")):
        assert named_pairs(dict.fromkeys(names, X), "d", None, None)[0] == ["_train", "_test"]
    parts, pairs, _ = named_pairs(dict.fromkeys(("emb_train", "g_train", "emb_val", "g_val"), X), "d", "emb", "g")
    assert (parts, pairs) == (["_train", "_val"], [("emb_train", "g_train"), ("emb_val", "g_val")])


def test_sequences_are_standardized_by_feature_over_all_steps() -> None:
    series = RANDOM.normal(size=(60, 9, 2)) * [1, 100] + [0, 2.0**40]  # of which float32 would keep nothing
    np.savez("far.npz", x=series, y=Y)
    found = arrays(path="far.npz")
    split = found.split(0)
    assert split.mean.shape == split.std.shape == (1, 2)
    rows = series[split.train]
    expected = (rows - rows.mean((0, 1))) / rows.std((0, 1))
    np.testing.assert_allclose(((found.inputs - split.mean) / split.std)[split.train], expected, atol=2e-3)


def test_whole_numbers_beyond_float32_are_read_less_a_constant() -> None:
    found = read("large.npz")
    expected, axes = torch.from_numpy(IMAGES).permute(0, 3, 1, 2).float(), (0, 2, 3)
    assert torch.equal(found.inputs - found.inputs.amin(axes, True), expected - expected.amin(axes, True))


def test_a_folder_of_thousands_needs_room() -> None:
    classes(Path("many"), each=3, size=(300, 200))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "sysconf", lambda name: 1000)
        with pytest.raises(
            UserError, match=r"6 images of 300 x 200 pixels, .*need 0 GB of memory.* give dataset.size=64"
        ):
            images(path="many")


def test_class_weights_and_folds_of_images() -> None:
    found = read("classes", class_weight={"cat": 1, "dog": 4}, folds=4)
    weights = found.split(0).class_weights
    assert weights is not None
    assert float(weights[1] / weights[0]) == pytest.approx(4)
    assert len({row for seed in range(4) for row in found.split(seed).val.tolist()}) == 16
    with pytest.raises(UserError, match=r"dataset.folds=4: the validation part is given"):
        read("one with parts", folds=4)
