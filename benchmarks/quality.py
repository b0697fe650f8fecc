"""Routing quality beside the alternatives, on prompts that nothing here was fitted on.

    python -m benchmarks.quality --train FILE --test FILE [--json]

Every router ranks the prompts of the test file by difficulty; the figure is APGR (`training/measures.py`):
what share of the gap between a cheap and a premium model is recovered, averaged over all budgets. 0.5 is a
random order. Fitted routers see the training file only. Three questions:

- *in distribution*: each source's prompts, and all of them pooled in one ranking;
- *families left out*: the same, fitted on all other families of benchmarks, which is how a router meets
  traffic that nobody labelled;
- *few labels*: fitted on all other families and a number of prompts of this one.

LiteLLM's scorers are its complexity router's own classifications; `tfidf ridge` needs scikit-learn.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.decision import litellm_scorers
from heimdall_litellm.bundle import load_bundle
from heimdall_litellm.core.embedding import StaticEmbedding
from training.data import Example, load_outcomes
from training.fit import SOURCE_CAP, everyday_rows, learn_triage, read_inputs
from training.labels import weights
from training.measures import Estimate, estimate, estimates, gains
from training.pairs import PAIRS, family

Floats = NDArray[np.float64]
Table = dict[str, dict[str, Estimate]]
RISE = np.array([0.0, 0.5, 1.0])
FEW = (500, 1_500, 5_000)


def say(message: str, started: float = time.monotonic()) -> None:
    """Show progress."""
    print(f"[{time.monotonic() - started:6.1f} s] {message}", file=sys.stderr)


def unfitted(test: Sequence[Example]) -> dict[str, Floats]:
    """Difficulty of each test prompt by what needs no training: length, a random order, LiteLLM's scorers."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    first, second = litellm_scorers().values()
    texts = [example.text for example in test]

    def heuristic(text: str) -> float:
        return float(first(text)[1])  # type: ignore[index]

    def heuristic_v2(text: str) -> float:
        forecast = second(text).heuristic_v2_forecast  # type: ignore[attr-defined]
        return 1.0 - float(forecast["probabilities"]["SIMPLE"])

    return {
        "random": np.random.default_rng(0).random(len(test)),
        "prompt length": np.array([float(len(text)) for text in texts]),
        "litellm heuristic": np.array([heuristic(text) for text in texts]),
        "litellm heuristic_v2": np.array([heuristic_v2(text) for text in texts]),
    }


def heimdall(train: Sequence[Example], test: Sequence[Example], embedding: StaticEmbedding) -> Floats:
    """Difficulty of each test prompt by the shipped recipe, fitted on `train`."""
    more = everyday_rows(embedding, 0)
    learnt = learn_triage(train, read_inputs(train, embedding), 0, lambda _: None, more)
    return learnt.probabilities_of(read_inputs(test, embedding)) @ RISE


def tfidf_ridge(train: Sequence[Example], test: Sequence[Example], _: StaticEmbedding) -> Floats:
    """Difficulty by a ridge regression of the gain on TF-IDF of one- and two-word terms."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge

    gain = gains(train)
    kept = [i for i in range(len(train)) if np.isfinite(gain[i])]
    vectors = TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True, max_features=60_000)
    x = vectors.fit_transform([train[i].text for i in kept])
    each = weights([train[i].source for i in kept], SOURCE_CAP)
    model = Ridge(alpha=3.0, solver="sparse_cg", random_state=0).fit(x, gain[kept], sample_weight=each)
    predicted: Floats = model.predict(vectors.transform([example.text for example in test]))
    return predicted


Fitter = Callable[[Sequence[Example], Sequence[Example], StaticEmbedding], Floats]


def left_out(
    fitter: Fitter, train: Sequence[Example], test: Sequence[Example], embedding: StaticEmbedding
) -> Floats:
    """Difficulty of each test prompt, fitted without its family."""
    difficulty = np.zeros(len(test))
    for name in sorted({family(example.source) for example in test}):
        rows = [i for i, example in enumerate(test) if family(example.source) == name]
        others = [example for example in train if family(example.source) != name]
        difficulty[rows] = fitter(others, [test[i] for i in rows], embedding)
        say(f"{fitter.__name__} without {name}")
    return difficulty


def few_labels(
    train: Sequence[Example], test: Sequence[Example], embedding: StaticEmbedding, source: str
) -> dict[str, Estimate]:
    """APGR on one source by how many of its prompts were labelled; all other families are known."""
    own = [example for example in train if example.source == source]
    others = [example for example in train if family(example.source) != family(source)]
    asked = [example for example in test if example.source == source]
    drawn = np.random.default_rng(0).permutation(len(own))
    found = {}
    for count in (0, *FEW):
        if count <= len(own):
            fitted_on = [*others, *(own[i] for i in drawn[:count])]
            found[str(count)] = estimate(heimdall(fitted_on, asked, embedding), gains(asked))
            say(f"{source} with {count} labels")
    return found


def measure(train: Sequence[Example], test: Sequence[Example]) -> dict[str, Table]:
    """All tables: by question, router and source."""
    embedding = load_bundle().knowledge.embedding
    plain = {name: estimates(d, test) for name, d in unfitted(test).items()}
    fitters: dict[str, Fitter] = {"heimdall": heimdall}
    try:
        import sklearn  # noqa: F401

        fitters = {"tfidf ridge": tfidf_ridge, **fitters}
    except ImportError:
        say("scikit-learn is not installed: no tfidf ridge")
    known = {name: estimates(fitter(train, test, embedding), test) for name, fitter in fitters.items()}
    say("in distribution")
    unknown = {name: estimates(left_out(f, train, test, embedding), test) for name, f in fitters.items()}
    return {
        "in distribution": {**plain, **known},
        "families left out": {**plain, **unknown},
        "few labels": {s: few_labels(train, test, embedding, s) for s in ("routellm_mmlu", "routellm_gsm8k")},
    }


def render(tables: dict[str, Table]) -> str:
    """Lay the figures out as Markdown."""
    lines = []
    for question, table in tables.items():
        columns = list(table)
        lines += [f"### {question}", "", f"| APGR | {' | '.join(columns)} |", "|---|" + "---|" * len(columns)]
        for row in dict.fromkeys(name for column in table.values() for name in column):
            cells = [_cell(table[column].get(row)) for column in columns]
            lines.append(f"| {row} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def _cell(found: Estimate | None) -> str:
    return "" if found is None else f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def main() -> None:
    """Measure and print: Markdown for people, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    train, test = load_outcomes([options.train]), load_outcomes([options.test])
    test = [example for example in test if example.source in PAIRS]
    tables = measure(train, test)
    day = datetime.now(UTC).date().isoformat()
    if options.json:
        plain = {
            q: {c: {r: asdict(e) for r, e in rows.items()} for c, rows in t.items()}
            for q, t in tables.items()
        }
        print(json.dumps({"date": day, "tables": plain}, indent=2))
    else:
        print(f"{day}; {len(train):,} prompts to fit on, {len(test):,} to measure on\n\n{render(tables)}")


if __name__ == "__main__":
    main()
