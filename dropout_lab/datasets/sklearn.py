"""A set of scikit-learn, by the name of the function in `sklearn.datasets` that loads it."""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dropout_lab.config.bounds import Count, Fraction, NonNegative
from dropout_lab.config.refusals import closest
from dropout_lab.core.errors import UserError
from dropout_lab.datasets.array_layout import Layout, Standardize
from dropout_lab.datasets.class_weights import ClassWeight
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.division import divided
from dropout_lab.datasets.encode import encode
from dropout_lab.datasets.from_arrays import from_arrays
from dropout_lab.datasets.held import arrays_of
from dropout_lab.datasets.lines import row_of_file
from dropout_lab.datasets.split import Labelled
from dropout_lab.datasets.target import held_out, held_out_rows
from dropout_lab.datasets.ways import FoldCount, Ways

UNFIT = {
    "load_files": "reads texts of your own; take dataset=labelled_text",
    "load_svmlight_file": "reads a file of yours; save it dense, and take dataset=arrays",
    "load_svmlight_files": "reads files of yours; save them dense, and take dataset=arrays",
    "load_sample_image": "is one picture without a target",
    "load_sample_images": "are two pictures without targets",
    "fetch_20newsgroups": "has texts; save them in a CSV file, and take dataset=labelled_text",
    "fetch_20newsgroups_vectorized": "is sparse",
    "fetch_rcv1": "is sparse",
    "fetch_file": "fetches a file",
    "fetch_species_distributions": "has no inputs and targets",
    "fetch_lfw_pairs": "has pairs of pictures",
}
"""What is no set to learn from here, and why."""
OURS = ("return_X_y", "as_frame", "data_home", "download_if_missing")
"""Arguments that are decided here. A record may not name a folder of caches: scikit-learn unpickles what is in it."""


def sklearn(
    *,
    name: str | None = None,
    arguments: Mapping[str, Any] | None = None,
    target: str | Sequence[str] | None = None,
    drop: Sequence[str] = (),
    keep: Sequence[str] = (),
    task: Labelled | None = None,
    layout: Layout | None = None,
    standardize: Standardize | None = None,
    folds: FoldCount | None = None,
    val_fraction: Fraction | None = None,
    test_fraction: Fraction | None = None,
    limit: Count | None = None,
    label_noise: NonNegative = 0.0,
    class_weight: ClassWeight = None,
) -> Dataset:
    """What `sklearn.datasets.<name>(**arguments)` loads: images where it has such, else a table, see `encode`.

    `fetch_` downloads a set once, into scikit-learn's folder. Raises UserError for what is no such function, has no
    targets, or cannot be downloaded.
    """
    bunch = _loaded(name, arguments or {})
    where = f"sklearn.datasets.{name}"
    common: dict[str, Any] = {
        "folds": folds,
        "val_fraction": val_fraction,
        "test_fraction": test_fraction,
        "limit": limit,
        "label_noise": label_noise,
        "class_weight": class_weight,
    }
    if not isinstance(bunch.get("frame"), pd.DataFrame):
        if target is not None or drop or keep:
            key, value = next((k, v) for k, v in (("target", target), ("drop", drop), ("keep", keep)) if v)
            raise UserError(f"dataset.{key}={value}: {where} has no columns with names; leave it out")
        pictured = {"X": bunch.get("images", bunch["data"]), "y": bunch["target"]}
        given = arrays_of(pictured, where, name=str(name).partition("_")[2], inputs="X", targets="y")
        if "images" in bunch and layout is None and given.inputs.ndim == 3:
            layout = "grey"
        return from_arrays(given, task=task, layout=layout, standardize=standardize, **common)
    for of_arrays, given_word in (("layout", layout), ("standardize", standardize)):
        if given_word is not None:
            raise UserError(f"dataset.{of_arrays}={given_word}: {where} is read as a table, by feature; only null")
    return _table(bunch, where, str(name), target, drop, keep, task, common)


