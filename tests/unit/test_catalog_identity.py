"""One name for one model, against names that providers and benchmarks really use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heimdall_litellm.catalog import canonical, match
from heimdall_litellm.catalog.identity import identify
from heimdall_litellm.core.types import Effort

SAME = [
    (
        "claude-4.5-sonnet",
        [
            "Claude Sonnet 4.5",
            "Claude 4.5 Sonnet",
            "anthropic/claude-sonnet-4-5-20250929",
            "openrouter/anthropic/claude-sonnet-4.5",
            "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "vertex_ai/claude-sonnet-4-5@20250929",
            "Claude-Sonnet-4-5-20250929 (FC)",
            "Claude Sonnet 4.5 Thinking 16K",
            "claude-sonnet-4-5-20250929-thinking-64k",
        ],
    ),
    (
        "claude-3.5-sonnet",
        ["claude-3-5-sonnet-20240620", "Claude Sonnet 3.5 (June 2024)", "claude-3-5-sonnet-latest"],
    ),
    ("claude-3-sonnet", ["claude-3-sonnet-20240229"]),
    ("claude-4-sonnet", ["claude-4-sonnet-20250514-base", "Claude Sonnet 4 (no reasoning)"]),
    ("claude-4.5-opus", ["claude-opus-4-5-20251101-thinking-64k-high-effort", "Claude Opus 4.5"]),
    (
        "deepseek-r1",
        [
            "fireworks_ai/accounts/fireworks/models/deepseek-r1-basic",
            "deepinfra/deepseek-ai/DeepSeek-R1-Turbo",
            "openrouter/deepseek/deepseek-r1:free",
            "DeepSeek R1",
            "fireworks_ai/accounts/x/models/deepseek-r1",
            "us.deepseek.r1-v1:0",
            "ollama/deepseek-r1:671b",
        ],
    ),
    ("deepseek-r1-0528", ["DeepSeek R1 (0528)", "DeepSeek R1 05/28", "deepseek/deepseek-r1-0528"]),
    ("deepseek-v3", ["DeepSeek Chat V3 (prev)", "deepseek-v3", "DeepSeek-V3 (Nov 2024)"]),
    ("deepseek-v3-0324", ["DeepSeek V3 (0324)"]),
    (
        "deepseek-v3.2",
        ["deepseek/deepseek-v3.2", "deepseek-v3.2-thinking", "volcengine/deepseek-v3-2-251201"],
    ),
    (
        "gemini-2.5-pro",
        ["gemini/gemini-2.5-pro", "Gemini 2.5 Pro Preview 05-06", "gemini-2.5-pro-06-05-highthinking"],
    ),
    ("gemini-2.5-flash", ["Gemini-2.5-Flash (Prompt)", "gemini-2.5-flash-preview-05-20 (no think)"]),
    ("gemini-2.5-flash-lite", ["gemini-2.5-flash-lite-preview-09-2025-highthinking"]),
    ("gemini-3-pro", ["Gemini 3.0 Pro", "gemini-3-pro-preview-11-2025-high"]),
    ("gemini-1.5-pro", ["Gemini Pro 1.5", "gemini-1.5-pro-002", "gemini/gemini-1.5-pro-latest"]),
    ("gpt-5", ["openai/gpt-5", "azure/gpt-5", "GPT-5 (high reasoning)", "gpt-5-minimal", "gpt-5-2025-08-07"]),
    ("gpt-5-mini", ["GPT-5 mini (medium reasoning)", "gpt-5-mini-high", "GPT-5-mini-2025-08-07 (FC)"]),
    ("gpt-5.1", ["gpt-5.1-2025-11-13-nothinking", "GPT-5.1 (no reasoning)"]),
    ("gpt-5.1-codex-max", ["gpt-5.1-codex-max-xhigh"]),
    ("gpt-5-chat", ["gpt-5-chat-latest"]),
    ("gpt-4", ["gpt-4-0613", "gpt-4-32k", "gpt-4-32k-0613"]),
    ("gpt-3.5-turbo", ["azure/gpt-35-turbo", "gpt-35-turbo-1106", "gpt-3.5-turbo-16k"]),
    ("gpt-4.1-mini", ["gpt-41-mini", "ft:gpt-4.1-mini-2025-04-14:acme::x1"]),
    ("claude-3.7-sonnet", ["claude-37-sonnet", "openrouter/anthropic/claude-3.7-sonnet:thinking"]),
    ("claude-4.1-opus", ["claude-opus-41", "claude-opus-4-1"]),
    ("claude-4.6-opus", ["anthropic.claude-opus-4-6-v1", "us-gov.anthropic.claude-opus-4-6"]),
    ("claude-2.1", ["anthropic.claude-v2:1", "claude-2.1"]),
    ("claude-mythos", ["us.anthropic.claude-mythos-preview"]),
    ("gemini-exp-1206", ["gemini/gemini-exp-1206", "gemini-exp-1206 (diff)"]),
    ("llama-3.1-70b", ["us.meta.llama3-1-70b-instruct-v1:0"]),
    ("llama-2-70b", ["meta.llama2-70b-chat-v1"]),
    ("llama-3-70b", ["groq/llama3-70b-8192"]),
    ("qwen-2.5-72b", ["fireworks_ai/accounts/fireworks/models/qwen2p5-72b-instruct", "qwen2.5-72b-instruct"]),
    ("qwen-2.5-coder-32b", ["lambda_ai/qwen25-coder-32b-instruct"]),
    ("glm-5.2", ["fireworks_ai/glm-5p2-fast-us", "azure_ai/FW-GLM-5.2-Fast"]),
    ("gemma-3-27b", ["ollama/gemma3:27b", "gemma-3-27b-it", "ollama/gemma3:27b-it-qat"]),
    ("phi-4", ["phi-4", "ollama/phi4", "ollama/phi4:14b"]),
    ("command-r", ["command-r-08-2024"]),
    ("sonar-reasoning-pro", ["perplexity/sonar-reasoning-pro"]),
    ("jamba-1.5-large", ["ai21.jamba-1-5-large-v1:0"]),
    ("gpt-4-turbo", ["gpt-4-1106-preview", "GPT-4-Turbo (April 2024)", "gpt-4-turbo-2024-04-09 (udiff)"]),
    (
        "gpt-4o",
        ["gpt-4o-2024-05-13", "GPT 4o (Aug 2024)", "GPT-4O-2024-08-06", "github_copilot/gpt-4-o-preview"],
    ),
    (
        "gpt-oss-120b",
        [
            "openai/gpt-oss-120b",
            "gpt-oss-120b (high)",
            "ollama/gpt-oss:120b",
            "ollama/gpt-oss:120b-cloud",
            "openrouter/openai/gpt-oss-120b:exacto",
            "lemonade/gpt-oss-120b-mxfp4-GGUF",
        ],
    ),
    ("gpt-oss-20b", ["ollama/gpt-oss:20b", "ollama/gpt-oss", "groq/openai/gpt-oss-20b"]),
    ("o1", ["o1-2024-12-17@high", "O1-2024-12-17 (N=1) (Low)"]),
    ("o1-preview", ["o1-preview-2024-09-12", "O1 Preview (Sept 2024)"]),
    ("o3-mini", ["o3-mini-2025-01-31-high", "O3-Mini-2025-01-31 (Med)", "openai/o3-mini"]),
    ("grok-4", ["Grok-4-0709 (FC)", "openrouter/x-ai/grok-4"]),
    (
        "grok-4.1-fast",
        ["Grok 4.1 Fast Non-Reasoning", "xai/grok-4-1-fast-reasoning", "grok-4.1-fast-reasoning-2511"],
    ),
    (
        "kimi-k2",
        [
            "Moonshotai-Kimi-K2-Instruct (FC)",
            "Kimi K2",
            "moonshot/kimi-k2-turbo-preview",
            "ollama/kimi-k2:1t-cloud",
        ],
    ),
    ("kimi-k2.6", ["moonshotai/kimi-k2.6", "kimi-k2.6-thinking"]),
    (
        "llama-3.1-8b",
        [
            "ollama/llama3.1",
            "ollama_chat/llama3.1:latest",
            "hosted_vllm/neuralmagic/Meta-Llama-3.1-8B-Instruct-quantized.w4a16",
            "openai/mlx-community/Meta-Llama-3.1-8B-Instruct-4bit",
            "Meta-Llama-3.1-8B-Instruct",
            "Llama3.1-8B-instruct",
            "meta-llama-3.1-8b-instruct-turbo",
            "groq/llama-3.1-8b-instant",
            "accounts/fireworks/models/llama-v3p1-8b-instruct",
        ],
    ),
    ("llama-3.2-3b", ["ollama/llama3.2:3b-instruct-fp16"]),
    ("llama-3.3-70b", ["groq/llama-3.3-70b-versatile", "RedHatAI/Llama-3.3-70B-Instruct-FP8-dynamic"]),
    (
        "llama-4-maverick",
        [
            "meta-llama/llama-4-maverick-17b-128e-instruct-fp8",
            "Llama 4 Maverick",
            "ollama/llama4:maverick",
            "llama4-maverick-instruct-basic",
        ],
    ),
    (
        "mixtral-8x7b-v0.1",
        [
            "mixtral-8x7b-instruct-v0.1",
            "Mixtral-8x7B-Instruct-v0.1",
            "open-mixtral-8x7b",
            "ollama/mixtral:8x7b",
            "groq/mixtral-8x7b-32768",
        ],
    ),
    ("nova-lite", ["amazon.nova-lite-v1:0", "openrouter/amazon/nova-lite-v1"]),
    ("nova-2-lite", ["bedrock/us.amazon.nova-2-lite-v1:0", "amazon_nova/nova-2-lite-v1"]),
    ("sonar-pro", ["perplexity/sonar-pro", "perplexity-sonar-pro"]),
    ("sonar", ["openrouter/perplexity/sonar", "perplexity-sonar"]),
    ("mistral-small-2501", ["Mistral-Small-24B-Instruct-2501", "mistral-small-3"]),
    ("mistral-small-2506", ["mistral-small-3.2-24b-instruct", "Mistral-Small-3.2-24B-Instruct-2506"]),
    ("mistral-medium-2505", ["openrouter/mistralai/mistral-medium-3", "mistral-medium-3@001"]),
    ("mistral-large-2512", ["mistral.mistral-large-3-675b-instruct", "mistral-large-3-fp8"]),
    ("ministral-8b-2512", ["mistral.ministral-3-8b-instruct", "ministral-3-8b-2512"]),
    ("mistral-nemo-2407", ["open-mistral-nemo-2407", "mistral-nemo-12b-instruct-2407"]),
    ("grok-3", ["xai/grok-3-fast", "grok-3-latest"]),
    ("jamba-1.7-large", ["ai21/jamba-large-1.7"]),
    ("qwq-32b", ["groq/qwen-qwq-32b", "ollama/qwq", "ollama/qwq:32b"]),
    (
        "qwen-3-235b-a22b-thinking-2507",
        ["Qwen 3 235B A22B 25-07 Think", "openrouter/qwen/qwen3-235b-a22b-thinking-2507"],
    ),
    (
        "qwen-3-235b-a22b-2507",
        [
            "Qwen3-235B-A22B-Instruct-2507 (FC)",
            "openrouter/qwen/qwen3-235b-a22b-2507",
            "together_ai/Qwen/Qwen3-235B-A22B-Instruct-2507-tput",
        ],
    ),
    (
        "qwen-3-coder-480b-a35b",
        [
            "openrouter/qwen/qwen3-coder",
            "qwen3-coder-480b-a35b-instruct",
            "bedrock/qwen.qwen3-coder-480b-a35b-v1:0",
        ],
    ),
]


@pytest.mark.parametrize(("model", "name"), [(model, name) for model, names in SAME for name in names])
def test_every_spelling_of_a_model_has_one_canonical_name(model: str, name: str) -> None:
    assert canonical(name) == model


def test_no_two_of_these_models_are_taken_for_one() -> None:
    assert len({model for model, _ in SAME}) == len(SAME)


@pytest.mark.parametrize("model", [model for model, _ in SAME])
def test_a_canonical_name_is_its_own(model: str) -> None:
    assert canonical(model) == model


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mistral-large-latest", "Mistral-Large (Mar 2024)"),
        ("phi-4-reasoning", "phi-4"),
        ("code-qwen-1p5-7b", "qwen1.5-7b-chat"),
        ("ollama/deepseek-r1:70b", "deepseek-r1"),
        ("sonar-medium-online", "perplexity-sonar"),
        ("grok-4-fast-reasoning", "grok-4"),
        ("glm-5-turbo", "glm-5"),
        ("nemotron-3.5-lightning", "nemotron-3.5"),
        ("gpt-oss-20b", "gpt-oss-120b"),
        ("qwen-3-30b-a6b", "qwen-3-30b-a3b"),
        ("mistral-large-2407", "mistral-large-2411"),
        ("mistral-medium-2505", "mistral-small-2506"),
        ("gemini-exp-1206", "gemini-2.5-pro"),
        ("qwq-32b", "qwq-32b-preview"),
        ("deepseek-v3.2", "deepseek-v3.2-exp"),
        ("deepseek-r1-distill-llama-70b", "deepseek-r1"),
        ("kimi-k2-thinking", "kimi-k2"),
        ("gpt-5-codex", "gpt-5"),
        ("ollama/deepseek-r1", "deepseek-r1"),
        ("ollama/deepseek-r1:8b", "deepseek-r1"),
        ("ollama_chat/deepseek-r1:latest", "deepseek-r1"),
        ("deepseek-r1-distill-qwen-7b", "deepseek-r1"),
        ("sonar-reasoning", "sonar"),
        ("gemini-exp-1206", "gemini"),
        ("phi-4-mini", "phi-4"),
        ("grok-4-fast", "grok-4"),
        ("claude-opus-4-1", "claude-opus-4"),
        ("gemini-2.0-flash-thinking-exp-01-21", "gemini-2.0-flash"),
    ],
)
def test_neighbours_are_not_taken_for_each_other(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)
    assert match(one, [other]) is None


@pytest.mark.parametrize(
    ("name", "effort"),
    [
        ("gpt-5 (high)", "high"),
        ("o3-mini@low", "low"),
        ("o4-mini (medium reasoning)", "medium"),
        ("GPT-5.4 (xhigh reasoning)", "xhigh"),
        ("gpt-5.1-2025-11-13-nothinking", "none"),
        ("DeepSeek V3.1 Non-Think", "none"),
        ("claude-3-7-sonnet@thinking", "high"),
        ("claude-opus-4-8-low-effort", "low"),
        ("claude-4-sonnet-20250514-base", "none"),
        ("gemini-2.5-pro-06-05-highthinking", "high"),
        ("xai/grok-4-fast-non-reasoning", "none"),
        ("grok-4-fast-non-reasoning-2511", "none"),
        ("gpt-5-minimal", "minimal"),
        ("mistral-medium-2505", None),
        ("mistral-medium", None),
        ("qwen3-max", None),
        ("magistral-medium", None),
        ("gpt-5", None),
    ],
)
def test_the_effort_is_read_from_the_name(name: str, effort: Effort | None) -> None:
    assert identify(name).effort == effort


@pytest.mark.parametrize(
    ("upstream", "effort", "names", "expected"),
    [
        ("openai/gpt-5", "high", ["gpt-5", "gpt-5@low", "gpt-5@high"], "gpt-5@high"),
        ("openai/gpt-5", "medium", ["gpt-5@low", "gpt-5", "gpt-5@high"], "gpt-5"),
        ("openai/gpt-5", None, ["gpt-5@low", "gpt-5@high", "gpt-5"], "gpt-5"),
        ("openai/gpt-5", None, ["gpt-5@low", "gpt-5@medium"], "gpt-5@medium"),
        ("openai/gpt-5", "xhigh", ["gpt-5@low", "gpt-5@high"], "gpt-5@high"),
        ("gpt-5@low", "high", ["gpt-5@low", "gpt-5@high"], "gpt-5@low"),
        ("openai/gpt-5", "high", ["gpt-5-mini", "gpt-5.1"], None),
        (
            "claude-3-5-sonnet-20241022",
            None,
            ["claude-3-5-sonnet-20240620", "claude-3-5-sonnet-20241022"],
            "claude-3-5-sonnet-20241022",
        ),
        (
            "claude-3-5-sonnet-latest",
            None,
            ["claude-3-5-sonnet-20240620", "claude-3-5-sonnet-20241022"],
            "claude-3-5-sonnet-20241022",
        ),
        ("gpt-4o-2024-11-20", None, ["gpt-4o-2024-05-13", "gpt-4o"], "gpt-4o"),
        ("gpt-4o (Aug 2024)", None, ["gpt-4o (Feb 2025)", "gpt-4o-24-09-07"], "gpt-4o (Feb 2025)"),
        ("gemini-2.5-pro", None, ["gemini-2.5-pro-preview-09-2025", "gemini-2.5-pro-20250605"],
         "gemini-2.5-pro-preview-09-2025"),
        ("GPT-4o", None, ["openai/gpt-4o", "gpt-4o", "GPT-4o"], "GPT-4o"),
        ("", None, ["-", ""], None),
        ("gpt-5", None, [], None),
        # What is active of a mixture of experts often goes unsaid.
        ("ollama/qwen3:30b", None, ["qwen-3-30b-a3b-2507", "qwen-3-30b-a3b"], "qwen-3-30b-a3b"),
        ("cerebras/qwen-3-coder-480b", None, ["qwen-3-coder-480b-a35b"], "qwen-3-coder-480b-a35b"),
        ("nvidia.nemotron-super-3-120b", None, ["nemotron-3-super-120b-a12b"], "nemotron-3-super-120b-a12b"),
        ("qwen-3-30b", None, ["qwen-3-32b-a3b", "qwen-3.5-30b-a3b"], None),
    ],
)  # fmt: skip
def test_the_nearest_of_several_names_is_chosen(
    upstream: str, effort: Effort | None, names: list[str], expected: str | None
) -> None:
    assert match(upstream, names, effort) == expected
    assert match(upstream, names[::-1], effort) == expected


@given(
    st.sampled_from(["gpt", "claude-opus", "gemini", "qwen", "llama", "grok"]),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.sampled_from(["", "-mini", "-70b"]),
    st.sampled_from(["", "-mini", "-70b"]),
)
def test_versions_and_sizes_never_match_across(
    family: str, one: tuple[int, int], other: tuple[int, int], size: str, other_size: str
) -> None:
    first, second = f"{family}-{one[0]}.{one[1]}{size}", f"{family}-{other[0]}.{other[1]}{other_size}"
    assert (canonical(first) == canonical(second)) == ((one, size) == (other, other_size))


@given(
    st.sampled_from([model for model, _ in SAME]),
    st.sampled_from(["", "openai/", "openrouter/vendor/", "a/b/c/"]),
    st.sampled_from(["", "@low", "@high", " (medium reasoning)"]),
    st.booleans(),
)
def test_provider_effort_and_case_change_nothing(model: str, prefix: str, effort: str, upper: bool) -> None:
    name = f"{prefix}{model}{effort}"
    assert canonical(name.upper() if upper else name) == model


@given(st.text(max_size=60))
def test_any_text_has_an_identity(name: str) -> None:
    found = identify(name)
    assert found.release == "" or found.release.isdigit()
    assert match(name, [name]) == (name if found.canonical else None)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("gpt-4o-2024-05-13", "openai/gpt-4o", False),
        ("gpt-4o-2024-05-13", "openai/gpt-4o-2024-05-13", True),
        ("gpt-3.5-turbo-16k", "openai/gpt-3.5-turbo", False),
        ("gpt-4-32k", "gpt-4", False),
        ("claude-opus-4-8-fast", "anthropic/claude-opus-4.8", False),
        ("kimi-k2-thinking-turbo", "moonshot/kimi-k2-thinking", False),
        ("ft:gpt-4o-mini-2024-07-18:acme::1", "gpt-4o-mini-2024-07-18", False),
        ("claude-sonnet-4-5", "anthropic/claude-sonnet-4.5", True),
    ],
)
def test_only_the_same_release_window_and_speed_is_the_same_offer(
    one: str, other: str, is_same: bool
) -> None:
    assert identify(one).canonical == identify(other).canonical
    assert identify(one).is_same_offer(identify(other)) is is_same
