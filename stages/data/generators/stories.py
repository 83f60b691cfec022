"""Short stories of people who walk about and carry things, with a question each: SYNTHETIC, no person wrote them.

They ask six kinds of question that Weston et al. 2015 describe, in words and a world of our own: where somebody is,
where a thing is, where it was before, yes or no, how many things somebody carries, who has a thing. What a kind needs
is spread over one sentence (where somebody is) to all of those in which somebody gets or loses a thing (how many).

A line of `stories.jsonl`: story (its sentences), question, answer, kind, and facts: the numbers, from 1, of the
sentences that the answer rests on.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle, pairwise
from pathlib import Path

PEOPLE = ("Bruno", "Ines", "Lena", "Mina", "Oskar", "Tariq")
PLACES = ("garden", "harbour", "library", "market", "museum", "station")
THINGS = ("basket", "lamp", "letter", "map", "umbrella")
GO = ("went", "walked", "ran", "hurried")
TAKE = ("picked up", "took", "got")
DROP = ("put down", "left", "dropped")
GIVE = ("gave", "handed", "passed")
KINDS = {  # of questions, each with its answers
    "where is somebody": PLACES,
    "where is a thing": PLACES,
    "where was a thing": PLACES,
    "yes or no": ("yes", "no"),
    "how many": ("none", "one", "two", "three"),
    "who has a thing": ("nobody", *PEOPLE),
}
SENTENCES = (6, 14)  # of a story, the fewest and the most


@dataclass(frozen=True)
class Question:
    """A question, its answer, and the numbers of the sentences that the answer rests on."""

    text: str
    answer: str
    facts: tuple[int, ...]


@dataclass
class World:
    """Who and what is where, as far as it was told, and by which sentence."""

    place_of: dict[str, str] = field(default_factory=dict)  # of people
    moved: dict[str, int] = field(default_factory=dict)  # the sentence that told it
    holder: dict[str, str] = field(default_factory=dict)  # of things that are carried
    lying: dict[str, str] = field(default_factory=dict)  # places of things that were put down
    changed: dict[str, int] = field(default_factory=dict)  # the sentence that told who has a thing, or that it lies
    hands: dict[str, list[int]] = field(default_factory=dict)  # by person, the sentences in which they get or lose one
    stays: dict[str, list[tuple[str, tuple[int, ...]]]] = field(default_factory=dict)  # of things: places, and facts

    def go(self, person: str, place: str, number: int) -> None:
        """Move somebody, and what they carry."""
        self.place_of[person], self.moved[person] = place, number
        for thing, holder in self.holder.items():
            if holder == person:
                self._stay(thing)

    def take(self, person: str, thing: str, number: int) -> None:
        """Have somebody pick a thing up where they are."""
        self.lying.pop(thing, None)
        self._hold(person, thing, number)

    def give(self, person: str, thing: str, other: str, number: int) -> None:
        """Have somebody hand a thing to another person at the same place."""
        self.hands.setdefault(person, []).append(number)
        self._hold(other, thing, number)

    def drop(self, person: str, thing: str, number: int) -> None:
        """Have somebody leave a thing where they are."""
        del self.holder[thing]
        self.lying[thing], self.changed[thing] = self.place_of[person], number
        self.hands.setdefault(person, []).append(number)
        self.stays[thing][-1] = self.place_of[person], _facts(number, self.moved[person])

    def _hold(self, person: str, thing: str, number: int) -> None:
        self.holder[thing], self.changed[thing] = person, number
        self.hands.setdefault(person, []).append(number)
        self._stay(thing)

    def _stay(self, thing: str) -> None:
        """Note where a carried thing is now: by who has it, and where that person went."""
        person, stays = self.holder[thing], self.stays.setdefault(thing, [])
        place = self.place_of[person]
        if stays and stays[-1][0] == place:
            stays.pop()
        stays.append((place, _facts(self.changed[thing], self.moved[person])))


def questions(kind: str, world: World) -> Iterator[Question]:
    """Yield every question of a kind that a story answers."""
    ask = dict(zip(KINDS, (_where_people, _where_things, _where_before, _yes_or_no, _how_many, _who), strict=True))
    return ask[kind](world)


def _where_people(world: World) -> Iterator[Question]:
    for person, place in world.place_of.items():
        yield Question(f"Where is {person}?", place, (world.moved[person],))


def _where_things(world: World) -> Iterator[Question]:
    for thing, stays in world.stays.items():
        yield Question(f"Where is the {thing}?", *stays[-1])


def _where_before(world: World) -> Iterator[Question]:
    for thing, stays in world.stays.items():
        places = [place for place, _ in stays]
        for (before, earlier), (place, facts) in pairwise(stays):
            if places.count(place) == 1:
                yield Question(f"Where was the {thing} before the {place}?", before, _facts(*earlier, *facts))


def _yes_or_no(world: World) -> Iterator[Question]:
    for person, place in world.place_of.items():
        for asked in PLACES:
            yield Question(f"Is {person} in the {asked}?", "yes" if asked == place else "no", (world.moved[person],))


def _how_many(world: World) -> Iterator[Question]:
    for person, numbers in world.hands.items():
        carried = sum(holder == person for holder in world.holder.values())
        if carried < len(KINDS["how many"]):
            yield Question(f"How many things does {person} have?", KINDS["how many"][carried], _facts(*numbers))


def _who(world: World) -> Iterator[Question]:
    for thing, number in world.changed.items():
        yield Question(f"Who has the {thing}?", world.holder.get(thing, "nobody"), (number,))


def _facts(*numbers: int) -> tuple[int, ...]:
    return tuple(sorted(set(numbers)))


def tell(rng: random.Random) -> tuple[list[str], World]:
    """Return a story's sentences, and the world at its end."""
    world, sentences = World(), list[str]()
    for number in range(1, rng.randint(*SENTENCES) + 1):
        (choice,) = rng.choices((_go, _take, _give, _drop), weights=(4, 4, 2, 1))
        sentences.append(choice(rng, world, number) or _go(rng, world, number))
    return sentences, world


