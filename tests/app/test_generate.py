"""The command that generates text, from small saved models: options, prompts, and what is refused in which words."""

import pytest

from stages.app.generate import generate
from stages.config.dataset import Dataset
from stages.runtime.errors import UserError
from stages.tasks.generation.sampling import Strategy
from tests.app.small import make_project, run_program

pytestmark = pytest.mark.xdist_group("keras")

TEXT = "the cat sat on the mat.\nthe dog sat on the cat.\n" * 100
MODELS = {
    "ngram": {"order": 4},
    "deconv": {"filters": 8, "latent": 4, "chunk_length": 16, "embedding": 4, "epochs": 1},
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Dataset:
    entry, training = {"window": {"length": 32}}, {"min_steps": 1, "batch_size": 8, "steps_per_epoch": 2}
    root = tmp_path_factory.mktemp("project")
    return make_project(root, "generation", {"play.txt": TEXT}, entry, MODELS, training)


@pytest.fixture
def ask(dataset, capsys):
    """Call `generate`; return what it printed to standard output and error."""

    def call(length: int = 30, prompt: str = "\n", model: str = "ngram", strategy: Strategy | None = None, **options):
        generate(dataset.paths, "mine", model, prompt, strategy or Strategy(0.8), length, **options)
        return capsys.readouterr()

    return call


def test_the_same_seed_generates_the_same_text_streamed_or_not(ask):
    whole, streamed = ask(80, seed=7), ask(80, seed=7, stream=True)
    assert whole == streamed and len(whole.out) == 81
    assert ask(80, seed=8).out != whole.out


@pytest.mark.parametrize("strategy", [Strategy(0), Strategy(0.8, top_k=1), Strategy(0.8, top_p=0.001)])
def test_strategies_without_randomness(ask, strategy):
    assert len({ask(strategy=strategy, seed=seed).out for seed in (1, 2)}) == 1


def test_a_beam_has_no_randomness(ask):
    assert len({ask(beam=3, seed=seed).out for seed in (1, 2)}) == 1


@pytest.mark.parametrize("strategy", [Strategy(2), Strategy(0.8, top_k=3), Strategy(0.8, top_p=0.9)])
def test_strategies_that_draw(ask, strategy):
    texts = [ask(60, strategy=strategy, seed=seed).out for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_unknown_characters_of_a_prompt_are_named(ask):
    assert "read as unknown, because train holds none: 'C', 'é'" in ask(5, "thé Cat").err


def test_a_model_of_chunks(ask):
    assert len(ask(40, model="deconv").out) == 41
    with pytest.raises(UserError, match="deconv generates whole chunks at once: --beam is for models that"):
        ask(model="deconv", beam=3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prompt": ""}, "--prompt is empty"),
        ({"length": 0}, "--length is 0: it must be 1 or more"),
        ({"beam": 0}, "--beam is 0: it must be 1 or more"),
        ({"seed": -1}, "--seed is -1: it must be 0 or more"),
        ({"replica": 9}, "has no run with seed 9: valid: 1"),
    ],
)
def test_what_is_refused(ask, options, message):
    with pytest.raises(UserError, match=message):
        ask(**options)


def test_as_a_command(dataset):
    root = dataset.paths.root
    run = run_program(root, "generate", "mine", "ngramm")
    assert run.returncode == 1 and b"did you mean 'ngram'?" in run.stderr and b"Traceback" not in run.stderr
    run = run_program(root, "generate", "mine", "ngram", "--top-p", "1.5")
    assert run.returncode == 1 and run.stderr.startswith(b"error: --top-p is 1.5: it must lie above 0")
    run = run_program(root, "generate", "mine", "ngram", "--prompt", "the", "--length", "12", "--temperature", "0")
    assert (run.returncode, len(run.stdout)) == (0, 13)
