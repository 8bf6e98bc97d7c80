"""What cannot be measured, and why."""

from dropout_lab.build.builder import Builder
from dropout_lab.cohort.measures.measure import Subject
from dropout_lab.core.errors import UserError
from dropout_lab.core.trial import Config


def check_measures(builder: Builder, config: Config) -> None:
    """Raises UserError for a measure that has no meaning for the data or the network."""
    measures = builder.measures(config["measure"])
    if not measures:
        return
    dataset, trainer = builder.dataset(config["dataset"]), config["trainer"]
    if trainer["pretrain_classes"] is not None:
        _, dataset = builder.phases(config["dataset"], trainer["pretrain_classes"])
    subject = Subject(dataset, builder.site_infos(config["model"], config["dataset"]), trainer["batch_size"])
    for name, measure in measures.items():
        if (objection := measure.objection(subject)) is not None:
            raise UserError(f"measure=[{name}]: {objection}")
