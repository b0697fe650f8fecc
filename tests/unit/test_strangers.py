"""Where a candidate's quality comes from, and that a decision says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from heimdall_litellm.core.candidates import build_candidates
from heimdall_litellm.core.decision import decide
from heimdall_litellm.core.explain import to_dict
from heimdall_litellm.core.quality import PriceClasses
from heimdall_litellm.core.strangers import Expectations
from heimdall_litellm.core.types import Basis, CatalogEntry, Effort, EffortSpec, RequestFacts
from tests.support import entry, field, knowledge, policy, same_name, table

PLAIN = table({"a": [0.2, 0.2], "b": [0.8, 0.8], "c": [0.9, 0.9]})
COUNT = np.array([[0, 0], [3, 0], [0, 0]], np.float32)
CLASSES = PriceClasses(np.array([1, 4, 16], np.float32), np.array([[0.3], [0.5], [0.6]], np.float32) * [1, 1])
KNOWN = replace(
    PLAIN, count=COUNT, price_classes=replace(CLASSES, quality=CLASSES.quality.astype(np.float32))
)
UNKNOWN = float(np.quantile(KNOWN.shrunk(), 0.3, axis=0)[1])


@pytest.mark.parametrize(
    ("one", "known_as", "kin", "basis", "quality"),
    [
        (entry("x", quality_override=0.4), "a", None, "user", 0.4),
        (entry("x"), "a", None, "published", 0.2),
        (entry("x"), "b", None, "outcomes", float(KNOWN.shrunk()[1, 1])),
        (entry("x"), None, "c", "family", 0.9),
        (entry("x"), "no row of it", "c", "family", 0.9),
        (entry("x", 9.0, 4.0), None, "a", "family", 0.5),
        (entry("x", 9.0, 4.0), None, "c", "family", 0.9),
        (entry("x", 9.0, 4.0), None, None, "price-class", 0.5),
        (entry("x", None, 2.0), None, None, "price-class", 0.4),
        (entry("x", 9.0, 0.0), None, None, "price-class", 0.3),
        (entry("x", 9.0, 1e9), None, "no row of it", "price-class", 0.6),
        (entry("x", 9.0, None), None, None, "unknown", UNKNOWN),
    ],
)
def test_the_most_certain_source_speaks(
    one: CatalogEntry, known_as: str | None, kin: str | None, basis: Basis, quality: float
) -> None:
    found = Expectations.of_table(KNOWN).of(one, known_as, kin)
    assert found.basis == basis
    assert found.quality[1] == pytest.approx(quality, abs=1e-6)


def test_without_price_classes_a_stranger_is_taken_for_one_in_the_lower_third_whatever_it_costs() -> None:
    expectations = Expectations.of_table(PLAIN)
    found = [expectations.of(entry("x", usd, usd), None, None) for usd in (0.0, 1.0, 1e5, None)]
    assert {one.basis for one in found} == {"unknown"}
    assert len({one.quality.tobytes() for one in found}) == 1


def test_what_is_known_of_a_model_is_not_touched_by_price_classes() -> None:
    names = ("a", "b", "c")
    with_classes = field([entry(name) for name in names], KNOWN, policy({"cheap": names}))
    without = field(
        [entry(name) for name in names], replace(KNOWN, price_classes=None), policy({"cheap": names})
    )
    assert (with_classes.quality == without.quality).all()
    assert (with_classes.quality == KNOWN.shrunk()).all()


def test_an_older_version_is_asked_only_for_strangers_and_lends_its_lengths() -> None:
    asked = []

    def kin(one: CatalogEntry, effort: EffortSpec) -> str | None:
        asked.append(one.name)
        return "b"

    long = replace(KNOWN, tokens=np.array([[1, 1], [700, 800], [3, 3]], np.float32))
    entries = {name: entry(name) for name in ("a", "stranger")}
    rules = policy({"cheap": ("a", "stranger")})
    joined = build_candidates(rules, entries, long, same_name, kin)
    assert asked == ["stranger"]
    assert [(row.known_as, row.kin, row.basis) for row in joined.rows] == [
        ("a", None, "published"),
        (None, "b", "family"),
    ]
    assert joined.tokens[1].tolist() == [700, 800]


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (entry("stranger", 1.0, 4.0), "that quality is from its price class"),
        (entry("stranger", 1.0, None), "that quality is a guess: neither it nor its price is known"),
        (entry("stranger", quality_override=0.5), "that quality is as the configuration states"),
        (entry("b"), None),
        (entry("a"), None),
    ],
)
def test_a_decision_says_where_a_guess_comes_from(one: CatalogEntry, said: str | None) -> None:
    joined = field([one], KNOWN, policy({"cheap": (one.name,)}))
    decision = decide(RequestFacts(ask="code"), knowledge(KNOWN), joined)
    spoken = [reason for reason in decision.reasons if reason.startswith("that quality")]
    assert spoken == ([said] if said else [])
    (candidate,) = to_dict(decision)["candidates"]  # type: ignore[misc]
    assert candidate["basis"] == decision.candidates[0].basis == joined.rows[0].basis


def test_a_model_known_while_it_thought_harder_is_expected_to_do_worse_at_less() -> None:
    known = table({"m@low": [0.6, 0.6], "n@xhigh": [0.9, 0.8], "o": [0.9, 0.9]})
    expectations = Expectations.of_table(known)

    def of(name: str, effort: Effort | None) -> float:
        return float(expectations.of(entry("x"), name, None, effort).quality[0])

    efforts: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh")
    asked = [of("n@xhigh", effort) for effort in efforts]
    assert asked == sorted(asked)
    assert asked[-1] == pytest.approx(0.9)
    assert 0.8 < asked[3] < 0.89
    assert of("n@xhigh", None) == asked[3]  # unasked stands for medium
    assert of("m@low", "high") == pytest.approx(0.6)  # nothing is added for thinking that nobody saw
    assert of("o", "none") == pytest.approx(0.9)
