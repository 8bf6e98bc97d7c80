"""Folders of images and files of arrays as people have them, small: each function makes one below a folder.

`python -m tests.datasets.user_files FOLDER` makes all of them, to be tried by hand.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 4)).astype(np.float32)
Y = np.arange(60) % 3
Make = Callable[[Path], object]


def picture(mode: str = "RGB", size: tuple[int, int] = (6, 5), seed: int = 0) -> Image.Image:
    """Of random pixels, (width, height)."""
    values = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(values).convert(mode)


def classes(root: Path, *names: str, each: int = 10, ending: str = "png", **how: Any) -> None:
    """A folder for each class."""
    for name in names or ("cat", "dog"):
        (root / name).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            picture(seed=number, **how).save(root / name / f"{number}.{ending}")


def parts(root: Path, *names: str) -> None:
    for name in names:
        classes(root / name, each=10 if name.lower().startswith("train") else 4)


def mixed_sizes(root: Path) -> None:
    classes(root)
    picture(size=(9, 7)).save(root / "dog" / "large.png")


def transparent(root: Path) -> None:
    classes(root)
    Image.new("RGBA", (6, 5), (10, 20, 30, 0)).save(root / "cat" / "0.png")


def modes(root: Path) -> None:
    classes(root)
    picture("CMYK").save(root / "cat" / "cmyk.jpg")
    picture().quantize(8).save(root / "cat" / "palette.png")
    Image.fromarray(np.full((5, 6), 257 * 200, np.uint16)).save(root / "cat" / "deep.png")
    picture("L").save(root / "cat" / "grey.bmp")
    picture("1").save(root / "cat" / "bits.png")
    picture().save(root / "cat" / "web.webp", lossless=True)


def turned(root: Path) -> None:
    classes(root)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    picture(size=(5, 6)).save(root / "cat" / "a.jpg", exif=exif)


def damaged(root: Path) -> None:
    classes(root)
    whole = (root / "dog" / "0.png").read_bytes()
    (root / "dog" / "0.png").write_bytes(whole[: len(whole) // 2])
    (root / "dog" / "1.png").write_bytes(b"nonsense")


def of_systems(root: Path) -> None:
    classes(root, "Äpfel", "rote Beeren", ending="JPG")
    (root / ".DS_Store").write_bytes(b"x")
    (root / "Äpfel" / "._0.jpg").write_bytes(b"x")
    (root / "Äpfel" / "Thumbs.db").write_bytes(b"x")
    (root / "__MACOSX" / "Äpfel").mkdir(parents=True)
    (root / "__MACOSX" / "Äpfel" / "._0.jpg").write_bytes(b"x")


def others(root: Path) -> None:
    classes(root)
    (root / "empty").mkdir()
    (root / "cat" / "notes.txt").write_text("x")
    picture().save(root / "stray.png")


def animated(root: Path) -> None:
    classes(root)
    picture().save(root / "cat" / "a.gif", save_all=True, append_images=[picture(seed=1)])


def nested(root: Path) -> None:
    classes(root / "animal", "cat", "dog")
    classes(root / "plant", "tree")


def one_deeper(root: Path) -> None:
    classes(root / "set")


def flat(root: Path) -> None:
    root.mkdir()
    picture().save(root / "cat.1.png")


def links(root: Path) -> None:
    classes(root)
    (root / "cat" / "back").symlink_to(root / "cat", target_is_directory=True)
    (root / "cat" / "gone.png").symlink_to(root / "nosuch.png")


def strange_test_class(root: Path) -> None:
    parts(root, "train")
    classes(root / "test", "cat", "newt", each=3)


def unlabelled_test(root: Path) -> None:
    parts(root, "train")
    (root / "train" / "readme.md").write_text("x")
    (root / "test").mkdir()
    picture().save(root / "test" / "1.png")


def grey_as_rgb(root: Path) -> None:
    classes(root)
    for file in root.rglob("*.png"):
        Image.open(file).convert("L").convert("RGB").save(file)


def one_picture(root: Path) -> None:
    classes(root)
    classes(root, "newt", each=1)


FOLDERS: dict[str, Make] = {
    "classes": classes,
    "grey": lambda root: classes(root, mode="L"),
    "grey as RGB": grey_as_rgb,
    "one with parts": lambda root: parts(root, "train", "valid", "test"),
    "training and validation": lambda root: parts(root, "Training", "val"),
    "two validation parts": lambda root: parts(root, "train", "val", "validation"),
    "no training part": lambda root: parts(root, "val", "test"),
    "a class called train": lambda root: classes(root, "car", "train"),
    "mixed sizes": mixed_sizes,
    "transparent": transparent,
    "modes": modes,
    "turned": turned,
    "damaged": damaged,
    "of systems": of_systems,
    "others": others,
    "animated": animated,
    "nested": nested,
    "one deeper": one_deeper,
    "flat": flat,
    "links": links,
    "strange test class": strange_test_class,
    "unlabelled test": unlabelled_test,
    "spelling": lambda root: classes(root, "Cat", "cat"),
    "one picture": one_picture,
    "one pixel": lambda root: classes(root, size=(1, 1)),
    "numbered": lambda root: classes(root, "2", "10", "1"),
    "archive.zip": lambda root: root.write_bytes(b"PK"),
}


def npz(**arrays: Any) -> Make:
    return lambda path: np.savez(path, **arrays)


def pt(value: Any) -> Make:
    return lambda path: torch.save(value, path)


def pair(path: Path) -> None:
    np.save(path, X)
    np.save(path.parent / "y.npy", Y)


def replaced(array: NDArray[Any], place: tuple[int, ...], value: Any) -> NDArray[Any]:
    found = array.copy()
    found[place] = value
    return found


IMAGES = RANDOM.integers(0, 256, (60, 8, 8, 3), dtype=np.uint8)
FILES: dict[str, Make] = {
    "pair.npz": npz(X=X, y=Y),
    "parts.npz": npz(x_train=X[:40], y_train=Y[:40], x_val=X[40:50], y_val=Y[40:50], x_test=X[50:], y_test=Y[50:]),
    "no_test.npz": npz(train_images=X[:40], train_labels=Y[:40], val_images=X[40:], val_labels=Y[40:]),
    "names.npz": npz(emb=X, group=Y),
    "left_out.npz": npz(data=X, target=Y, feature_names=np.array(["a", "b", "c", "d"])),
    "both.npz": npz(x=X, data=X, y=Y),
    "half.npz": npz(X_train=X, y_train=Y, X_test=X),
    "positional.npz": lambda path: np.savez(path, X, Y),
    "objects.npz": npz(X=X, y=Y.astype(object)),
    "nan.npz": npz(X=replaced(X, (7, 2), np.nan), y=Y),
    "lengths.npz": npz(X=X, y=Y[:50]),
    "one_hot.npz": npz(X=X, y=np.eye(3)[Y]),
    "column.npz": npz(X=X, y=Y[:, None]),
    "last.npz": npz(X=IMAGES, y=Y),
    "first.npz": npz(X=IMAGES.transpose(0, 3, 1, 2) / 255, y=Y),
    "grey.npz": npz(X=IMAGES[..., 0], y=Y),
    "series.npz": npz(X=RANDOM.normal(size=(60, 9, 2)), y=Y),
    "from_one.npz": npz(X=X, y=Y * 2 + 1),
    "words.npz": npz(X=X, y=np.array(["no", "yes"])[Y % 2]),
    "bytes.npz": npz(X=X, y=np.array([b"no", b"yes"])[Y % 2]),
    "large.npz": npz(X=(IMAGES.astype(np.int64) + 2**40), y=Y),
    "damaged.npz": lambda path: path.write_bytes(b"PK\x03\x04nonsense"),
    "pair.npy": pair,
    "last.npy": lambda path: np.save(path, np.column_stack([X, Y])),
    "dict.pt": pt({"inputs": torch.from_numpy(X), "labels": torch.from_numpy(Y)}),
    "tuple.pt": pt((torch.from_numpy(X).bfloat16(), torch.from_numpy(Y))),
    "three.pt": pt([torch.from_numpy(X)] * 3),
    "object.pt": pt({"X": X, "y": RANDOM}),
    "table.csv": lambda path: path.write_text("a,b\n1,2\n"),
}
"""By the name of the file."""


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True)
    for name, make in {**FOLDERS, **FILES}.items():
        make(target / name)
