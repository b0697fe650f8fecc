"""How good a bundle is on outcomes it was not fitted on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from heimdall_litellm.bundle import Bundle
from heimdall_litellm.core.decision import perceive
from heimdall_litellm.core.request import read_request
from training.cost_quality import Choices, CostQuality, Pool
from training.cost_quality import measure as measure_pool
from training.data import Example
from training.labels import ranked_pairs, soft_labels, weights
from training.measures import Estimate, Floats, estimates, gains, json_values, pooled_pgr
from training.pairs import PAIRS
from training.plots import plot_pgr, plot_pools, require_matplotlib
from training.pools import canonical_names, heimdall_choices, make_pools, priced_entries, prices_of
from training.robustness import PER_SOURCE, Changed, changed_share
from training.train_gbdt import expected_calibration_error

SOURCE_CAP = 400


@dataclass(frozen=True, slots=True)
class Report:
    """Figures of one bundle on one set of outcomes; `bucket_shares` of cheap, mid and hard.

    APGR is between the pairs of `pairs.py`; where it names none of the sources, between the models that stand
    for cheap and premium by their ranks, as in `labels.py`. `many_models` is the choice among many under the
    default policy, by pool (`pools.py`); `robustness` is on the first `PER_SOURCE` prompts of each source, by
    perturbation.
    """

    bundle: str
    prompts: int
    apgr: dict[str, Estimate]
    calibration_error: float
    bucket_shares: tuple[float, float, float]
    many_models: dict[str, CostQuality]
    robustness: dict[str, Changed]

    def as_dict(self) -> dict[str, object]:
        """Give it as JSON values; a figure that can't be told is None."""
        return {name: json_values(value) for name, value in asdict(self).items()}


def evaluate(bundle: Bundle, examples: Sequence[Example], plots: Path | None = None) -> Report:
    """Decide on every prompt as the proxy would, and measure; `plots` is a folder to draw into.

    Raises ConfigError if there is something to draw and matplotlib is missing.
    """
    if plots is not None:
        require_matplotlib()
    p = probabilities_of(bundle, examples)
    pairs = PAIRS if any(e.source in PAIRS for e in examples) else ranked_pairs(examples)
    difficulty = p @ np.array([0.0, 0.5, 1.0])
    chosen = choose_among_many(bundle, examples)
    labels = soft_labels(examples)
    known = np.isfinite(labels).all(axis=1)
    each = weights([e.source for e in examples], SOURCE_CAP)
    error = expected_calibration_error(p[known], labels[known], each[known])
    cheap_at, hard_at = bundle.manifest.thresholds
    hard = p[:, 2] > hard_at
    cheap = ~hard & (p[:, 0] > cheap_at)
    shares = [float(np.average(bucket, weights=each)) for bucket in (cheap, ~hard & ~cheap, hard)]
    if plots is not None:
        if np.nansum(gains(examples, pairs)) > 0:
            plot_pgr({"heimdall": pooled_pgr(difficulty, examples, pairs)}, plots)
        plot_pools([(pool, {"heimdall": choices}) for pool, choices in chosen], plots)
    return Report(
        bundle=bundle.id,
        prompts=len(examples),
        apgr=estimates(difficulty, examples, pairs),
        calibration_error=error,
        bucket_shares=(shares[0], shares[1], shares[2]),
        many_models={pool.name: measure_pool(pool, choices) for pool, choices in chosen},
        robustness=changed_share(bundle, firsts(examples, PER_SOURCE)),
    )


def choose_among_many(bundle: Bundle, examples: Sequence[Example]) -> list[tuple[Pool, Choices]]:
    """What the default policy chooses in each pool at each alpha, thinking priced."""
    names = canonical_names(examples)
    entries = priced_entries(bundle, names)
    pools = make_pools(examples, names, prices_of(entries))
    return [(pool, heimdall_choices(bundle, entries, pool, examples)) for pool in pools]


def firsts(examples: Sequence[Example], count: int) -> list[Example]:
    """Give the first `count` examples of each source, in their order."""
    taken: Counter[str] = Counter()
    found = []
    for example in examples:
        taken[example.source] += 1
        if taken[example.source] <= count:
            found.append(example)
    return found


def probabilities_of(bundle: Bundle, examples: Sequence[Example]) -> Floats:
    """Triage's (p_cheap, p_mid, p_hard) of every prompt, (n, 3), by core's own road."""
    rows = []
    for example in examples:
        seen = perceive(read_request({"messages": list(example.messages)}), bundle.knowledge).triage
        rows.append((seen.p_cheap, seen.p_mid, seen.p_hard))
    return np.array(rows)


def render(report: Report) -> str:
    """Lay the figures out for people."""
    lines = [f"bundle {report.bundle}, {report.prompts:,} prompts", "", "APGR [95 % interval]"]
    lines += [
        f"  {name:24s} {e.value:.3f} [{e.low:.3f}, {e.high:.3f}]  {e.prompts:>6,} prompts"
        for name, e in report.apgr.items()
    ]
    cheap, mid, hard = report.bucket_shares
    lines += ["", f"calibration error {report.calibration_error:.3f}"]
    lines += [
        f"buckets: cheap {cheap:.0%}, mid {mid:.0%}, hard {hard:.0%} (a source counts {SOURCE_CAP} at most)"
    ]
    lines += [
        "",
        "choice among many models: recovered of the gap between a blind mix and an oracle [95 % interval],",
    ]
    lines += ["cost at 100, 99 and 95 % of the best single model's quality, quality gained at no more cost"]
    lines += [
        f"  {name:24s} {c.recovered.value:.3f} [{c.recovered.low:.3f}, {c.recovered.high:.3f}]  "
        f"{' '.join(f'{share:.2f}' for share in c.cost_at)}  {c.gained:+.1%}  {c.prompts:>6,} prompts"
        for name, c in report.many_models.items()
    ]
    lines += ["", "prompts that change their bucket [95 % interval], of these from cheap to hard or back"]
    lines += [
        f"  {name:24s} {c.share:.1%} [{c.low:.1%}, {c.high:.1%}] {c.far:.1%}  {c.prompts:>6,} prompts"
        for name, c in report.robustness.items()
    ]
    return "\n".join(lines)
