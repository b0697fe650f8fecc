"""What one would have chosen between: a cheap and a premium model for each public source.

The pairs are of the source's own time, so that "was the premium model worth it?" is asked as a user of that
time would have. They serve twice: for the labels (`labels.py`), which look at the models about as good as
these two, and for the measure (`measures.py`), which looks at these two alone. A source that isn't
named here, such as one's own, goes by the ranks of its models.
"""

from __future__ import annotations

from typing import Final

PAIRS: Final[dict[str, tuple[str, str]]] = {
    "arena_bench_v1": ("claude-instant-1", "gpt-4-1106-preview"),
    "bfcl_v1_2024_08": ("claude-3-haiku-20240307", "claude-3-5-sonnet-20240620"),
    "evalperf": ("meta-llama/Llama-3.1-8B-Instruct", "claude-3-5-sonnet-20240620"),
    "livecodebench": ("gpt-4o-mini-2024-07-18", "o4-mini@high"),
    "mmlu_pro": ("llama-3.1-8b-instruct", "gpt-4o-2024-05-13"),
    "routellm_gsm8k": ("mixtral-8x7b-instruct-v0.1", "gpt-4-1106-preview"),
    "routellm_mmlu": ("mixtral-8x7b-instruct-v0.1", "gpt-4-1106-preview"),
    "routellm_mtbench": ("mixtral-8x7b-instruct-v0.1", "gpt-4-1106-preview"),
    "trustedrouter_ifeval": ("openai/gpt-4o-mini", "google/gemini-2.5-pro"),
    "trustedrouter_small": ("openai/gpt-4o-mini", "deepseek/deepseek-v4-pro"),
    "zeroeval_crux": ("gpt-4o-mini-2024-07-18", "o1-preview-2024-09-12"),
    "zeroeval_gsm": ("claude-3-haiku-20240307", "claude-3-5-sonnet-20241022"),
    "zeroeval_mathl5": ("gpt-4o-mini-2024-07-18", "o1-mini-2024-09-12"),
    "zeroeval_mmluredux": ("gpt-4o-mini-2024-07-18", "o1-preview-2024-09-12"),
    "zeroeval_zebragrid": ("gpt-4o-mini-2024-07-18", "o1-preview-2024-09-12"),
}

FAMILIES: Final[dict[str, str]] = {
    "routellm_mmlu": "mmlu",
    "mmlu_pro": "mmlu",
    "zeroeval_mmluredux": "mmlu",
    "routellm_gsm8k": "gsm8k",
    "zeroeval_gsm": "gsm8k",
}
"""Sources that ask the same questions are one family; any other source is a family of its own."""


def family(source: str) -> str:
    """Give the family of a source: what is left out together."""
    return FAMILIES.get(source, source)
