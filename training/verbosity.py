"""How much each model writes in each cluster, thinking included.

As with scores, models were tried on different prompts, so counts are taken apart,

    log tokens[i, m] = length[i] + v[m] + departure[m, cluster of i] + noise

by alternating ridge fits, and every model is given the same prompts: tokens[m, c] is exp(v + departure) times
the mean of exp(length) over the prompts in c. A model nobody counted has v = 0.

How hard a model was told to think changes what it hides, not what it shows, so v and the departures are those
of a model at all its efforts. Prompts whose typical length is stated (`everyday.py`) count with it.

Outcome files mostly count visible text only, and list prices mislead; so what a model thinks comes on top, as
a ratio to one that just answers. The ratios are whole-dataset costs (arXiv 2601.07206, table 10) over list
prices of output tokens, relative to DeepSeek-V3,

    ratio[m] = geometric mean over datasets d of (usd[m, d] / usd[V3, d]) · (price[V3] / price[m])

over AIME, LiveMathBench, LiveCodeBench, GPQA, MMLU-Pro, SimpleQA and ArenaHard; where a cluster's kinds of
task are talk, ArenaHard alone, which comes nearest. (Apart for maths, code and knowledge, choosing by the
ratios did a little worse. In SWE-bench and tau2-bench input makes most of the cost.) USD per million output
tokens: V3 1.10, R1 2.19, GPT-5 10, Gemini 2.5 Pro 10, Flash 2.50. An effort scales the thinking part as
LiteLLM scales its budgets (low 1,024, medium 2,048, high 4,096 tokens); a model of no measured family is
taken to think as GPT-5 does if an effort is named. `minimal` and `xhigh` are guesses.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.data import Example
from training.fit_clusters import Clusters
from training.kinds import KINDS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SWEEPS = 15
_MODEL_RIDGE, _CELL_RIDGE = 5.0, 20.0
TYPICAL_TOKENS = 300.0
"""Where nobody counted anything."""

_EFFORTS = {"none": 0.0, "minimal": 0.0625, "low": 0.5, "medium": 1.0, "high": 2.0, "xhigh": 3.0}


_TALK = frozenset({"chat", "writing", "translation", "extraction"})
_GPT_5 = (4.1, 3.8)
_FAMILIES: tuple[tuple[str, tuple[float, float]], ...] = (
    (r"gemini-[23](\.\d)?-pro", (7.7, 4.8)),
    (r"gemini-2\.5-flash(?!-lite)", (2.9, 3.0)),
    (r"(^|-)(r1|qwq|thinking|reasoner|reasoning|think)(-|$)", (7.4, 5.3)),
    (r"^o[134](-|$)", _GPT_5),
    (r"^gpt-5(?!.*chat)", _GPT_5),
)
"""Ratios over all seven datasets, and on ArenaHard."""


def output_ratio(name: str, kind: str | None = None) -> float:
    """Expected output tokens of a canonical model name, relative to a model that just answers.

    `kind` is one of `kinds.py`; without it, over all that was measured.
    """
    base, _, effort = name.partition("@")
    found = next((ratios for pattern, ratios in _FAMILIES if re.search(pattern, base)), None)
    if found is None and not effort:
        return 1.0
    overall, talk = found or _GPT_5
    return 1.0 + _EFFORTS.get(effort, 1.0) * ((talk if kind in _TALK else overall) - 1.0)


def expected_tokens(
    examples: Sequence[Example],
    clusters: Clusters,
    names: Sequence[Sequence[str]],
    models: Sequence[str],
    stated: Floats | None = None,
) -> Floats:
    """Expected output tokens of `models` by cluster, (models, k), by the formula above.

    `names[i]` are the canonical models of `examples[i].outcomes`, in their order. `stated` (n,) are typical
    lengths of visible answers, NaN where none is stated.
    """
    bases = list(dict.fromkeys(name.partition("@")[0] for name in models))
    base_at = {base: at for at, base in enumerate(bases)}
    of_model = np.array([base_at[name.partition("@")[0]] for name in models], np.int64)
    index = dict(zip(models, of_model.tolist(), strict=True))
    k = len(clusters.centroids)
    counted = [
        (i, index[name], outcome.output_tokens)
        for i, (example, row) in enumerate(zip(examples, names, strict=True))
        for name, outcome in zip(row, example.outcomes.values(), strict=True)
        if outcome.output_tokens
    ]
    by_kind = np.array([[output_ratio(name, kind) for kind in KINDS] for name in models])
    ratios = by_kind @ clusters.kinds.T
    length = np.full(len(examples), np.nan) if stated is None else np.log(stated)
    verbosity, departure = np.zeros(len(bases)), np.zeros((len(bases), k))
    if counted:
        prompt, model = (np.array(column, np.int64) for column in list(zip(*counted, strict=True))[:2])
        y = np.log([written for _, _, written in counted])
        verbosity, departure = _take_apart(y, prompt, model, clusters.of_prompt, length, departure)
    known = np.isfinite(length)
    if not known.any():
        return ratios * TYPICAL_TOKENS
    typical = np.full(k, float(np.exp(length[known]).mean()))
    inside = np.bincount(clusters.of_prompt[known], minlength=k)
    total = np.bincount(clusters.of_prompt[known], np.exp(length[known]), k)
    typical[inside > 0] = total[inside > 0] / inside[inside > 0]
    visible = np.exp(verbosity[:, None] + departure) * typical
    tokens: Floats = ratios * visible[of_model]
    return tokens


def _take_apart(
    y: Floats, prompt: Ints, model: Ints, of_prompt: Ints, length: Floats, departure: Floats
) -> tuple[Floats, Floats]:
    """Fit the formula above to counts `y`; also write `length` of the counted prompts."""
    models, k = departure.shape
    cell = model * k + of_prompt[prompt]
    verbosity, flat = np.zeros(models), departure.ravel()
    counted = np.unique(prompt)
    for _ in range(_SWEEPS):
        mean = _shrunk_mean(y - verbosity[model] - flat[cell], prompt, len(length), 0.0)
        length[counted] = mean[counted]
        verbosity = _shrunk_mean(y - length[prompt] - flat[cell], model, models, _MODEL_RIDGE)
        flat = _shrunk_mean(y - length[prompt] - verbosity[model], cell, len(flat), _CELL_RIDGE)
    return verbosity, flat.reshape(models, k)


def _shrunk_mean(values: Floats, group: Ints, count: int, ridge: float) -> Floats:
    total = np.bincount(group, weights=values, minlength=count)
    mean: Floats = total / np.maximum(np.bincount(group, minlength=count) + ridge, 1.0)
    return mean
