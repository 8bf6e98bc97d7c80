"""Slips on the command line: the message says what to write."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from dropout_lab.app.slips import check_words, missing_member, unreadable, wrong_word
from dropout_lab.config.refusals import wrong_value
from dropout_lab.core.errors import UserError


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        (("rate", "=", "0.5"), "write rate=0.5"),
        (("rate=", "0.5"), "write rate=0.5"),
        (("rate", "=0.5"), "write rate=0.5"),
        (("rate =0.5",), "write rate=0.5"),
        (("rate=0.1,", "0.2,", "0.3", "seeds=2"), "write rate=0.1,0.2,0.3,"),
        (("rate=0.1,0.2,",), "write rate=0.1,0.2"),
        (("rate=\u22120.5",), "(U+2212); write rate=-0.5"),
        (("name=\u201cmy sweep\u201d",), "write name='my sweep'"),
        (("optimizer.lr=1e\u20133",), "(U+2013); write optimizer.lr=1e-3"),
        (("sampler.a=tag(log,interval(1e\u20115, \u22121))",), "write sampler.a=tag(log,interval(1e-5, -1))"),
        (("\u2013\u2013cfg", "job"), "(U+2013); write --cfg"),
        (("dataset.drop=[\u201ca b\u201d]",), "write dataset.drop=['a b']"),
        (("--rate", "0.5"), "without dashes: rate=0.5"),
        (("--rate=0.5",), "without dashes: rate=0.5"),
        (("--trainer.epochs", "seeds=2"), "without dashes: trainer.epochs=..."),
        (("rate=interval(0, 0.5, 0.1)",), "range(0,0.5,0.1)"),
        (("grids=[{rate:interval(0,0.5)}]",), "rate:[0.1,0.2]"),
        (("nonsense",), "key=value"),
    ],
)
def test_a_slip_is_answered_with_what_to_write(words: tuple[str, ...], instead: str) -> None:
    with pytest.raises(UserError) as refused:
        check_words(words)
    assert instead in str(refused.value)


@pytest.mark.parametrize(
    "words",
    [
        ("rate=0.5", "model.hidden=[64, 32]", "name='my sweep'", "~rate", "+foo=1", "hydra/launcher=joblib"),
        ("--cfg", "job", "rate=0.5", "--config-dir", "conf", "-cn=mine"),
        ("rate=0.5", "--info", "config"),
        ("rate=0.5", "--info"),
        ("rate=tag(log,interval(0.1,0.5))", "placement.weights={input:0.4},{hidden.*:1.0}"),
        ("name=caf\u00e9\u2013bar",),
        ("name=a\u20131", "name=2020\u20132021", "dataset.target=Customer\u2019s age"),
        ('dataset.drop=["Customer\u2019s age"]', "dataset.drop=['\u201cquoted\u201d','\u20131']"),
    ],
)
def test_what_hydra_understands_passes(words: tuple[str, ...]) -> None:
    check_words(words)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (
            "rate",
            "[0.1,0.2]",
            "dropping; several values are compared by: dropout-lab sweep rate=0.1,0.2",
        ),
        ("rate", "50%", "write rate=0.5"),
        ("rate", "null", "rate=null: must be at least 0 and below 1"),
        ("rates", "0.1", "did you mean rate=0.1?"),
        ("dropouts", "spatial", "did you mean dropout=spatial?"),
        ("seeds", "[1,2]", "seeds=2 trains the seeds 0 and 1"),
        ("trainer.epochs", "1e3", "write trainer.epochs=1000"),
        ("trainer.batch_size", 8.0, "int(interval(8,64))"),
        ("trainer.l1", "abc", "must be a finite number of at least 0, or null"),
        ("baseline", "maybe", "true or false"),
    ],
)
def test_a_value_of_another_type_is_answered_with_what_to_write(key: str, value: object, said: str) -> None:
    assert said in str(wrong_value(key, value))


def test_what_was_typed_last_is_quoted() -> None:
    assert wrong_word(("rate=0.5", "++rates=0.1", "rate=50%"), "rate") == wrong_value("rate", "50%")
    assert wrong_word(("rate=0.5",), "seeds") is None
    assert wrong_value("model.width", "x") is None  # the signature of the model says what that may be


def test_brackets_that_are_not_closed() -> None:
    assert "a [ is not closed" in unreadable("rate=[0.1")
    assert "key=value" in unreadable("a b=3")


def test_a_launcher_without_its_package() -> None:
    assert "pip install hydra-submitit-launcher" in missing_member("hydra/launcher", "submitit_slurm", ["basic"])
    assert "did you mean mlp?" in missing_member("model", "mpl", ["cnn", "mlp"])


def test_a_percentage_that_is_no_number_is_refused_without_a_guess() -> None:
    said = wrong_value("rate", "1.2.3%")
    assert said is not None
    assert "write" not in said


@pytest.mark.parametrize(
    ("typed", "instead"),
    [
        (
            "++rates.layer3.*=0.1,0.2",
            "a key cannot hold *; write 'rates={layer3.*:0.1},{layer3.*:0.2}'; a family or a last name needs no sign:"
            " rates.hidden=0.1,0.2",
        ),
        ("++rates.conv?=interval(0,0.5)", "a key cannot hold ?; write 'rates={conv?:...}'; "),
        ("placement.weights.hidden.*=0.5", "a key cannot hold *; write 'placement.weights={hidden.*:0.5}'; "),
        ("++optimizer.groups.*.bias.lr=0.1", "a key cannot hold *; write 'optimizer.groups={*.bias:{lr:0.1}}'"),
    ],
)
def test_a_pattern_in_a_key_is_answered_with_the_mapping(typed: str, instead: str) -> None:
    assert unreadable(typed).startswith(f"{typed.removeprefix('++')}: {instead}")


@pytest.mark.parametrize("word", ["rates={layer3.*:0.1},{layer3.*:0.2}", "optimizer.groups={*.bias:{lr:0.1}}"])
def test_the_mappings_it_offers_can_be_typed(word: str) -> None:
    OverridesParser.create().parse_override(f"++{word}")
