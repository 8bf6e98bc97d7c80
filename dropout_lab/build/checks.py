"""What cannot be trained, and why."""

from collections.abc import Iterator, Mapping

import torch

from dropout_lab.build.builder import Builder
from dropout_lab.build.network import is_of_this_package, network
from dropout_lab.build.site_methods import SiteMethod
from dropout_lab.cohort import transfer
from dropout_lab.cohort.loss import AbstractLoss
from dropout_lab.cohort.mixing import MIXES
from dropout_lab.config.roles import PRETRAINING_KEYS, options
from dropout_lab.core.errors import UserError
from dropout_lab.core.metrics.lookup import epoch_choosers
from dropout_lab.core.metrics.table import METRICS
from dropout_lab.core.trial import WEIGHTS, Config
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.sites.info import SiteInfo


def check_method(site: SiteMethod, config: Config, schedule: str, *, can_act_somewhere: bool) -> None:
    """Raises UserError for a method that cannot drop at its site, at its rate."""
    if site.dropout.requirements.constant_rate and schedule != "constant":
        raise UserError(f"schedule={schedule}: dropout={site.name} has one rate throughout; take constant")
    is_pretrained = config["trainer"]["pretrain_epochs"] is not None or WEIGHTS in config["model"]
    if site.dropout.requirements.pretraining and not is_pretrained:
        raise UserError(
            f"dropout={site.name}: it draws weights back to those of a pretrained network, and this is none; begin with"
            " a file of weights, model.weights=net.pt, or pretrain it on some of the classes, say with"
            " trainer.pretrain_epochs=20 trainer.pretrain_classes=[0,1,2,3,4]"
        )
    if site.objection is not None:
        shape = " x ".join(map(str, site.info.shape))
        where = "at" if can_act_somewhere else "at any site of this model; at"
        raise UserError(f"dropout={site.name} cannot act {where} site {site.info.site} ({shape}): {site.objection}")


def check_samples(builder: Builder, config: Config, name: str, rates: Mapping[str, float], last: SiteInfo) -> None:
    """Raises UserError for a loss of several masks whose site, the last, does not drop exactly once in a pass."""
    loss: AbstractLoss = builder.made("loss", config["loss"])
    if loss.samples > 1 and rates[last.site] == 0:
        raise UserError(
            f"loss={name}: it draws its masks at the last site, {last.site}, which does not drop here; give it a rate,"
            f" say with rates.{last.site}=0.5"
        )
    if loss.samples > 1 and last.calls > 1:
        raise UserError(
            f"loss={name}: it draws its masks at the last site, {last.site}, which the network calls {last.calls} times"
            " in a pass; must be called once: give each call a Site of its own"
        )


def check_mc_samples(builder: Builder, config: Config, rates: Mapping[str, float]) -> None:
    """Raises UserError for samples of masks in evaluation mode where a site drops that is not called there."""
    samples = config["trainer"]["mc_samples"]
    infos = builder.site_infos(config["model"], config["dataset"]) if samples is not None else ()
    missed = [info.site for info in infos if rates[info.site] > 0 and info.evaluated < info.calls]
    if missed:
        raise UserError(
            f"trainer.mc_samples={samples}: it draws masks in evaluation mode, in which the network does not call"
            f" {', '.join(missed)} as often as in training mode; only null"
        )


def check_best(builder: Builder, config: Config) -> None:
    """Raises UserError for a `trainer.best` that the data do not have."""
    best, dataset = config["trainer"]["best"], builder.dataset(config["dataset"])
    if best is not None and dataset.task not in METRICS[best].tasks:
        allowed = [name for name in epoch_choosers() if dataset.task in METRICS[name].tasks]
        raise UserError(
            f"trainer.best={best}: {dataset.name} is a {dataset.task.replace('_', ' ')}, which does not have it;"
            f" allowed: {', '.join(allowed)}"
        )


