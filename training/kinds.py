"""Kinds of task: what benchmarks' tasks and published categories are both about.

The bridge between prompts with outcomes and models known by published figures alone: a cluster
holds prompts of certain kinds, a model has strengths in certain kinds.
"""

from __future__ import annotations

KINDS: tuple[str, ...] = (
    "coding",
    "maths",
    "reasoning",
    "knowledge",
    "language",
    "instruction",
    "data",
    "tools",
)

_TASK_PREFIXES: tuple[tuple[str, str], ...] = (
    ("code/exec-prediction", "reasoning"),
    ("code/", "coding"),
    ("tool/", "tools"),
    ("gsm8k", "maths"),
    ("math/", "maths"),
    ("mmlu-pro/math", "maths"),
    ("mmlu-redux/college_mathematics", "maths"),
    ("mmlu/abstract_algebra", "maths"),
    ("mmlu/college_mathematics", "maths"),
    ("mmlu/elementary_mathematics", "maths"),
    ("mmlu/high_school_mathematics", "maths"),
    ("mmlu/formal_logic", "reasoning"),
    ("reasoning/", "reasoning"),
    ("mtbench/code", "coding"),
    ("mtbench/math", "maths"),
    ("mtbench/reasoning", "reasoning"),
    ("mtbench/extraction", "data"),
    ("mtbench/writing", "language"),
    ("mtbench/roleplay", "language"),
    ("mtbench/", "knowledge"),
    ("chat/", "language"),
    ("instruction-following", "instruction"),
)

_CATEGORIES: dict[str, str] = {
    "agentic_coding": "coding",
    "coding": "coding",
    "code_all": "coding",
    "code_easy": "coding",
    "code_medium": "coding",
    "code_hard": "coding",
    "code_edit_pass_rate": "coding",
    "humaneval": "coding",
    "humaneval+": "coding",
    "mbpp": "coding",
    "mbpp+": "coding",
    "aider_polyglot": "coding",
    "mathematics": "maths",
    "math": "maths",
    "math-l5": "maths",
    "gsm": "maths",
    "gsm8k": "maths",
    "mgsm": "maths",
    "reasoning": "reasoning",
    "zebra-grid": "reasoning",
    "crux": "reasoning",
    "gpqa": "knowledge",
    "mmlu": "knowledge",
    "mmlu_pro": "knowledge",
    "mmlu-redux": "knowledge",
    "simpleqa": "knowledge",
    "simpleqa_verified": "knowledge",
    "chinese_simpleqa": "knowledge",
    "language": "language",
    "score": "language",
    "if": "instruction",
    "ifeval": "instruction",
    "data_analysis": "data",
    "drop": "data",
    "tau2": "tools",
}


def kind_of_task(task: str) -> str:
    """Give the kind of a task of an outcome file; knowledge where nothing else fits."""
    return next((kind for prefix, kind in _TASK_PREFIXES if task.startswith(prefix)), "knowledge")


def kind_of_category(category: str) -> str | None:
    """Give the kind of a published category, or None if it isn't about one (dollars, seconds, overall)."""
    if category.endswith(("_usd", "_s", "_per_case")):
        return None
    if category.startswith("tool_"):
        return "tools"
    return _CATEGORIES.get(category)
