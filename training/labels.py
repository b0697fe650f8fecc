"""What the triage learns: how likely it is that a cheap, a middling or only a premium model will do.

In each source three tiers of models stand for the buckets: those about as good as the source's cheap
reference, those about as good as its premium one (`pairs.py`), and those in between. A tier's score on
a prompt is the mean over its models, which tells more than one model's single try. With the tiers'
scores L, M and H, M held between L and H,

    p_hard  = H − M     only a premium model gains something
    p_mid   = M − L     a middling one does
    p_cheap = 1 − (H − L)

so that ½·p_mid + p_hard, the difficulty, is what a better model is expected to gain. Where a cheap model
happened to beat the premium one the gain is a loss, and the "probabilities" lie outside 0..1; they add up to
1 all the same, and their mean over like prompts is what the triage learns (`train_gbdt.py`). Counting no
gain for a loss would make every prompt look the harder the more chance there is in its outcomes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from training.data import Example
from training.pairs import PAIRS

Floats = NDArray[np.float64]

CHEAP_RANK, PREMIUM_RANK = 1 / 3, 0.9
"""Where the references of an unnamed source stand among its models, by mean score."""
_NEAR = 0.08
_MOST = 6
_OWN = 0.4
"""Weight of the reference itself among the models like it."""
_BETWEEN = (0.3, 0.7)
_COVERAGE = 0.3


def soft_labels(examples: Sequence[Example]) -> Floats:
    """Give (p_cheap, p_mid, p_hard) for each prompt, (n, 3), by the rule above.

    Rows of NaN where a tier has no outcome.
    """
    labels = np.full((len(examples), 3), np.nan)
    sources = np.array([example.source for example in examples])
    for source in np.unique(sources):
        rows = np.flatnonzero(sources == source)
        labels[rows] = _of_source(
            [examples[i].outcomes_by_model for i in rows.tolist()], PAIRS.get(str(source))
        )
    return labels


def ranked_pairs(examples: Sequence[Example]) -> dict[str, tuple[str, str]]:
    """Give by source the cheap and the premium model that the ranks of its models name, of two or more."""
    pairs = {}
    for source in sorted({example.source for example in examples}):
        models, scores = _scores([e.outcomes_by_model for e in examples if e.source == source])
        if len(models) > 1:
            cheap, premium = _references(*_means(scores), models, None)
            pairs[source] = models[cheap], models[premium]
    return pairs


def _of_source(outcomes: Sequence[Mapping[str, float]], pair: tuple[str, str] | None) -> Floats:
    models, scores = _scores(outcomes)
    labels = np.full((len(outcomes), 3), np.nan)
    if len(models) < 2:
        return labels  # with nobody to compare, nothing is learnt
    low, middle, high = _tiers(scores, models, pair)
    known = np.isfinite(low) & np.isfinite(high)
    if not known.any():
        return labels
    low, high = low[known], high[known]
    middle = np.where(np.isfinite(middle[known]), middle[known], (low + high) / 2)
    middle = np.clip(middle, np.minimum(low, high), np.maximum(low, high))
    labels[known] = np.stack((1 - (high - low), middle - low, high - middle), axis=1)
    return labels


def _scores(outcomes: Sequence[Mapping[str, float]]) -> tuple[list[str], Floats]:
    """All models of a source, and their scores (n, models), NaN where one was not tried."""
    models = sorted({model for row in outcomes for model in row})
    return models, np.array([[row.get(model, np.nan) for model in models] for row in outcomes])


def _means(scores: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Mean score by model, and the models that were tried on enough prompts."""
    count = np.isfinite(scores).sum(axis=0)
    common = np.flatnonzero(count >= min(_COVERAGE * len(scores), count.max()))
    return np.nansum(scores, axis=0) / np.maximum(count, 1), common


def _tiers(
    scores: Floats, models: Sequence[str], pair: tuple[str, str] | None
) -> tuple[Floats, Floats, Floats]:
    """Mean score by prompt of the cheap, the middling and the premium tier, (n,) each."""
    mean, common = _means(scores)
    cheap, premium = _references(mean, common, models, pair)
    like_cheap = _like(cheap, mean, common)
    like_premium = [i for i in _like(premium, mean, common) if i not in like_cheap or i == premium]
    like_cheap = [i for i in like_cheap if i not in like_premium]
    share = (mean[common] - mean[cheap]) / max(float(mean[premium] - mean[cheap]), 1e-9)
    between = common[(share > _BETWEEN[0]) & (share < _BETWEEN[1])]
    others = [i for i in between if i not in like_cheap and i not in like_premium]
    return _mean(scores, like_cheap, cheap), _mean(scores, others), _mean(scores, like_premium, premium)


def _references(
    mean: Floats, common: NDArray[np.int64], models: Sequence[str], pair: tuple[str, str] | None
) -> tuple[int, int]:
    if pair is not None and all(model in models for model in pair):
        return models.index(pair[0]), models.index(pair[1])
    ranked = common[np.argsort(mean[common], kind="stable")]
    cheap, premium = (ranked[round(rank * (len(ranked) - 1))] for rank in (CHEAP_RANK, PREMIUM_RANK))
    return int(cheap), int(premium)


def _like(reference: int, mean: Floats, common: NDArray[np.int64]) -> list[int]:
    """The models about as good as the reference, itself first."""
    away = np.abs(mean - mean[reference])
    near = [int(i) for i in common if away[i] < _NEAR and i != reference]
    return [reference, *sorted(near, key=lambda i: (away[i], i))[: _MOST - 1]]


def _mean(scores: Floats, tier: Sequence[int], reference: int | None = None) -> Floats:
    """Mean of a tier by prompt; the reference, where it was tried, counts for more."""
    chosen = scores[:, list(tier)]
    count = np.isfinite(chosen).sum(axis=1)
    mean = np.where(count > 0, np.nansum(chosen, axis=1) / np.maximum(count, 1), np.nan)
    if reference is None:
        return mean
    own = np.where(np.isfinite(scores[:, reference]), scores[:, reference], mean)
    return _OWN * own + (1 - _OWN) * mean


def weights(sources: Sequence[str], cap: int) -> Floats:
    """Weigh prompts so that no source counts for more than `cap` of them."""
    names, counts = np.unique(np.array(sources), return_counts=True)
    each = dict(zip(names.tolist(), np.minimum(1.0, cap / counts).tolist(), strict=True))
    return np.array([each[source] for source in sources])
