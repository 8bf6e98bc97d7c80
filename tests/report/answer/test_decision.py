"""One table of cases: what is said of a sweep never contradicts itself, over sweeps drawn at random."""

import json
import re
import shlex
from collections import Counter
from collections.abc import Iterator

import pytest

from dropout_lab.report.answer.decision import Verdict
from dropout_lab.report.answer.next import RULES
from dropout_lab.report.answer.rows import WORDS
from dropout_lab.report.answer.sets import avoided, confidence_set
from dropout_lab.report.spelling import is_maximised
from dropout_lab.report.statistics import power
from dropout_lab.report.write.machine import as_json
from tests.report.answer.generated import FOLDER, Drawn, drawn
from tests.report.answer.style import check, sentences

QUICK, CHUNK, CHUNKS = 24, 150, 4
"""`python -m tests.report.answer.test_decision` checks 20 chunks, some 20 minutes of one idle core."""

DECIDED = {"wait", "learning rate", "failed runs", "finish", "longer", "widen", "lower rate", "use"}
UNDECIDED = DECIDED - {"widen", "lower rate", "use"} | {"more seeds", "simplest"}


@pytest.fixture(autouse=True)
def _short_plans(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The exact table of power is ten times shorter: what it says is tested elsewhere, and it takes longest here."""
    monkeypatch.setitem(power.__globals__, "TABULATED", 30)
    table = power.__globals__["_detectable"]
    table.cache_clear()
    yield
    table.cache_clear()  # or other tests in this process would plan by the short one


def test_the_answers_of_some_sweeps_are_consistent_and_of_every_kind() -> None:
    """Which verdicts and actions 24 of them have; thousands have all."""
    seen = check_all(range(QUICK), folded=False)
    assert len({verdict for verdict, _ in seen}) >= 5
    assert len({rule for _, rule in seen}) >= 6


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_answers_of_hundreds_of_sweeps_are_consistent(chunk: int) -> None:
    """The folded sentences of every fifth are read, too."""
    first = 1000 + chunk * CHUNK
    check_all(range(first, first + CHUNK // 5), folded=True)
    verdicts = check_all(range(first + CHUNK // 5, first + CHUNK), folded=False)
    assert {Verdict.BETTER, Verdict.UNDECIDED, Verdict.NO_REFERENCE, Verdict.NONE} <= {one for one, _ in verdicts}


def check_all(draws: range, folded: bool) -> Counter[tuple[Verdict, str]]:
    """Which verdicts and next actions they have."""
    seen: Counter[tuple[Verdict, str]] = Counter()
    for draw in draws:
        sweep = drawn(draw, folded)
        found = list(contradictions(sweep))
        assert not found, f"sweep {draw}: {found}\n{sweep.answer}"
        seen[sweep.answer.decision.verdict, sweep.answer.next.rule] += 1
    return seen


def contradictions(sweep: Drawn) -> Iterator[str]:
    """Everything in the answer of a sweep that does not agree with the rest of it."""
    yield from _of_the_verdict(sweep)
    yield from _of_the_sets(sweep)
    yield from _of_the_rows(sweep)
    yield from _of_the_action(sweep)
    yield from _of_the_file(sweep)
    for text in sentences(sweep.answer):
        yield from check(text)


def _of_the_verdict(sweep: Drawn) -> Iterator[str]:
    answer, choice = sweep.answer, sweep.evidence.choice
    decision, headline = answer.decision, answer.headline
    verdict = decision.verdict
    if verdict.is_decided != (decision.use is not None):
        yield "decided without something to use, or the reverse"
    if verdict.is_decided and re.search("(?i)not decided|nothing", headline):
        yield "the headline does not know that it is decided"
    if verdict in (Verdict.UNDECIDED, Verdict.ONE_SEED) and "ot decided yet" not in headline:
        yield "the headline does not say that nothing is decided"
    if (verdict is Verdict.NONE) != (choice.best is None):
        yield "a best one without a verdict, or the reverse"
    if not answer.state.is_over and verdict is not Verdict.NONE and not headline.startswith("So far: "):
        yield "unfinished, but not so far"
    if answer.state.is_over and headline.startswith("So far"):
        yield "so far, but finished"
    if answer.state.name == "failed" and re.search(r"\byet\b", headline):
        yield "all failed is final"
    wanted = choice.best if verdict is Verdict.BETTER else choice.reference
    if decision.use is not None and (wanted is None or decision.use["trial"] != wanted["trial"]):
        yield "neither the best nor the reference is to be used"


def _of_the_sets(sweep: Drawn) -> Iterator[str]:
    found, answer = sweep.evidence, sweep.answer
    decision = answer.decision
    good, bad = confidence_set(found), avoided(found, decision)
    if good & bad:
        yield "plausible and to be avoided"
    if decision.use is not None and int(decision.use["trial"]) not in good:
        if decision.verdict is not Verdict.AS_GOOD:
            yield "to be used, but not in the confidence set"
        elif found.choice.is_significant:
            yield "as good, but significantly worse"
    if decision.use is not None and decision.use["trial"] in bad:
        yield "to be used and to be avoided"
    worse: list[bool] = (
        found.table[[f"{found.objective}_p_holm"]].lt(0.05).to_numpy()[:, 0].tolist() if len(found.table) else []
    )
    sign = 1 if is_maximised(found.objective) else -1
    whole = found.choice.reference is not None and found.choice.reference["whole"]
    offs: list[float] = found.table[f"{found.objective}_diff"].tolist() if len(found.table) else []
    for trial, off, significant in zip(found.table["trial"], offs, worse, strict=True):
        if whole and significant and sign * off < 0 and trial in good:
            yield f"trial {trial} is significantly worse and in the confidence set"
    reference, best = found.choice.reference, found.choice.best
    without = set(found.table.loc[found.table["baseline"], "trial"])
    if decision.verdict is Verdict.BETTER and found.frames.reference is None and good & without:
        yield "dropout helps, but without it may be the best"
    if decision.verdict is Verdict.REFERENCE and decision.rivals is not None and good & set(decision.rivals["trial"]):
        yield "dropout hurts, but with it may be the best"
    if reference is None or best is None or reference["trial"] == best["trial"] or not reference["whole"]:
        pass
    elif (reference["trial"] not in good) != found.choice.is_significant:
        yield "the test of the best and the confidence set do not agree on the reference"
    rates = found.tables["best_rates"]
    if found.frames.seeds > 1 and answer.plausible.startswith("No other") != (len(good) == 1 < found.choice.whole):
        yield "the sentence of the plausible does not have their number"
    for row in rates.to_dict("records"):
        if row["best"] and not row["in_set"]:
            yield "the best rate is not in the set of rates"


def _of_the_rows(sweep: Drawn) -> Iterator[str]:
    answer, found = sweep.answer, sweep.evidence
    for row in answer.rows:
        if row.word not in ("", *WORDS) or bool(row.word) != (row.other != "–" and "perplexity" not in row.label):
            yield f"the word of {row.metric}: {row.word}"
    mine = [row for row in answer.rows if row.metric == found.objective]
    if found.choice.best is not None and len(mine) != 1:
        yield "the objective has no row, or two"
    for row in mine:
        choice, sign = found.choice, 1 if is_maximised(found.objective) else -1
        gap, is_reference = choice.beside_difference, choice.difference is None
        shown = gap is not None and gap.p < 0.05 and sign * gap.mean > 0
        if (row.word == "better") != shown:
            yield f"the word of the objective is {row.word!r}, its test says otherwise"
        if answer.decision.verdict is Verdict.BETTER and row.word != "better":
            yield "dropout helps, but the objective is not better"
        if row.word == "worse":
            yield "the best is worse in what it was chosen by"
        is_open = answer.decision.verdict in (Verdict.UNDECIDED, Verdict.AS_GOOD)
        if is_open and row.word == "better" and not is_reference and answer.decision.elsewhere is None:
            yield "better, but not decided"


def _of_the_action(sweep: Drawn) -> Iterator[str]:
    answer, frames = sweep.answer, sweep.evidence.frames
    rule, command = answer.next.rule, answer.next.command
    if rule not in {one.name for one in RULES} | {"more seeds", "simplest"}:
        yield f"no such rule: {rule}"
    decided = answer.decision.verdict.is_decided
    if decided and rule not in DECIDED:
        yield f"decided, but next is {rule}"
    if answer.decision.verdict is Verdict.UNDECIDED and rule not in UNDECIDED:
        yield f"undecided, but next is {rule}"
    words = shlex.split(command)
    if words[:1] != ["dropout-lab"] or words[1] not in ("sweep", "train", "report", "export"):
        yield f"no command: {command}"
    recorded = str(frames.asked.get("command") or f"dropout-lab sweep folder={shlex.quote(str(FOLDER))}")
    is_same = command == recorded
    if rule in ("finish", "again") and not is_same:
        yield "the same command is another one"
    if rule in ("no dropout", "more seeds", "longer", "widen", "dropout") and is_same and rule != "failed runs":
        yield f"{rule}: the command does not change"
    keys = [word.partition("=")[0].lstrip("+") for word in words[2:] if "=" in word]
    if len(keys) != len(set(keys)):
        yield f"a key twice: {command}"
    for word in words[2:]:
        key, _, value = word.partition("=")
        parts = value.split(",") if "(" not in value else []
        if key in ("rate", "seeds", "trainer.epochs", "optimizer.lr") and len(parts) != len(set(parts)):
            yield f"a value twice: {word}"
    if words[1] == "train" and int(words[-1]) not in set(frames.trials["trial"]):
        yield f"no such trial: {command}"
    seeds = re.search(r"\bseeds=(\d+)", command)
    if rule == "more seeds" and (seeds is None or int(seeds[1]) <= frames.seeds):
        yield f"no more seeds: {command}"


def _of_the_file(sweep: Drawn) -> Iterator[str]:
    content = json.loads(as_json(sweep.evidence, sweep.answer))
    answer, mine = sweep.answer, content["answer"]
    use = answer.decision.use
    verdict = answer.decision.verdict
    if mine["verdict"] != verdict.name.lower() or mine["is_decided"] != verdict.is_decided:
        yield "report.json has another verdict"
    if mine["use"] != (None if use is None else use["trial"]):
        yield "report.json uses another trial"
    if content["sentences"]["headline"] != answer.headline or content["next"]["command"] != answer.next.command:
        yield "report.json has another sentence"
    if [row["word"] for row in content["rows"]] != [row.word for row in answer.rows]:
        yield "report.json has other words"
    names = dict(zip(sweep.evidence.table["trial"], sweep.evidence.table["name"], strict=True))
    if sorted(mine["confidence_set"]) != sorted(names[trial] for trial in confidence_set(sweep.evidence)):
        yield "report.json has another confidence set"


if __name__ == "__main__":
    for each in range(20):
        for part, is_folded in ((CHUNK // 5, True), (CHUNK, False)):
            begin = 1000 + each * CHUNK + (0 if is_folded else CHUNK // 5)
            print(each, check_all(range(begin, 1000 + each * CHUNK + part), folded=is_folded))
