"""Can a small reader tell what means the same? Pairs of answers whose meaning is known, asked both ways.

``python -m studies.entailment smollm2-135m gemma3-270m`` prints a table of Markdown: of the pairs that mean the same, how
many were put together; of those that do not, how many apart; and the AUROC of the smaller of the two probabilities,
which needs no threshold. Semantic entropy over clusters by a reader is worth no more than this.
"""

from __future__ import annotations

import sys
from typing import Final

import numpy as np

from foureyes.maths.ranking import auroc
from foureyes.models.catalog import open_reader
from foureyes.models.entailment import Entailment, Pair
from foureyes.signals.entailment import AskedEntailment
from foureyes.types import Unscored

# Question, an answer, one that means the same, one that does not.
TRIPLES: Final = (
    ("What is the capital of Australia?", "Canberra", "It is Canberra.", "Sydney"),
    ("What is the capital of Australia?", "The capital is Canberra.", "canberra, in the ACT", "It is Melbourne."),
    ("Who wrote Hamlet?", "Shakespeare", "William Shakespeare", "Marlowe"),
    ("Who wrote Hamlet?", "It was written by Shakespeare.", "The Bard of Avon, Shakespeare", "Ben Jonson wrote it."),
    ("What is 7 times 6?", "42", "forty-two", "48"),
    ("What is 7 times 6?", "7 × 6 = 42", "The result is 42.", "7 × 6 = 36"),
    ("When did the war end?", "1945", "In the year 1945", "1918"),
    ("When did the war end?", "It ended in 1945.", "1945 was its last year.", "It ended in 1944."),
    ("Which planet is largest?", "Jupiter", "The largest is Jupiter.", "Saturn"),
    ("Is the number 9 prime?", "No", "It is not prime.", "Yes, it is."),
    ("Is the number 7 prime?", "Yes", "7 is a prime number.", "No, it is not."),
    ("Which gas do plants take in?", "CO2", "carbon dioxide", "oxygen"),
    ("What is the chemical symbol of gold?", "Au", "Its symbol is Au.", "Ag"),
    ("How many legs has a spider?", "8", "Eight legs", "six"),
    ("Did the team win the final?", "They won.", "Yes, they were victorious.", "They lost."),
    ("How did prices change?", "They rose by 5%.", "There was an increase of 5 percent.", "They fell by 5%."),
    ("Where does the Seine flow?", "Through Paris", "It runs through the French capital.", "Through London"),
    ("What language is spoken in Brazil?", "Portuguese", "They speak Portuguese.", "Spanish"),
    ("Who painted the Mona Lisa?", "Leonardo", "Leonardo da Vinci painted it.", "Michelangelo"),
    ("What is the boiling point of water?", "100 °C", "212 degrees Fahrenheit", "90 °C"),
)


def main() -> None:
    """Prints one row a model."""
    print(
        f"| reader | same, put together | different, kept apart | AUROC, {2 * len(TRIPLES)} pairs |\n|---|---|---|---|"
    )
    for name in sys.argv[1:]:
        print(f"| {name} | {' | '.join(judged(AskedEntailment(open_reader(name))))} |", flush=True)


def judged(entailment: Entailment) -> tuple[str, str, str]:
    """Shares and AUROC of one model, as text."""
    pairs = [(q, a, b) for q, a, *others in TRIPLES for b in others]
    different = np.arange(len(pairs)) % 2 == 1
    there = entailment.entails([Pair(q, a, b) for q, a, b in pairs])
    back = entailment.entails([Pair(q, b, a) for q, a, b in pairs])
    both = np.array([_smaller(one, other) for one, other in zip(there, back, strict=True)])
    area = auroc(-both, wrong=different)
    together, apart = int((both[~different] > 0.5).sum()), int((both[different] <= 0.5).sum())
    n = len(TRIPLES)
    return f"{together} of {n}", f"{apart} of {n}", f"{area.value:.2f} [{area.low:.2f}, {area.high:.2f}]"


def _smaller(one: float | Unscored, other: float | Unscored) -> float:
    if isinstance(one, Unscored) or isinstance(other, Unscored):
        raise SystemExit(f"a pair could not be read: {one}, {other}")
    return min(one, other)


if __name__ == "__main__":
    main()