def _go(rng: random.Random, world: World, number: int) -> str:
    person = rng.choice(PEOPLE)
    place = rng.choice([place for place in PLACES if place != world.place_of.get(person)])
    world.go(person, place, number)
    return f"{person} {rng.choice(GO)} to the {place}."


def _take(rng: random.Random, world: World, number: int) -> str | None:
    free = [
        (person, thing)
        for person, place in world.place_of.items()
        for thing in THINGS
        if thing not in world.holder and world.lying.get(thing, place) == place
    ]
    if not free:
        return None
    person, thing = rng.choice(free)
    world.take(person, thing, number)
    return f"{person} {rng.choice(TAKE)} the {thing}."


def _drop(rng: random.Random, world: World, number: int) -> str | None:
    if not world.holder:
        return None
    thing = rng.choice(sorted(world.holder))
    person = world.holder[thing]
    world.drop(person, thing, number)
    return f"{person} {rng.choice(DROP)} the {thing}."


def _give(rng: random.Random, world: World, number: int) -> str | None:
    possible = [
        (thing, person, other)
        for thing, person in sorted(world.holder.items())
        for other, place in world.place_of.items()
        if other != person and place == world.place_of[person]
    ]
    if not possible:
        return None
    thing, person, other = rng.choice(possible)
    world.give(person, thing, other, number)
    return f"{person} {rng.choice(GIVE)} the {thing} to {other}."


def make(seed: int, count: int) -> Iterator[dict[str, object]]:
    """Yield `count` stories with a question each, the kinds in turn; of a kind all answers are about as frequent."""
    rng = random.Random(seed)
    for _, kind in zip(range(count), cycle(KINDS), strict=False):
        wanted, found = rng.choice(KINDS[kind]), list[Question]()
        while not found:
            sentences, world = tell(rng)
            found = [question for question in questions(kind, world) if question.answer == wanted]
        question = rng.choice(found)
        yield {
            "story": " ".join(sentences),
            "question": question.text,
            "answer": question.answer,
            "kind": kind,
            "facts": question.facts,
        }


def write(folder: Path, seed: int, count: int) -> None:
    """Write `stories.jsonl` into a folder."""
    with (folder / "stories.jsonl").open("w", encoding="utf-8") as file:
        for row in make(seed, count):
            file.write(json.dumps(row) + "\n")
