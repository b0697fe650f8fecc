"""The choice between a cheap and a premium model: APGR by question, router and source."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.quality import published
from benchmarks.quality.rivals import Fitter, fitters, unfitted
from benchmarks.quality.world import Floats, Part, World, say
from heimdall_litellm.bundle import Bundle
from training.evaluate import probabilities_of
from training.fit import everyday_rows, learn_triage
from training.measures import Estimate, estimate, estimates, gains, pooled_pgr
from training.pairs import family

Table = dict[str, dict[str, Estimate | float]]
"""By router, then row; a bare number was published, not measured."""

FEW = (500, 1_500, 5_000)
OWN = ("routellm_mmlu", "routellm_gsm8k")
AS_PUBLISHED = "RouteLLM as published, not measured here"


@dataclass(frozen=True, slots=True)
class TwoModels:
    """`tables` by question; `curves` are PGR of the pooled ranking by router, (101,), in distribution.

    `scores` are LiteLLM's by prompt, and random ones, for the choice among many models.
    """

    tables: dict[str, Table]
    curves: dict[str, Floats]
    scores: dict[str, Floats]


def measure(world: World) -> TwoModels:
    """All questions, on the sources that have a pair."""
    train, test = world.train, world.test
    plain = unfitted(test.examples)
    say("litellm's scorers")
    rivals = fitters(with_minilm=train.minilm is not None)
    known = {name: fitter(train, test) for name, fitter in rivals.items()}
    known["heimdall"] = difficulty(world.bundle(), test)
    unknown = {name: _left_out(fitter, world) for name, fitter in rivals.items()}
    unknown["heimdall"] = _heimdall_left_out(world)
    say("families left out")
    fitted: dict[str, Fitter] = {**rivals, "heimdall": HeimdallTriage(world)}
    few = {f"few labels of {source}": _few_labels(source, fitted, unknown, world) for source in OWN}
    found = {
        "in distribution": _table({**plain, **known}, test),
        "families left out": _table({**plain, **unknown}, test),
        **few,
        "trained on the benchmark's own family alone": _own_family(fitted, plain, unknown, world),
    }
    curves = {name: pooled_pgr(d, test.examples) for name, d in {**plain, **known}.items()}
    scores = {name: plain[name] for name in ("random", "litellm heuristic", "litellm heuristic_v2")}
    return TwoModels(found, curves, scores)


@dataclass(frozen=True, slots=True)
class HeimdallTriage:
    """The triage of the shipped recipe as a `Fitter`; `is_alone`: without everyday requests and caps."""

    world: World
    is_alone: bool = False

    def __call__(self, known: Part, asked: Part) -> Floats:
        """Fit on the first, and give the difficulty of the second."""
        more = None if self.is_alone else everyday_rows(self.world.embedding, 0)
        cap = {"cap": len(known)} if self.is_alone else {}
        learnt = learn_triage(known.examples, known.inputs, 0, lambda _: None, more, **cap)
        return rise(learnt.probabilities_of(asked.inputs))


def difficulty(bundle: Bundle, asked: Part) -> Floats:
    """Difficulty of prompts as a proxy with this bundle would see it."""
    return rise(probabilities_of(bundle, asked.examples))


def rise(p: Floats) -> Floats:
    """Difficulty from (p_cheap, p_mid, p_hard), (n, 3): what a better model is expected to gain, (n,)."""
    found: Floats = p @ np.array([0.0, 0.5, 1.0])
    return found


def _table(by_router: dict[str, Floats], test: Part) -> Table:
    return {name: dict(estimates(d, test.examples)) for name, d in by_router.items()}


def _left_out(fitter: Fitter, world: World) -> Floats:
    """Difficulty of each test prompt, fitted without its family."""
    found = np.zeros(len(world.test))
    for name, rows in _families(world.test).items():
        found[rows] = fitter(world.train.without({name}), world.test.rows(rows))
    return found


def _heimdall_left_out(world: World) -> Floats:
    found = np.zeros(len(world.test))
    for name, rows in _families(world.test).items():
        found[rows] = difficulty(world.bundle({name}), world.test.rows(rows))
    return found


def _families(part: Part) -> dict[str, np.ndarray[tuple[int], np.dtype[np.intp]]]:
    names = np.array([family(example.source) for example in part.examples])
    return {str(name): np.flatnonzero(names == name) for name in np.unique(names)}


def _few_labels(source: str, fitted: dict[str, Fitter], unknown: dict[str, Floats], world: World) -> Table:
    """APGR on one source by how many of its prompts were labelled; all other families are known."""
    own = np.flatnonzero([example.source == source for example in world.train.examples])
    others = np.flatnonzero([family(e.source) != family(source) for e in world.train.examples])
    drawn = own[np.random.default_rng(0).permutation(len(own))]
    here = np.flatnonzero([example.source == source for example in world.test.examples])
    asked = world.test.rows(here)
    gain = gains(asked.examples)
    table: Table = {name: {"0": estimate(unknown[name][here], gain)} for name in fitted}
    for count in FEW:
        if count <= len(own):
            known = world.train.rows(np.concatenate((others, drawn[:count])))
            for name, fitter in fitted.items():
                table[name][str(count)] = estimate(fitter(known, asked), gain)
            say(f"{source} with {count} labels")
    return table


def _own_family(
    fitted: dict[str, Fitter], plain: dict[str, Floats], unknown: dict[str, Floats], world: World
) -> Table:
    """RouteLLM's benchmarks, trained as they were: on labels of the same benchmark and on nothing else.

    MT-Bench has too few prompts to train on; there, all other families were known and it was not.
    """
    fitted = {**fitted, "heimdall": HeimdallTriage(world, is_alone=True)}
    by_source = {}
    for source in OWN:
        here = np.flatnonzero([example.source == source for example in world.test.examples])
        asked = world.test.rows(here)
        known = world.train.of(source)
        if len(known) and len(asked):
            found = {name: fitter(known, asked) for name, fitter in fitted.items()}
            by_source[source] = {**{name: d[here] for name, d in plain.items()}, **found}
            say(f"trained on {source} alone")
    other = "routellm_mtbench"
    here = np.flatnonzero([example.source == other for example in world.test.examples])
    by_source[other] = {name: d[here] for name, d in {**plain, **unknown}.items()}
    table: Table = {AS_PUBLISHED: {_row(source): published.APGR[source] for source in by_source}}
    for source, by_router in by_source.items():
        gain = gains(world.test.of(source).examples)
        for name, d in by_router.items():
            table.setdefault(name, {})[_row(source)] = estimate(d, gain)
    return table


def _row(source: str) -> str:
    return f"{source}{'' if source in OWN else ' (no label of it)'}"
