"""Kinds of task: what benchmarks' tasks and published categories are both about.

The bridge between prompts with outcomes and models known by published figures alone: a cluster
holds prompts of certain kinds, a model has strengths in certain kinds. Of some kinds nothing is published
(chat): there a model's overall ability speaks. For others what comes nearest has to do (LiveBench's language
tasks for writing and translation, its tables for extraction).
"""

from __future__ import annotations

KINDS: tuple[str, ...] = (
    "coding",
    "agentic coding",
    "tools",
    "maths",
    "reasoning",
    "knowledge",
    "data analysis",
    "extraction",
    "writing",
    "translation",
    "instruction following",
    "chat",
)

_TASK_PREFIXES: tuple[tuple[str, str], ...] = (
    ("code/exec-prediction", "reasoning"),
    ("code/", "coding"),
    ("agent/", "agentic coding"),
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
    ("mtbench/extraction", "extraction"),
    ("mtbench/writing", "writing"),
    ("mtbench/roleplay", "chat"),
    ("mtbench/", "knowledge"),
    ("data/", "data analysis"),
    ("extraction/", "extraction"),
    ("writing/", "writing"),
    ("translation/", "translation"),
    ("chat/", "chat"),
    ("instruction-following", "instruction following"),
)

_CATEGORIES: dict[str, tuple[str, ...]] = {
    "agentic_coding": ("agentic coding",),
    "code_edit_pass_rate": ("agentic coding", "coding"),
    "aider_polyglot": ("agentic coding", "coding"),
    "coding": ("coding",),
    "code_all": ("coding",),
    "code_easy": ("coding",),
    "code_medium": ("coding",),
    "code_hard": ("coding",),
    "humaneval": ("coding",),
    "humaneval+": ("coding",),
    "mbpp": ("coding",),
    "mbpp+": ("coding",),
    "mathematics": ("maths",),
    "math": ("maths",),
    "math-l5": ("maths",),
    "gsm": ("maths",),
    "gsm8k": ("maths",),
    "mgsm": ("maths",),
    "reasoning": ("reasoning",),
    "zebra-grid": ("reasoning",),
    "crux": ("reasoning",),
    "gpqa": ("knowledge",),
    "mmlu": ("knowledge",),
    "mmlu_pro": ("knowledge",),
    "mmlu-redux": ("knowledge",),
    "simpleqa": ("knowledge",),
    "simpleqa_verified": ("knowledge",),
    "chinese_simpleqa": ("knowledge",),
    "language": ("writing", "translation"),
    "score": ("reasoning",),
    "if": ("instruction following",),
    "ifeval": ("instruction following",),
    "data_analysis": ("data analysis", "extraction"),
    "drop": ("extraction",),
    "tau2": ("tools",),
}


def kind_of_task(task: str) -> str:
    """Give the kind of a task of an outcome file; knowledge where nothing else fits."""
    return next((kind for prefix, kind in _TASK_PREFIXES if task.startswith(prefix)), "knowledge")


def kinds_of_category(category: str) -> tuple[str, ...]:
    """Give the kinds a published category is about; none for dollars, seconds, overall."""
    if category.endswith(("_usd", "_s", "_per_case")):
        return ()
    if category.startswith("tool_"):
        return ("tools",)
    return _CATEGORIES.get(category, ())