def check_options(builder: Builder, config: Config, loss: str) -> None:
    """Raises UserError for a loss or an option of the trainer that has no meaning for the data; `loss` is its name."""
    dataset = builder.dataset(config["dataset"])
    made: AbstractLoss = builder.made("loss", config["loss"])
    if config["trainer"]["mc_samples"] is not None and dataset.task != "classification":
        raise UserError(
            f"trainer.mc_samples={config['trainer']['mc_samples']}: it averages the probabilities of an example's"
            f" class, and {_classless(dataset)}; only null"
        )
    if (objection := made.objection(dataset.task)) is not None:
        raise UserError(f"loss={loss}: {objection}")
    given = {name: config["trainer"][name] for name in options() if config["trainer"][name] is not None}
    for name, why in _meaningless(dataset):
        if name in given:
            raise UserError(f"trainer.{name}={given[name]}: {why}; only null")
    mixes = [f"trainer.{name}={given[name]}" for name in MIXES if given.get(name, 0) > 0]
    if len(mixes) > 1:
        raise UserError(
            f"{' '.join(mixes)}: both mix an example with its neighbour, and one loss has one weight for that; one of"
            " them must be 0 or null"
        )
    _check_pretraining(builder, config, dataset)
    _check_batch_norm(builder, config)


def _meaningless(dataset: Dataset) -> Iterator[tuple[str, str]]:
    """The options that have no meaning for a dataset, with the reasons."""
    if dataset.vocabulary:
        for name in options("numbers"):
            yield name, f"{dataset.name} has tokens, no numbers"
    if dataset.task != "classification":
        for name in options("classes"):
            yield name, _classless(dataset)
    if len(dataset.input_shape) != 3:
        shape = " x ".join(map(str, dataset.input_shape))
        for name in options("images"):
            yield name, f"examples of {dataset.name} are no images ({shape})"


def _classless(dataset: Dataset) -> str:
    """Why a dataset is no classification."""
    if dataset.task == "multilabel":
        return f"{dataset.name} asks which of {dataset.outputs} labels an example has, not for one class"
    return f"{dataset.name} asks for no class of an example"


def _check_pretraining(builder: Builder, config: Config, dataset: Dataset) -> None:
    """Raises UserError if the dataset's classes, or the model, cannot be divided between two phases."""
    given = {key: config["trainer"][key] for key in PRETRAINING_KEYS if config["trainer"][key] is not None}
    if not given:
        return
    if len(given) == 1:
        ((one, value),) = given.items()
        missing = "pretrain_classes=[0,1,2,3,4]" if one == "pretrain_epochs" else "pretrain_epochs=20"
        raise UserError(f"trainer.{one}={value}: needs the classes and the epochs, say trainer.{missing} beside it")
    classes = config["trainer"]["pretrain_classes"]
    key = f"trainer.pretrain_classes={classes}"
    if dataset.task != "classification":
        raise UserError(f"{key}: {_classless(dataset)}; only null")
    if max(classes) >= dataset.outputs or dataset.outputs - len(classes) < 2:
        raise UserError(
            f"{key}: {dataset.name} has the classes 0 to {dataset.outputs - 1}, of which at least two must be left"
        )
    before, after = builder.phases(config["dataset"], classes)
    with torch.random.fork_rng(devices=[]):
        transfer.check(network(config["model"], before), network(config["model"], after), after.outputs)


def _check_batch_norm(builder: Builder, config: Config) -> None:
    """Raises UserError where a batch norm would take a channel's variance from one value, which is 0.

    A value minus its own mean is 0: such a network learns nothing from the layers before the norm.
    """
    wanted = config["trainer"]["batch_size"]
    phases = builder.normalised(config["model"], config["dataset"], config["trainer"]["pretrain_classes"])
    for values, examples in phases:
        batch = min(wanted, examples)
        if batch * values < 2:
            why = "" if batch == wanted else f" (the training part has {examples}, and no batch has more)"
            has_key = "norm" in config["model"] and is_of_this_package(config["model"])
            instead = ", say with model.norm=layer" if has_key else ", say with nn.LayerNorm or nn.GroupNorm"
            raise UserError(
                f"trainer.batch_size={wanted}: a batch norm would see one value of a channel in a batch of"
                f" {batch}{why}, and makes 0 of it; take {'at least 2' if batch == wanted else 'more examples'}, or a"
                f" model without batch norm{instead}"
            )
