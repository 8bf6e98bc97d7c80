"""The terms of the page and their meanings; the numbers come from the code that uses them."""

from dropout_lab.core.metrics.curves import DIVERGED, HORIZON_TAIL, LEARNED, TOLERANCE
from dropout_lab.core.metrics.metric import BEST_BY
from dropout_lab.report.answer.rows import EPOCHS
from dropout_lab.report.answer.scope import folds, is_undivided, is_weighted
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import is_maximised, title
from dropout_lab.report.statistics import ALPHA
from dropout_lab.report.topics.differences.comparisons import POINTS


def _precision(frames: Frames) -> str:
    used = sorted(set(frames.trials["precision"]))
    rest = "" if used == ["float32"] else " for the products; parameters, optimizer and losses are float32"
    return " and ".join(used) + rest


def _other(frames: Frames) -> str:
    return "baseline of its context" if frames.reference is None else f"trial {frames.reference}"


def _margin() -> str:
    return f"{100 * TOLERANCE:g} % of the reference's loss, or {POINTS:g} percentage points of accuracy."


def _division(frames: Frames) -> str:
    if is_undivided(frames):
        return "all seeds have the same validation part, and the intervals do not cover another one"
    if (count := folds(frames)) is not None:
        return (
            f"each seed validates on one of {count} folds, which are drawn anew for every {count} seeds. The runs of a "
            "repetition share training examples, as those of random divisions do"
        )
    return "each seed divides it anew"


def _accuracy(frames: Frames) -> list[tuple[str, str]]:
    if not frames.is_multilabel:
        return []
    return [
        (
            "accuracy",
            "The share of right labels, over all examples and labels: 1 less the Hamming loss. A label is predicted "
            "where its probability is above 1/2. Where few examples have a label, this share is high without any "
            "learning. The loss is the mean over labels of the binary cross-entropy.",
        )
    ]


def _weighted_loss(frames: Frames) -> list[tuple[str, str]]:
    if not is_weighted(frames):
        return []
    return [
        (
            "loss",
            "Weighted by class (dataset.class_weight), in training, validation and test: the sum of weight times "
            "cross-entropy over the sum of the weights, which are those of the seed's training part. Accuracy and "
            "calibration error are not weighted.",
        )
    ]


def _best(frames: Frames) -> str:
    if frames.best_by is None:
        return "best value of trainer.best, which is swept"
    most = "highest" if is_maximised(frames.best_by) else "lowest"
    return f"{most} {title(frames.best_by)}{'' if frames.best_by == BEST_BY else f' (trainer.best={frames.best_by})'}"


def _flattered(frames: Frames) -> str:
    if frames.best_by == BEST_BY:
        return "the validation loss; How sure has an upper bound of the bias."
    what = "what chooses it" if frames.best_by is None else f"the {title(frames.best_by)}"
    return f"{what}; how much is not estimated."


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
            "estimand",
            f"Values and differences are about this data set, on average over seeds; {_division(frames)}. "
            "The intervals do not cover other data sets of the same kind, whose training examples differ.",
        ),
        (
            "best epoch",
            f"The epoch with the {_best(frames)}. All values are at this epoch unless stated otherwise, test values "
            f"included. Choosing it by the validation part flatters {_flattered(frames)}",
        ),
        (
            "chance",
            "A metric's value for a network that ignores its inputs and always answers with the frequencies of the "
            "classes in the training part, or with its mean: in accuracy, the share of the most frequent class. It "
            "stands beside the metric wherever that was recorded.",
        ),
        (
            "gap",
            "Loss: validation minus train. Accuracy: train minus validation, a fraction in the files and shown in "
            "percentage points (pp). Both sides use the same weights, with dropout off. The train side is a fixed part "
            "of the training data, as large as the validation part unless trainer.gap_examples is set.",
        ),
        (
            "baseline",
            "Rate 0 at every site, with all other settings of the context equal. It is trained once for all "
            "placements.",
        ),
        *_weighted_loss(frames),
        *_accuracy(frames),
        (
            "interval",
            "A 95 % t interval over seeds. That of a mean is cut to its possible range (accuracies end at 0 and 100 %, "
            "losses at 0), which does not change its coverage. Values that are equal for all seeds have no interval.",
        ),
        (
            "difference",
            f"Configuration minus {_other(frames)}, paired by seed, with the paired t test. p (Holm) is corrected for "
            "all configurations that were tested. Intervals in tables are of single comparisons.",
        ),
        (
            "simultaneous interval",
            "All of them hold together with 95 % (Bonferroni, sharpened to agree with Holm's test). The first screen "
            "uses it for validation, because the configuration there was chosen for looking best.",
        ),
        (
            "test interval",
            "A 95 % interval on the held-out test set. Where predictions are recorded, it covers new seeds and new "
            "test examples in loss and accuracy; elsewhere, and in other metrics, new seeds alone.",
        ),
        (
            "better, worse",
            "On the first screen: the 95 % interval of the difference excludes 0. Inconclusive: none of the other "
            "three is shown.",
        ),
        (
            "no worse",
            f"The 95 % interval excludes a harm of the margin: {_margin()} For epochs, the margin is "
            f"{100 * EPOCHS:g} % of the epochs of what it is compared with. Where no dropout is as good as any, its "
            "word in the objective is that of the one-sided tests of the answer.",
        ),
        (
            "confidence set",
            "The configurations that may be the best. It contains the truly best one with at least 95 %, and accounts "
            "for choosing by the same seeds (multiple comparisons with the best).",
        ),
        (
            "significantly worse than the best",
            "Outside the confidence set: a paired t test shows it to be worse than the best (p times the number of "
            f"others, for both directions and two families of tests, below {ALPHA:g}) or than its baseline (Holm). The "
            "others are statistically indistinguishable from the best, which does not mean equivalent.",
        ),
        (
            "equivalence",
            "The difference is shown to be smaller than the margin in both directions, by two one-sided t tests, "
            f"corrected by Holm. The margin: {_margin()}",
        ),
        (
            "learned nothing",
            f"A run: its best validation loss is not below {LEARNED:g} times the chance level. A configuration: half "
            "or more of its complete runs learned nothing; it is not ranked. The chance level is the loss of always "
            "predicting the frequencies of the classes, tokens or labels in the training part, for regression the mean "
            "of each output. Each class is counted once more than it occurs, times its weight in the loss.",
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
