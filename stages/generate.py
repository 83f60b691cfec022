"""A trained model → the samples by which models that generate are compared in the report."""

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.runtime.command import run
from stages.runtime.files import write_json
from stages.runtime.jax_setup import prepare_jax
from stages.tasks.discovery import find_task


def generate(dataset: Dataset, model: str) -> None:
    """Have a trained model generate samples, and measure them.

    Raises:
        UserError: the dataset's task has no samples.
    """
    prepare_jax()
    task = find_task(dataset.task)
    samples = task.generate(task.load(dataset.model(model)), dataset)
    write_json(dataset.report("generate", model), samples.report)
    write_json(dataset.report("examples", model), samples.examples)
    write_json(dataset.report("timings/generate", model), samples.timings, digits=3)
    print(f"{dataset.name}-{model}: {samples.summary}")


def main(dataset: str, model: str) -> None:
    """Have a trained model generate samples, and measure them."""
    generate(Dataset.find(Paths(), dataset), model)


if __name__ == "__main__":
    run(main)
