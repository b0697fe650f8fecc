"""What RouteLLM published of itself. Quoted, not measured here."""

from __future__ import annotations

from typing import Final

SOURCE: Final = "RouteLLM, arXiv 2406.18665, the best router of each of its tables"
APGR: Final[dict[str, float]] = {
    "routellm_mtbench": 0.802,
    "routellm_mmlu": 0.603,
    "routellm_gsm8k": 0.622,
}
"""The same two models as in `training/pairs.py`, on the whole benchmarks; the test file holds parts of them.

MT-Bench: matrix factorisation, trained on Arena votes and 120,000 prompts judged by GPT-4. MMLU:
similarity-weighted ranking, Arena votes and about 1,500 labels from MMLU's validation set. GSM8K: causal LLM,
Arena votes and judged prompts.
"""
