"""A folder of images: a folder for each class, in folders for the parts if there are such."""

import os
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dropout_lab.core.errors import UserError

ENDINGS = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".avif", ".jp2", ".ico"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".tga", ".dds", ".pcx"),
)
PARTS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""How the folders of the parts are called, in lower case."""
ORDER = ("train", "validation", "test")
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
OF_SYSTEMS = ("__MACOSX", "Thumbs.db", "desktop.ini")
"""What operating systems leave in folders, beside hidden files."""
FEW = 5


@dataclass(frozen=True)
class Folder:
    """The images of a folder, by part in the order of ORDER."""

    files: Sequence[Path]
    names: Sequence[str]
    """The files as messages name them."""
    classes: Sequence[str]
    """The class of each image."""
    sizes: Mapping[str, int]
    """The images of each part."""
    notes: Sequence[str]


@dataclass
class _Found:
    images: list[Path]
    others: list[Path]


def read_folder(path: str) -> Folder:
    """The images of the folder. Raises UserError for what has no class folders, or fewer than two classes."""
    root = Path(path)
    _require_folder(root, path)
    parts, notes = _parts(root)
    files: list[Path] = []
    classes: list[str] = []
    others: list[Path] = []
    sizes: dict[str, int] = {}
    for part in ORDER:
        before = len(files)
        for folder in sorted(_folders(parts[part])) if part in parts else ():
            found = _walk(folder)
            others += found.others
            if not found.images:
                notes.append(f"{path}: {folder.relative_to(root)} has no images and is left out")
            notes += _nested(found.images, folder, root)
            files += found.images
            classes += [unicodedata.normalize("NFC", folder.name)] * len(found.images)
        sizes[part] = len(files) - before
    _require_classes(path, root, files[: sizes["train"]], classes[: sizes["train"]], others)
    _require_spelling(path, classes)
    notes += _left_out(path, {root, *parts.values()}, others)
    return Folder(files, [str(file) for file in files], classes, sizes, notes)


def _require_folder(root: Path, path: str) -> None:
    if root.is_dir():
        return
    if root.is_file() and root.name.lower().endswith(ARCHIVES):
        raise UserError(
            f"dataset.path={path}: is an archive; unpack it, and give the folder that has a folder for each class"
        )
    what = "is a file; must be a folder with a folder for each class" if root.exists() else "there is no such folder"
    raise UserError(f"dataset.path={path}: {what}")


def _parts(root: Path) -> tuple[dict[str, Path], list[str]]:
    """The folder of each part, the whole of it as `train` where there are none, and what was left out."""
    folders = {folder.name.lower(): folder for folder in sorted(_folders(root))}
    named = {name: folder for name, folder in folders.items() if name in PARTS}
    with_classes = {name: folder for name, folder in named.items() if any(map(_has_images, _folders(folder)))}
    if not any(PARTS[name] == "train" for name in with_classes):
        if with_classes and len(named) == len(folders):
            raise UserError(
                f"{root}: has the folders {_listed(folders.values())} and none called train; must have one, with a"
                " folder for each class, or no folders of parts"
            )
        return {"train": root}, []
    parts: dict[str, Path] = {}
    for name, folder in with_classes.items():
        if PARTS[name] in parts:
            raise UserError(
                f"{root}: the folders {parts[PARTS[name]].name} and {folder.name} are the same part; must be one folder"
            )
        parts[PARTS[name]] = folder
    listed = _listed(parts[part] for part in ORDER if part in parts)
    notes = [f"{root}: {listed} {'are' if len(parts) > 1 else 'is'} taken as {_said(parts)}"]
    if left := [folder for name, folder in folders.items() if name not in with_classes]:
        notes.append(f"{root}: left out beside that, as no part or without folders of classes: {_listed(left)}")
    return parts, notes


def _folders(folder: Path) -> Iterator[Path]:
    return (entry for entry in folder.iterdir() if entry.is_dir() and not _is_hidden(entry.name))


def _has_images(folder: Path) -> bool:
    return bool(_walk(folder).images)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name in OF_SYSTEMS


def _walk(folder: Path) -> _Found:
    """The files at any depth, links followed, without hidden ones; in the order of their names."""
    found, seen = _Found([], []), set[str]()
    for place, folders, files in os.walk(folder, followlinks=True):
        if (real := os.path.realpath(place)) in seen:
            folders.clear()  # a link that leads back
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        for name in sorted(files):
            if not _is_hidden(name):
                (found.images if name.lower().endswith(ENDINGS) else found.others).append(Path(place, name))
    return found


def _nested(images: Sequence[Path], folder: Path, root: Path) -> list[str]:
    """That images stand in folders below that of their class."""
    below = {image.relative_to(folder).parts[0] for image in images if image.parent != folder}
    if not below:
        return []
    return [
        f"{root}: the class {folder.name} has images in folders of its own, {_few(sorted(below))}, which are all that"
        f" class; if they are classes, give dataset.path={folder}"
    ]


def _require_classes(
    path: str, root: Path, files: Sequence[Path], classes: Sequence[str], others: Sequence[Path]
) -> None:
    """Raises UserError unless the training part has images of two classes."""
    found = sorted(set(classes))
    if len(found) > 1:
        return
    direct = [entry for entry in root.iterdir() if entry.name.lower().endswith(ENDINGS)]
    if found:
        below = sorted({str(file.parent) for file in files if file.parent.name != found[0]})
        hint = f"; if its folders are the classes, give dataset.path={root / found[0]}" if below else ""
        raise UserError(f"{path}: has images of one class, the folder {found[0]}; must have two folders or more{hint}")
    if direct:
        raise UserError(
            f"{path}: has {_counted(direct, 'image')}, and no folders with images; must have a folder for each class,"
            " called as the class"
        )
    what = f"{_counted(others, 'file')}, such as {others[0]}, and no images by the ending" if others else "no images"
    raise UserError(f"{path}: has {what}; must have a folder for each class, with images ({', '.join(ENDINGS[:9])})")


def _require_spelling(path: str, classes: Sequence[str]) -> None:
    """Raises UserError for two classes that differ only in capitals or blanks."""
    spelt: dict[str, str] = {}
    for name in dict.fromkeys(classes):
        other = spelt.setdefault(" ".join(name.casefold().split()), name)
        if other != name:
            raise UserError(
                f"{path}: the class folders {other!r} and {name!r} differ only in their spelling; must be called alike"
                " if they are one class"
            )


def _left_out(path: str, folders: Collection[Path], others: Sequence[Path]) -> list[str]:
    """Files that are no images, and images that stand beside the class folders, in `folders`."""
    found = sorted(entry for folder in folders for entry in folder.iterdir())
    beside = [entry for entry in found if entry.is_file() and not _is_hidden(entry.name)]
    images = [entry for entry in beside if entry.name.lower().endswith(ENDINGS)]
    notes = []
    if images:
        notes.append(f"{path}: {_counted(images, 'image')} beside the class folders left out: {_few(images)}")
    others = [*others, *(entry for entry in beside if entry not in images)]
    if others:
        notes.append(f"{path}: {_counted(others, 'file')} left out that, by the ending, are no images: {_few(others)}")
    return notes


def _counted(things: Sequence[object], word: str) -> str:
    return f"{len(things)} {word}{'s' if len(things) > 1 else ''}"


def _said(parts: Mapping[str, Path]) -> str:
    return "the parts of the set" if len(parts) > 1 else "the part to train on"


def _listed(folders: Iterable[Path]) -> str:
    return ", ".join(folder.name for folder in folders)


def _few(names: Sequence[object]) -> str:
    said = [name.name if isinstance(name, Path) else str(name) for name in names]
    return ", ".join(said[:FEW]) + (f" and {len(said) - FEW} more" if len(said) > FEW else "")
