"""How providers spell models: what `identity.py` has to know of the world's names."""

from __future__ import annotations

import re
from typing import Final

# fmt: off
VENDORS: Final = frozenset({
    "ai21", "alibaba", "amazon", "anthropic", "azure", "baidu", "bytedance", "cohere", "databricks",
    "fw", "google", "gov", "huggingface", "meta", "microsoft", "mistralai", "moonshotai", "nousresearch",
    "nvidia", "openai", "perplexity", "snowflake", "tencent", "xai", "xiaomi", "zai",
    "us", "eu", "apac", "global", "au", "jp",
})
"""Words that may stand before a model's name and aren't part of it."""

NOISE: Final = frozenset({
    "instruct", "inst", "it", "hf", "maas", "versatile", "free", "nitro", "floor", "online", "extended",
    "exacto", "prompt", "fc", "any", "whole", "diff", "udiff", "experimental", "beta", "prev", "deprecated",
    "effort", "reasoning", "auto", "awq", "gptq", "gguf", "bnb", "dynamic", "qat", "bf16", "api", "tee",
    "customtools",
})
"""Words that say how a model is served or was asked, not which one it is."""

SPEEDS: Final[dict[str, frozenset[str]]] = {
    "": frozenset({"highspeed", "tput", "basic"}),
    "claude": frozenset({"fast"}),
    "deepseek": frozenset({"fast", "turbo"}),
    "glm": frozenset({"fast"}),
    "grok-3": frozenset({"fast"}),
    "kimi": frozenset({"fast", "turbo"}),
    "llama": frozenset({"fast"}),
    "minimax": frozenset({"lightning"}),
}
"""Other hardware, or a fuller one, for the same model: words by what names begin with; "" for all."""

REPEATED: Final = frozenset({
    ("qwen", "qwq"), ("gemini", "gemma"), ("open", "mistral"), ("open", "mixtral"),
})
"""First words that say nothing beside the second."""

ONE_DIGIT: Final = frozenset({"claude", "deepseek", "gemini", "gpt", "llama", "qwen"})
"""Families whose versions have one digit before the point, so 35 is 3.5 and v3 is 3."""
V_IS_SPELLING: Final = frozenset({"claude", "llama", "qwen"})
FIRST_IS_UNSAID: Final = frozenset({"llama", "nova"})
"""Families in which a last `v1` is the host's."""
ANY_ORDER: Final = frozenset({"claude", "gemini", "jamba", "nemotron"})
"""Families whose words come in any order, so they are sorted."""
REASONING_IS_A_MODEL: Final = frozenset({"phi", "sonar"})
DATED_BY_FOUR_DIGITS: Final = frozenset({"gpt", "grok"})
DISTINCT_PREVIEWS: Final = frozenset({"o1", "qwq-32b"})
MEDIUM_IS_A_SIZE: Final = frozenset({"devstral", "magistral", "medlm", "mistral", "phi", "sonar"})

TIERS: Final = frozenset({"large", "lite", "maverick", "medium", "mini", "nemo", "scout", "small"})
"""Words that stand for a size."""
SIZED_BY_TIER: Final = re.compile(r"mistral-(?:large|medium|nemo|small)|llama-4-(?:maverick|scout)")
"""Names in which the size says nothing beside tier and version."""

OLLAMA_SIZES: Final = {
    "codegemma": "codegemma-7b",
    "codellama": "codellama-7b",
    "command-r": "command-r",
    "command-r-plus": "command-r-plus",
    "gemma": "gemma-7b",
    "gemma-2": "gemma-2-9b",
    "gemma-3": "gemma-3-4b",
    "gpt-oss": "gpt-oss-20b",
    "llama-2": "llama-2-7b",
    "llama-3": "llama-3-8b",
    "llama-3.1": "llama-3.1-8b",
    "llama-3.2": "llama-3.2-3b",
    "llama-3.3": "llama-3.3-70b",
    "mistral": "mistral-7b",
    "phi-4": "phi-4",
    "qwen-2": "qwen-2-7b",
    "qwen-2.5": "qwen-2.5-7b",
    "qwen-2.5-coder": "qwen-2.5-coder-7b",
    "qwen-3": "qwen-3-8b",
    "qwen-3-coder": "qwen-3-coder-30b",
    "qwq": "qwq-32b",
}
"""What Ollama serves under a name without a size, where that is one model and stays it."""
# fmt: on

ALIASES: Final = {
    # What the maker's own API serves under its two standing names.
    "deepseek-chat": "deepseek-v3.2",
    "deepseek-reasoner": "deepseek-v3.2",
    "deepseek-r1-671b": "deepseek-r1",
    "deepseek-v3-671b": "deepseek-v3",
    "deepseek-v3.1-671b": "deepseek-v3.1",
    "gpt-4-1106": "gpt-4-turbo",
    "gpt-4-0125": "gpt-4-turbo",
    "gpt-4-vision": "gpt-4-turbo",
    "gpt-4-turbo-vision": "gpt-4-turbo",
    "gpt-4-o": "gpt-4o",
    "kimi-k2-1t": "kimi-k2",
    "ministral-3-8b": "ministral-8b-2512",
    "ministral-3-8b-2512": "ministral-8b-2512",
    "mistral-large-3": "mistral-large-2512",
    "mistral-medium-3": "mistral-medium-2505",
    "mistral-medium-3.1": "mistral-medium-2508",
    "mistral-small-3": "mistral-small-2501",
    "mistral-small-3.1": "mistral-small-2503",
    "mistral-small-3.1-2503": "mistral-small-2503",
    "mistral-small-3.2": "mistral-small-2506",
    "mistral-small-3.2-2506": "mistral-small-2506",
    "mixtral-8x7b": "mixtral-8x7b-v0.1",
    "mixtral-8x22b": "mixtral-8x22b-v0.1",
    "phi-4-14b": "phi-4",
    "qwen-3-coder": "qwen-3-coder-480b-a35b",
}
"""Models with two names."""
