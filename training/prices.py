"""Prices of models that no price map lists any more, so that old outcomes still have a cost.

For proprietary models the last list price before they were withdrawn. For open ones the price class of their
size, as Together AI published them in 2024. Where LiteLLM's map knows a price, that one is used
instead; where neither knows one, there is none, and nobody pretends.
"""

from __future__ import annotations

import re

Price = tuple[float, float]
"""USD per million tokens of input and of output."""

_WITHDRAWN: dict[str, Price] = {
    "claude-1": (8.0, 24.0),
    "claude-1-instant": (0.8, 2.4),
    "claude-1.2-instant": (0.8, 2.4),
    "claude-2": (8.0, 24.0),
    "claude-2.1": (8.0, 24.0),
    "chatgpt-4o": (5.0, 15.0),
    "chatgpt-4o-0903": (5.0, 15.0),
    "deepseek-coder-v2-0724": (0.14, 0.28),
    "deepseek-v2": (0.14, 0.28),
    "deepseek-v2-0628": (0.14, 0.28),
    "deepseek-v2-coder-0614": (0.14, 0.28),
    "deepseek-v2-coder-0724": (0.14, 0.28),
    "deepseek-v2.5": (0.14, 0.28),
    "deepseek-v2.5-0908": (0.14, 0.28),
    "gemini-1-pro": (0.5, 1.5),
    "gemini-pro": (0.5, 1.5),
    "gemini-1.5-8b-flash": (0.0375, 0.15),
    "gemini-1.5-flash": (0.075, 0.3),
    "gemini-1.5-pro": (1.25, 5.0),
    "gpt-3.5": (0.5, 1.5),
    "mistral-medium-2312": (2.7, 8.1),
    "mistral-small-2409": (0.2, 0.6),
    "mistral-small-2501": (0.1, 0.3),
    "mistral-small-2506": (0.1, 0.3),
    "mistral-tiny-2312": (0.14, 0.42),
    "open-mistral-nemo-2407": (0.15, 0.15),
    "open-mixtral-8x7b": (0.7, 0.7),
    "open-mixtral-8x22b": (2.0, 6.0),
    "palm-2-chat-bison": (0.25, 0.5),
    "perplexity-sonar": (1.0, 1.0),
    "perplexity-sonar-pro": (3.0, 15.0),
    "phi-3-mini-128k": (0.1, 0.1),
    "phi-3-mini-4k": (0.1, 0.1),
    "phi-3-small-128k": (0.2, 0.2),
    "phi-3-small-8k": (0.2, 0.2),
    "phi-3-medium-128k": (0.3, 0.3),
    "phi-3-medium-4k": (0.3, 0.3),
    "qwen-2.5-max": (1.6, 6.4),
    "reka-core": (3.0, 15.0),
    "reka-flash": (0.8, 2.0),
    "yi-lightning": (0.14, 0.14),
}
_DENSE: tuple[tuple[float, float], ...] = ((4, 0.1), (8, 0.2), (21, 0.3), (41, 0.8), (80, 0.9), (110, 1.8))
_MIXTURE: tuple[tuple[float, float], ...] = ((56, 0.6), (176, 1.2), (480, 2.4))
_SIZE = re.compile(r"(?:(\d+)x)?(\d+(?:\.\d+)?)b(?![a-z0-9])")


def fallback_price(name: str) -> Price | None:
    """Give the price of a canonical model name for want of a better one, or None."""
    base = name.partition("@")[0]
    if base in _WITHDRAWN:
        return _WITHDRAWN[base]
    size = _SIZE.search(base)
    if size is None:
        return None
    experts, billions = size[1], float(size[2])
    total = billions * int(experts) if experts else billions
    classes = _MIXTURE if experts else _DENSE
    return next(((usd, usd) for limit, usd in classes if total <= limit), None)