def _table(
    bunch: Mapping[str, Any],
    where: str,
    name: str,
    target: str | Sequence[str] | None,
    drop: Sequence[str],
    keep: Sequence[str],
    task: Labelled | None,
    common: dict[str, Any],
) -> Dataset:
    frame = bunch["frame"].rename(columns=str)
    targets = _target_names(bunch)
    if target is None and len(targets) != 1:
        raise UserError(
            f"{where}: has the targets {', '.join(targets)}; choose one with dataset.target={targets[0]}, or several:"
            f" dataset.target=[{','.join(targets)}]"
        )
    labels = [target or targets[0]] if isinstance(target, str | None) else list(target)
    label = labels[0] if len(labels) == 1 else labels
    others = [one for one in targets if one not in labels]
    frame = frame.drop(columns=[one for one in others if one in frame])
    ways = Ways(**{key: common.pop(key) for key in ("folds", "val_fraction", "test_fraction")})
    division = divided(frame, where, row_of_file, ways, targets=labels, keep=keep)
    if isinstance(label, str) and task != "multilabel":
        test = held_out(division, label, where, keep=keep, task=task)
    else:
        test = held_out_rows(division, labels, where)
    encoded = encode(division.frame, label, where, test, drop=drop, keep=keep, task=task, place=row_of_file)
    classes = bunch.get("target_names")
    names = encoded.class_names
    if encoded.task == "classification" and classes is not None and list(names) == list(map(str, range(len(classes)))):
        names = [str(one) for one in classes]
    told = f"{label} is the target" if isinstance(label, str) else f"{', '.join(label)} are the targets"
    left = f"; {', '.join(others)}, other targets, are left out" if others else ""
    return Dataset(
        name=name.partition("_")[2],
        task=encoded.task,
        inputs=encoded.inputs,
        targets=encoded.targets,
        test=test,
        outputs=encoded.outputs,
        standardize="feature",
        indicators=encoded.indicators,
        has_missing=bool(encoded.inputs.isnan().any()),
        class_names=names,
        warnings=encoded.warnings,
        notes=[f"{where}: {told} ({encoded.task}){left}; change that with dataset.task="],
        **common,
        readings=encoded.readings,
        **division.settings(),
    )


def _target_names(bunch: Mapping[str, Any]) -> list[str]:
    target = bunch["target"]
    columns = target.columns if isinstance(target, pd.DataFrame) else [target.name]
    return [str(one) for one in columns]


def _loaded(name: str | None, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """The set, as a table where it can be had as one. Raises UserError for what cannot be had."""
    sets = importlib.import_module("sklearn.datasets")  # takes seconds
    known = [one for one in sets.__all__ if one.startswith(("load_", "fetch_")) and one not in UNFIT]
    if name is None or name not in known:
        why = UNFIT.get(str(name), "is no function of sklearn.datasets that loads a set")
        raise UserError(
            f"dataset.name={'null' if name is None else name}: {why}; allowed: {', '.join(known)}"
            f"{closest(str(name), known) if name not in UNFIT else ''}"
        )
    for key in arguments:
        if key in OURS:
            raise UserError(f"dataset.arguments.{key}: is decided here; leave it out")
    load = getattr(sets, name)
    try:
        try:
            found = load(**arguments, as_frame=True)
        except TypeError:  # faces have no frame
            found = load(**arguments)
    except (TypeError, ValueError, ImportError) as error:
        raise UserError(f"dataset.name={name}: sklearn.datasets.{name} refuses its arguments: {error}") from error
    except OSError as error:  # also of urllib
        raise UserError(
            f"dataset.name={name}: cannot be downloaded: {error}. It needs the network once; then it is in"
            f" {sets.get_data_home()}, which may be copied from elsewhere (SCIKIT_LEARN_DATA names another folder)"
        ) from error
    if not isinstance(found, Mapping) or "target" not in found or found["target"] is None:
        raise UserError(f"dataset.name={name}: has no targets")
    return _with_images(found, load, arguments)


def _with_images(found: Mapping[str, Any], load: Any, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without the frame of a set that has images, for its columns are pixels."""
    return {**found, "frame": None} if "images" in found else found
