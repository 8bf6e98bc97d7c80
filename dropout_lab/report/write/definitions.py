"""The terms of the page and their meanings; the numbers come from the code that uses them."""

from dropout_lab.core.metrics.curves import DIVERGED, HORIZON_TAIL, LEARNED, TOLERANCE
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.statistics import ALPHA


def _precision(frames: Frames) -> str:
    used = sorted(set(frames.trials["precision"]))
    rest = "" if used == ["float32"] else " for the products; parameters, optimizer and losses are float32"
    return " and ".join(used) + rest


def _other(frames: Frames) -> str:
    return "baseline of its context" if frames.reference is None else f"trial {frames.reference}"


def definitions(frames: Frames) -> list[tuple[str, str]]:
    """Term and meaning, in the order of the page."""
    patience = sorted(frames.trials["patience"].dropna().unique())
    stopping = f"on, with a patience of {', '.join(f'{p:g}' for p in patience)} epochs" if patience else "off"
    return [
        (
            "seeds",
            f"Each configuration is trained once per seed ({frames.seeds}). Seeds are replicates and never searched "
            "over. The same seeds serve every configuration, so differences are taken seed by seed.",
        ),
        (
            "best epoch",
            "The epoch with the lowest validation loss. All values are at this epoch unless stated otherwise, test "
            "values included.",
        ),
        (
            "gap",
            "Loss: validation minus train. Accuracy: train minus validation, in percentage points (pp). Both sides use "
            "the same weights, with dropout off. The train side is a fixed part of the training data, as large as the "
            "validation part unless trainer.gap_examples is set.",
        ),
        (
            "baseline",
            "Rate 0 at every site, with all other settings of the context equal. It is trained once for all "
            "placements.",
        ),
        (
            "interval",
            "A 95 % t interval over seeds, cut to the possible range of a mean: accuracies end at 0 and 100 %, losses "
            "at 0. The cut does not change its coverage. It covers the variation between seeds, not that of the choice "
            "of data. Values that are equal for all seeds have no interval.",
        ),
        (
            "difference",
            f"Configuration minus {_other(frames)}, paired by seed, with the paired t test. p (Holm) is corrected for "
            "all configurations that were tested. The configuration on the first screen was chosen for looking best, "
            "so its interval is simultaneous over all of them (Bonferroni). The intervals in the tables are of single "
            "comparisons.",
        ),
        (
            "significantly worse than the best",
            "The p of the one-sided paired t test against the chosen configuration, times the number of other "
            f"configurations, is below {ALPHA:g} (multiple comparisons with the best). This accounts for choosing the "
            "best by the same seeds. The other configurations are statistically indistinguishable from the best: "
            "together with it, they contain the truly best configuration with a probability of at least 95 %.",
        ),
        (
            "learned nothing",
            f"A run: its best validation loss is not below {LEARNED:g} times the chance level. A configuration: half "
            "or more of its complete runs learned nothing; it is not ranked. The chance level is the loss of always "
            "predicting the frequencies of the classes (or tokens) in the training part, each counted once more than "
            "it occurs; for regression, the mean.",
        ),
        (
            "diverged",
            f"A run whose train loss, with dropout off, ends above {DIVERGED:g} times the chance level, or at or above "
            f"the chance level and at least {DIVERGED:g} times its own minimum. A run that recovers has not diverged. "
            "A loss of NaN or infinity ends the run as failed.",
        ),
        (
            "epochs to convergence",
            f"The first epoch whose validation loss is within {100 * TOLERANCE:g} % of the run's own best. It depends "
            f"on the length of the run: a run whose best epoch lies in the last {100 * HORIZON_TAIL:g} % was still "
            "improving. A run that was stopped early has none.",
        ),
        (
            "epochs to target",
            "The first epoch whose validation loss is at or below the target, the median over the baseline's seeds of "
            "their best validation loss. The tables give the Kaplan-Meier median and, in brackets, the runs that reach "
            "the target.",
        ),
        (
            "censored",
            "A run that did not reach the target while it trained, because its epochs were over or it was stopped, "
            "pruned or failed. It counts as not there yet at its last epoch. Runs are pruned because they do badly, so "
            "with a pruner the median is too optimistic.",
        ),
        ("early stopping", stopping),
        ("precision", _precision(frames)),
        ("pruner", frames.pruner),
    ]
