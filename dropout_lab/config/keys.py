"""Every key of the config, declared once: its type with bounds, its role, its default and its help.

The schema, the check, the roles and the help are derived from this table. The arguments of the groups' members, such
as `model.width`, are declared by the signatures of their classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

from omegaconf import MISSING
from pydantic import Field

from dropout_lab.config.bounds import (
    Angle,
    Count,
    NonNegative,
    Positive,
    PositiveShare,
    ProperShare,
    Rate,
    Share,
    Whole,
)
from dropout_lab.config.kinds import Kind
from dropout_lab.config.values import Classes, EpochChooser, FolderName, Grids, Metrics, Objective, Seeds, Zips

Role = Literal["data", "model", "dropout", "training", "option", "measured", "how", "machine", "control"]
"""What a key decides.

data, model, dropout, training: a part of the configuration that is trained.
option: a number of the training that each lane has for itself, and that costs nothing where it is null.
measured: what is measured of a trained network. It changes no training, and all runs of a folder have the same.
how: the means by which configurations are chosen and compared.
machine: the device that trains them.
control: how much is trained and what is stored; a command may change it in a folder that has results.
"""

Needs = Literal["classes", "numbers", "images"]
"""What an option requires of the data: a class for each example, numbers (not tokens) as inputs, or images."""

Group = Mapping[str, Any]
"""A config group, of which a config has one member as a section. Its default is in the list of conf/config.yaml."""

Members = Annotated[
    Mapping[str, Mapping[str, Any]], Field(description="members of the group in brackets, such as [noise,ablation]")
]
"""A config group, of which a config has any number of members as sections, by name. Its default is none."""

BySite = dict[str, Any]
"""Values by site or pattern of sites."""


@dataclass(frozen=True)
class Key:
    """A key of the config. A default of MISSING stands in a file in conf/."""

    name: str
    type: Any
    role: Role
    default: Any
    help: str
    needs: Needs | None = None

    @cached_property
    def kind(self) -> Kind:
        """The rule for its values."""
        return Kind(self.type)


_TABLE = (
    Key("model", Group, "model", MISSING, "the network"),
    Key("dataset", Group, "data", MISSING, "what the network learns"),
    Key("dropout", Group, "dropout", MISSING, "how a site drops"),
    Key("placement", Group, "dropout", MISSING, "which sites drop"),
    Key("schedule", Group, "dropout", MISSING, "how the rate of dropping changes over a training"),
    Key("loss", Group, "dropout", MISSING, "the training loss, of one pass through the network or of several"),
    Key("optimizer", Group, "training", MISSING, "how the network learns"),
    Key("lr_schedule", Group, "training", MISSING, "how the learning rate changes over a training"),
    Key("momentum_schedule", Group, "training", MISSING, "how the momentum of sgd and rmsprop changes over a training"),
    Key("measure", Members, "measured", {}, "what is measured once, on the test set, with a run's best weights"),
    Key("sampler", Group, "how", MISSING, "which configurations a sweep tries"),
    Key("pruner", Group, "how", MISSING, "which trainings a sweep stops early"),
    Key("tracker", Group, "control", MISSING, "where else to follow the runs"),
    Key(
        *("prune_step", Literal["epoch", "seed"], "how", MISSING),
        "when a pruner decides: after each epoch, or after each seed",
    ),
    Key("trainer.epochs", Count, "training", 30, "passes over the training part"),
    Key("trainer.batch_size", Count, "training", 64, "examples in a batch; an epoch's last, smaller one is left out"),
    Key(
        *("trainer.patience", Count | None, "training", None),
        "stop after so many epochs without a better value of trainer.best; favours low rates",
    ),
    Key(
        *("trainer.best", EpochChooser | None, "training", None),
        "metric of the validation part whose best epoch a run's weights are from; null: val_loss",
    ),
    Key(
        *("trainer.max_norm", Positive | None, "option", None),
        "largest norm of a unit's incoming weights (Srivastava et al., 2014)",
    ),
    Key(
        *("trainer.freeze", list[str], "training", []),
        "parameters that are not trained, by name or pattern: [layers.0,*.bias]",
    ),
    Key("trainer.clip_norm", Positive | None, "option", None, "largest norm of the gradient"),
    Key(
        *("trainer.accumulate", Count | None, "option", None),
        "batches whose gradients are averaged for one optimizer step",
    ),
    Key(
        *("trainer.ema", ProperShare | None, "option", None),
        "decay of the exponential moving average of the weights, which is then evaluated; 0: the weights themselves",
    ),
    Key("trainer.l1", NonNegative | None, "option", None, "weight of the L1 penalty"),
    Key(
        *("trainer.label_smoothing", ProperShare | None, "option", None),
        "target probability spread evenly over all classes (Szegedy et al., 2016)",
        "classes",
    ),
    Key(
        *("trainer.mixup", NonNegative | None, "option", None),
        "alpha of the Beta distribution that mixes pairs of examples (Zhang et al., 2018)",
        "numbers",
    ),
    Key(
        *("trainer.input_noise", NonNegative | None, "option", None),
        "standard deviation of the noise added to the standardized inputs",
        "numbers",
    ),
    Key(
        *("trainer.shift", Whole | None, "option", None),
        "largest shift of an image in each direction, in pixels",
        "images",
    ),
    Key("trainer.flip", Share | None, "option", None, "probability of mirroring an image", "images"),
    Key(
        *("trainer.rotate", Angle | None, "option", None),
        "largest angle by which an image is turned, in degrees",
        "images",
    ),
    Key(
        *("trainer.crop", PositiveShare | None, "option", None),
        "least share of an image's area that is cropped and enlarged; 1: no cropping",
        "images",
    ),
    Key(
        *("trainer.color", Share | None, "option", None),
        "strength of random changes of brightness, contrast and saturation",
        "images",
    ),
    Key(
        *("trainer.cutout", Whole | None, "option", None),
        "side of a square of an image that is set to 0, in pixels (DeVries & Taylor, 2017)",
        "images",
    ),
    Key(
        *("trainer.cutmix", NonNegative | None, "option", None),
        "alpha of the Beta distribution of the area that a neighbour's rectangle replaces (Yun et al., 2019)",
        "images",
    ),
    Key(
        *("trainer.gap_examples", Count | None, "training", None),
        "training examples measured for the gap; null: as many as the validation part has",
    ),
    Key(
        *("trainer.mc_samples", Count | None, "training", None),
        "passes with dropout on, averaged on the test set as well; take 50 or more",
    ),
    Key(
        *("trainer.pretrain_epochs", Whole | None, "training", None),
        "epochs of pretraining, without dropout, on the classes of pretrain_classes",
    ),
    Key(
        *("trainer.pretrain_classes", Classes | None, "data", None),
        "classes of the pretraining, by number: [0,1,2,3,4]; the training has the others",
    ),
    Key(
        *("trainer.keep_predictions", bool, "control", True),
        "store a run's answers on the test set: for calibration and the ensemble of the seeds",
    ),
    Key(
        *("trainer.keep", Literal["none", "best", "all"], "control", "none"),
        "store the weights of a run's best epoch, in weights/: of the best configuration and no dropout, or of all",
    ),
    Key(
        *("trainer.precision", Literal["float32", "bfloat16"], "training", "float32"),
        "number format of matrix products; bfloat16 is faster on wide networks",
    ),
    Key(
        *("trainer.width", Literal["auto"] | Count, "control", "auto"),
        "runs trained at once; auto: as many as the processor's cache or the GPU's memory holds",
    ),
    Key(
        *("trainer.compile", Literal["auto", "always", "never"], "control", "auto"),
        "compile the training step; auto: where that saves time",
    ),
    Key(
        *("trainer.engine", Literal["auto", "lanes", "loop"], "control", "auto"),
        "train runs side by side (lanes), or in turn at every step (loop); auto: lanes where the network allows it",
    ),
    Key(
        *("sites.insert", list[str], "model", []),
        "put sites behind modules of your network, by patterns of their paths: [layer3.*,fc]; before them: fc:before",
    ),
    Key(
        *("weights.reinit", list[str], "model", []),
        "beside model.weights=net.pt: parameters that begin anew with each seed, by patterns of their names: [fc.*]",
    ),
    Key("rate", Rate, "dropout", 0.5, "probability of dropping at the sites of the placement"),
    Key(
        *("rates", BySite, "dropout", {}),
        "by site or pattern of sites, instead of placement and rate there: rates.input=0.2",
    ),
    Key(
        *("dropouts", BySite, "dropout", {}),
        "by site or pattern of sites, instead of dropout there: dropouts.conv=spatial",
    ),
    Key(
        *("seeds", Seeds, "control", 5),
        "trainings of every configuration; they share initial weights, splits and batches",
    ),
    Key("n_trials", Count | None, "control", None, "configurations to train, for every sampler but grid"),
    Key(
        *("zip", Zips, "control", []),
        "swept keys paired value by value, not in all combinations: zip=[[rate,optimizer.lr]]",
    ),
    Key(
        "grids", Grids, "control", [], "grids whose union is swept: grids=[{placement:input,rate:[0.1,0.2]},{rate:0.5}]"
    ),
    Key(
        *("objective", Objective, "how", "val_loss"),
        "what a sampler and the ranking go by; a list of two for sampler=nsgaii",
    ),
    Key(
        *("metric", Metrics | None, "how", None),
        "what is measured besides loss and accuracy: [f1_macro,auroc]; docs/metrics.md has all",
    ),
    Key("baseline", bool, "control", True, "train the network without dropout as well"),
    Key(
        *("retries", Whole, "control", 1),
        "how often a failed training is tried again when the command is given again",
    ),
    Key("device", Literal["auto", "cpu", "cuda"], "machine", "auto", "where to train; auto: on a GPU if there is one"),
    Key(
        *("workers", Count | None, "control", None),
        "processes, each with trainings of its own; null: as many as the launcher has",
    ),
    Key(
        *("name", FolderName | None, "control", None),
        "folder under outputs/; null: named after the experiment and the settings",
    ),
    Key("dry_run", bool, "control", False, "say what would be trained and how long it would take"),
    Key(
        *("trust", bool, "control", False),
        "continue a folder whose records name classes from outside dropout-lab and this command",
    ),
)

KEYS: dict[str, Key] = {key.name: key for key in _TABLE}
"""By name, in the order in which a composed config shows them."""
