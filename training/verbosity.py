"""How much a model writes, thinking included, beside one that just answers.

Outcome files mostly count visible text, and list prices mislead. These ratios were computed
from whole-dataset costs over list prices of output tokens, relative to DeepSeek-V3, as the
geometric mean over AIME, LiveMathBench, LiveCodeBench, GPQA, MMLU-Pro, ArenaHard and SimpleQA
(arXiv 2601.07206, table 10): DeepSeek-R1 7.4, Gemini 2.5 Pro 7.7, GPT-5 4.1, Gemini 2.5 Flash
2.9, Qwen3-235B 1.5, Claude Sonnet 4 without thinking 0.9. Efforts other than medium are
interpolated from the vendors' stated budgets, not measured.
"""

from __future__ import annotations

import re

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
