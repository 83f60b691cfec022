"""The answers to the questions of the generator `stories`, worked out anew from what the sentences say.

It reads words and shares nothing with the generator: an error there must not hide itself.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

GO = re.compile(r"(\w+) (?:went|walked|ran|hurried) to the (\w+)\.")
TAKE = re.compile(r"(\w+) (?:picked up|took|got) the (\w+)\.")
DROP = re.compile(r"(\w+) (?:put down|left|dropped) the (\w+)\.")
GIVE = re.compile(r"(\w+) (?:gave|handed|passed) the (\w+) to (\w+)\.")
COUNTS = ("none", "one", "two", "three", "four", "five")


@dataclass
class Told:
    """What sentences have said so far."""

    person_at: dict[str, str] = field(default_factory=dict)
    holder: dict[str, str | None] = field(default_factory=dict)  # of things: none if it was put down
    seen: dict[str, list[str]] = field(default_factory=dict)  # of things: the places where it was, in their order

    def hear(self, sentence: str) -> bool:
        """Take a sentence in; return whether it can be."""
        for pattern, event in ((GO, self._go), (TAKE, self._take), (DROP, self._drop), (GIVE, self._give)):
            if (match := pattern.fullmatch(sentence)) is not None:
                possible = event(*match.groups())
                self._see()
                return possible
        return False

    def _go(self, person: str, place: str) -> bool:
        self.person_at[person] = place
        return True

    def _take(self, person: str, thing: str) -> bool:
        here = self.person_at.get(person)
        possible = here is not None and self.holder.get(thing) is None and self.seen.get(thing, [here])[-1] == here
        self.holder[thing] = person
        return possible

    def _drop(self, person: str, thing: str) -> bool:
        possible = self.holder.get(thing) == person
        self.holder[thing] = None
        return possible

    def _give(self, person: str, thing: str, other: str) -> bool:
        possible = self.holder.get(thing) == person and self.person_at.get(person) == self.person_at.get(other)
        self.holder[thing] = other
        return possible

    def _see(self) -> None:
        """Note where things are that somebody carries."""
        for thing, person in self.holder.items():
            place = None if person is None else self.person_at.get(person)
            if place is not None and self.seen.setdefault(thing, [])[-1:] != [place]:
                self.seen[thing].append(place)


def replay(sentences: Sequence[str], question: str) -> str | None:
    """Return the answer, or None where the sentences do not tell it, or cannot be."""
    told = Told()
    return _answer(question, told) if all(map(told.hear, sentences)) else None


def _answer(question: str, told: Told) -> str | None:
    person_at, holder, seen = told.person_at, told.holder, told.seen
    if (match := re.fullmatch(r"Where was the (\w+) before the (\w+)\?", question)) is not None:
        places = seen.get(match[1], [])
        return places[places.index(match[2]) - 1] if match[2] in places[1:] else None
    if (match := re.fullmatch(r"Where is the (\w+)\?", question)) is not None:
        return seen.get(match[1], [None])[-1]
    if (match := re.fullmatch(r"Where is (\w+)\?", question)) is not None:
        return person_at.get(match[1])
    if (match := re.fullmatch(r"Is (\w+) in the (\w+)\?", question)) is not None:
        return None if match[1] not in person_at else "yes" if person_at[match[1]] == match[2] else "no"
    if (match := re.fullmatch(r"How many things does (\w+) have\?", question)) is not None:
        return COUNTS[sum(person == match[1] for person in holder.values())]
    if (match := re.fullmatch(r"Who has the (\w+)\?", question)) is not None and match[1] in holder:
        return holder[match[1]] or "nobody"
    return None
