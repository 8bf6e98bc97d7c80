"""The words of the page and what they mean; the numbers in them come from where they are used."""

from dropout_lab.core.metrics.curves import DIVERGED, HORIZON_TAIL, LEARNED, TOLERANCE
from dropout_lab.report.load import Frames


def _precision(frames: Frames) -> str:
    used = sorted(set(frames.trials["precision"]))
    rest = "" if used == ["float32"] else ": that of the products; parameters, optimizer and losses are float32"
    return " and ".join(used) + rest


def _other(frames: Frames) -> str:
    return "baseline of its context" if frames.reference is None else f"trial {frames.reference}"


def definitions(frames: Frames) -> list[tuple[str, str]]:
    """Word and meaning, in the order of the page."""
    patience = sorted(frames.trials["patience"].dropna().unique())
    stopping = f"on, with a patience of {', '.join(f'{p:g}' for p in patience)} epochs" if patience else "off"
    return [
        (
            "seeds",
            f"A configuration is trained once per seed ({frames.seeds}). Seeds are replicates, never searched over; "
            "the same seeds serve every configuration, so differences are taken seed by seed.",
        ),
        (
            "best epoch",
            "The epoch with the lowest validation loss. Values without another word are at it, the test values too.",
        ),
        (
            "gap",
            "Loss: validation minus train. Accuracy: train minus validation, in percentage points (pp). Both with the "
            "same weights and dropout off; the train side is a fixed part of the training data, as large as the "
            "validation part unless trainer.gap_examples says otherwise.",
        ),
        (
            "baseline",
            "Rate 0 at every site, everything else in the context equal. It is trained once, whatever its placement.",
        ),
        (
            "interval",
            "A 95 % t interval over seeds, cut to what a mean can be: accuracies end at 0 and 100 %, losses at 0, "
            "which changes nothing of how often it covers. It covers what differs between seeds, not the choice of the "
            "data. Values that are the same for all seeds have no interval.",
        ),
        (
            "difference",
            f"Configuration minus {_other(frames)}, paired by seed, with the paired t test. p (Holm) is corrected for "
            "all configurations that were tested. The first screen has, as the configuration there was chosen for "
            "looking best, the interval that is simultaneous over all of them (Bonferroni); the tables have each for "
            "itself.",
        ),
        (
            "told from the best",
            "By the paired t test to the chosen configuration, one-sided, its p times the number of the other "
            "configurations (multiple comparisons with the best). That the best was chosen by the same seeds is "
            "accounted for: those that are not told from it, and itself, hold the truly best configuration with 95 % "
            "at least.",
        ),
        (
            "learned nothing",
            f"Of a run: its best validation loss is not below {LEARNED:g} times the chance level, that of always "
            "giving the same answer: the frequencies of the classes (or tokens) in the training part, each counted "
            "once more than it occurs; for a regression the mean. Of a configuration: half of its complete runs or "
            "more. Such configurations are not ranked.",
        ),
        (
            "diverged",
            f"Of a run: its train loss, dropout off, ends above {DIVERGED:g} times the chance level, or at the chance "
            f"level or above and at {DIVERGED:g} times its own lowest or more. A run that recovers has not "
            "diverged. A loss that is no number any more ends the run as failed.",
        ),
        (
            "epochs to convergence",
            f"The first epoch whose validation loss is within {100 * TOLERANCE:g} % of the run's own best. It depends "
            f"on how long the run was: with its best epoch in the last {100 * HORIZON_TAIL:g} % it still improved. "
            "A run that was stopped early has none.",
        ),
        (
            "epochs to target",
            "The first epoch whose validation loss is at or below the target, the median over the baseline's seeds of "
            "their best validation loss. Given as the Kaplan-Meier median, with the runs that got there in brackets.",
        ),
        (
            "censored",
            "A run that did not reach the target while it trained, because its epochs were over or it was stopped, "
            "pruned or failed. It counts as not there yet at its last epoch. Runs are pruned because they do badly, so "
            "with a pruner the median is too hopeful.",
        ),
        ("early stopping", stopping),
        ("precision", _precision(frames)),
        ("pruner", frames.pruner),
    ]
