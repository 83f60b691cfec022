"""What an entry of questions would be, from the first rows of a table."""

from stages.tasks.classification.guess import split_choices, tokenizer_choices
from stages.tasks.guess import Column, Guess, Sample, column_for, named

TEXTS = ("story", "context", "passage", "paragraph", "article", "document", "text")
QUESTIONS = ("question", "query")
ANSWERS = ("answer", "label", "class", "target")
KINDS = ("kind", "type", "category")
FACTS = ("facts", "supporting_facts", "evidence")
MOST_DIFFERENT = 0.2  # answers, as a share of the rows: of more, hardly any would come again


def suits(sample: Sample) -> int:
    """Return how well data suit: a text, a question and an answer out of a few, by the names of the columns."""
    if "reading.question" in sample.given:
        return 4
    text, question, answer = (named(sample.columns, names) for names in (TEXTS, QUESTIONS, ANSWERS))
    if text is None or question is None or answer is None:
        return 0
    return 4 if 2 <= answer.distinct <= max(2, MOST_DIFFERENT * len(answer.texts)) else 0


def guess(sample: Sample) -> Guess:
    """Return the entry.

    Raises:
        Undecided: it is not clear which column holds what.
    """
    text = column_for(sample, "reading.text", TEXTS, "is what is asked about", None)
    question = column_for(sample, "reading.question", QUESTIONS, "holds the questions", None)
    answer = column_for(sample, "reading.label", ANSWERS, "holds the answers", None)
    choices = [
        sample.choose("reading.text", text.name, "what is asked about"),
        sample.choose("reading.question", question.name, "the questions"),
        sample.choose("reading.label", answer.name, f"{answer.distinct} different answers"),
    ]
    for key, names, because in (("kind", KINDS, "results are shown by it"), ("facts", FACTS, "what answers rest on")):
        column = named(sample.columns, names)
        if column is None or column in (text, question, answer):
            continue
        if key == "kind" or column.texts.str.fullmatch(r"[\d\s,;.\[\]]+").all():
            choices.append(sample.choose(f"reading.{key}", column.name, because))
    together = Column("text", question.texts + " " + text.texts.reindex(question.texts.index).fillna(""))
    return Guess((*choices, *sample.part_remarks(), *split_choices(sample), *tokenizer_choices(sample, together)))
