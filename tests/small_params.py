"""What a small params.yaml of a test needs beside what the test is about: params.yaml has a section for every task."""

EMPTY = {
    "classification": "{datasets: [], training: {}, models: {majority: {}}}",
    "generation": "{datasets: [], seeds: [1], training: {}, models: {ngram: {}}}",
    "forecasting": "{datasets: [], training: {}, models: {naive: {}}}",
    "seq2seq": "{datasets: [], seeds: [1], training: {}, models: {copy: {}}}",
}


def others(task: str) -> str:
    """Return the sections of all tasks but one, a line each, without a dataset."""
    return "".join(f"{name}: {section}\n" for name, section in EMPTY.items() if name != task)
