"""How much each model writes in each cluster, thinking included.

As with scores, models were tried on different prompts, so counts are taken apart,

    log tokens[i, m] = length[i] + v[m] + departure[m, cluster of i] + noise

by alternating ridge fits, and every model is given the same prompts: tokens[m, c] is exp(v + departure) times
the mean of exp(length) over the prompts in c. A model nobody counted has v = 0.

Outcome files mostly count visible text only, and list prices mislead; so what a model thinks comes on top, as
a ratio to one that just answers. The ratios were computed from whole-dataset costs over list prices of output
tokens, relative to DeepSeek-V3, as the geometric mean over AIME, LiveMathBench, LiveCodeBench, GPQA, MMLU-
Pro, ArenaHard and SimpleQA (arXiv 2601.07206, table 10): DeepSeek-R1 7.4, Gemini 2.5 Pro 7.7, GPT-5 4.1,
Gemini 2.5 Flash 2.9, Qwen3-235B 1.5, Claude Sonnet 4 without thinking 0.9. Efforts other than medium are
interpolated from the vendors' stated budgets, not measured.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.data import Example
from training.fit_clusters import Clusters

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SWEEPS = 15
_MODEL_RIDGE, _CELL_RIDGE = 5.0, 20.0
_TYPICAL_TOKENS = 300.0
"""Where nobody counted anything."""

_EFFORTS = {"none": 1.0, "minimal": 1.3, "low": 2.0, "medium": 4.0, "high": 8.0, "xhigh": 12.0, "max": 16.0}
_FAMILIES: tuple[tuple[str, float], ...] = (
    (r"gemini-[23](\.\d)?-pro", 7.7),
    (r"gemini-2\.5-flash(?!-lite)", 2.9),
    (r"(^|-)(r1|qwq|thinking|reasoner|reasoning|think)(-|$)", 7.4),
    (r"^o[134](-|$)", 4.1),
    (r"^gpt-5(?!.*chat)", 4.1),
)


def output_ratio(name: str) -> float:
    """Expected output tokens of a canonical model name, relative to a model that just answers."""
    base, _, effort = name.partition("@")
    if effort in _EFFORTS:
        return _EFFORTS[effort]
    return next((ratio for pattern, ratio in _FAMILIES if re.search(pattern, base)), 1.0)


def expected_tokens(
    examples: Sequence[Example],
    clusters: Clusters,
    names: Sequence[Sequence[str]],
    models: Sequence[str],
) -> Floats:
    """Expected output tokens of `models` by cluster, (models, k), by the formula above.

    `names[i]` are the canonical models of `examples[i].outcomes`, in their order.
    """
    index = {name: at for at, name in enumerate(models)}
    k = len(clusters.centroids)
    counted = [
        (i, index[name], outcome.output_tokens)
        for i, (example, row) in enumerate(zip(examples, names, strict=True))
        for name, outcome in zip(row, example.outcomes.values(), strict=True)
        if outcome.output_tokens
    ]
    ratios = np.array([output_ratio(name) for name in models])[:, None]
    if not counted:
        return np.tile(ratios * _TYPICAL_TOKENS, (1, k))
    prompt, model = (np.array(column, np.int64) for column in list(zip(*counted, strict=True))[:2])
    y = np.log([written for _, _, written in counted])
    cell = model * k + clusters.of_prompt[prompt]
    length, verbosity = np.zeros(len(examples)), np.zeros(len(models))
    departure = np.zeros(len(models) * k)
    for _ in range(_SWEEPS):
        length = _shrunk_mean(y - verbosity[model] - departure[cell], prompt, len(length), 0.0)
        verbosity = _shrunk_mean(y - length[prompt] - departure[cell], model, len(models), _MODEL_RIDGE)
        departure = _shrunk_mean(y - length[prompt] - verbosity[model], cell, len(departure), _CELL_RIDGE)
    has_count = np.bincount(prompt, minlength=len(examples)) > 0
    typical = np.full(k, float(np.exp(length[has_count]).mean()))
    inside = np.bincount(clusters.of_prompt[has_count], minlength=k)
    total = np.bincount(clusters.of_prompt[has_count], np.exp(length[has_count]), k)
    typical[inside > 0] = total[inside > 0] / inside[inside > 0]
    tokens: Floats = ratios * np.exp(verbosity[:, None] + departure.reshape(len(models), k)) * typical
    return tokens


def _shrunk_mean(values: Floats, group: Ints, count: int, ridge: float) -> Floats:
    total = np.bincount(group, weights=values, minlength=count)
    mean: Floats = total / np.maximum(np.bincount(group, minlength=count) + ridge, 1.0)
    return mean
