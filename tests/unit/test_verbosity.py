"""How much models think, by what was measured of them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.test_training import one_cluster, scored
from training.data import Example, Outcome
from training.everyday import everyday, unscored
from training.verbosity import expected_tokens, output_ratio


def test_two_models_of_equal_list_price_may_differ_in_what_they_write() -> None:
    """GPT-5 and Gemini 2.5 Pro: $10 per million tokens each, 1.8 times as much a task (arXiv 2601.07206)."""
    assert output_ratio("gemini-2.5-pro") / output_ratio("gpt-5") == pytest.approx(1.8, abs=0.15)


def test_thinking_harder_never_writes_less() -> None:
    ladder = [output_ratio(f"gpt-5@{effort}") for effort in ("minimal", "low", "medium", "high", "xhigh")]
    assert ladder == sorted(ladder)
    assert len(set(ladder)) == len(ladder)
    assert output_ratio("gpt-5@none") == output_ratio("gpt-4o") == 1.0
    assert output_ratio("gpt-5@medium") == output_ratio("gpt-5")


def test_talk_takes_less_thought_than_the_rest() -> None:
    assert output_ratio("gpt-5", "chat") < output_ratio("gpt-5", "maths")


def test_efforts_of_a_model_differ_by_their_thinking_alone() -> None:
    def asked(i: int) -> Example:
        outcomes = {"o3@low": Outcome(1.0, 50), "o3@high": Outcome(1.0, 150), "gpt-4o": Outcome(1.0, 100)}
        return Example(str(i), "own", "gsm8k", ({"role": "user", "content": f"prompt {i}"},), outcomes)

    rows = [asked(i) for i in range(50)]
    models = ("gpt-4o", "o3@high", "o3@low")
    tokens = expected_tokens(rows, one_cluster(rows), [list(e.outcomes) for e in rows], models)[:, 0]
    assert tokens[1] / tokens[2] == pytest.approx(
        output_ratio("o3@high", "maths") / output_ratio("o3@low", "maths"), rel=1e-6
    )


def test_stated_lengths_count_where_nobody_counted() -> None:
    rows = [scored(i, "own", {"a": 1.0}) for i in range(4)]
    tokens = expected_tokens(rows, one_cluster(rows), [["a"]] * 4, ("a",), np.full(4, 20.0))
    assert tokens[0, 0] == pytest.approx(20.0, rel=0.05)


def test_everyday_requests_of_a_kind_have_a_usual_length_that_grows_with_their_class() -> None:
    found = unscored()
    assert np.isfinite(found.tokens).all()
    assert set(found.hardness.tolist()) == {-1.0, 0.0, 1.0}
    by_kind: dict[str, dict[int, float]] = {}
    for request in everyday():
        if request.kind:
            by_kind.setdefault(request.kind, {})[request.label] = request.tokens
    for lengths in by_kind.values():
        in_order = [lengths[label] for label in sorted(lengths)]
        assert in_order == sorted(in_order)
