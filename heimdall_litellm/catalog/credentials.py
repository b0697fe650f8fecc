"""What LiteLLM takes from the environment for a deployment: its credential, and its address.

Only providers whose key comes from one variable are asked for. All others count as having
one: those that take it from where they run (Bedrock, Vertex AI, SageMaker), that need none
(Ollama), that we don't know, and every deployment with an `api_base` of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from heimdall_litellm.catalog.price_map import PriceMap

ENVIRON_PREFIX: Final = "os.environ/"
SIMULATED_PROVIDER: Final = "heimdall-sim"

LOCAL_PROVIDERS: Final = frozenset(
    {"docker_model_runner", "lemonade", "llamafile", "lm_studio", "ollama", "ollama_chat"}
)
"""Programs that run models on one's own machine; nobody bills what they answer."""

# Where LiteLLM looks, in its own order; the first is the one to recommend.
KEY_VARIABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "ai21": ("AI21_API_KEY",),
    "ai21_chat": ("AI21_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
    "baseten": ("BASETEN_API_KEY",),
    "cerebras": ("CEREBRAS_API_KEY",),
    "codestral": ("CODESTRAL_API_KEY",),
    "cohere": ("COHERE_API_KEY", "CO_API_KEY"),
    "cohere_chat": ("COHERE_API_KEY", "CO_API_KEY"),
    "dashscope": ("DASHSCOPE_API_KEY",),
    "deepinfra": ("DEEPINFRA_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "featherless_ai": ("FEATHERLESS_AI_API_KEY",),
    "fireworks_ai": (
        "FIREWORKS_AI_API_KEY",
        "FIREWORKS_API_KEY",
        "FIREWORKSAI_API_KEY",
        "FIREWORKS_AI_TOKEN",
    ),
    "friendliai": ("FRIENDLIAI_API_KEY", "FRIENDLI_TOKEN"),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "groq": ("GROQ_API_KEY",),
    "huggingface": ("HUGGINGFACE_API_KEY",),
    "hyperbolic": ("HYPERBOLIC_API_KEY",),
    "inception": ("INCEPTION_API_KEY",),
    "lambda_ai": ("LAMBDA_API_KEY",),
    "meta_llama": ("LLAMA_API_KEY",),
    "minimax": ("MINIMAX_API_KEY",),
    "mistral": ("MISTRAL_API_KEY",),
    "moonshot": ("MOONSHOT_API_KEY",),
    "nebius": ("NEBIUS_API_KEY",),
    "novita": ("NOVITA_API_KEY",),
    "nvidia_nim": ("NVIDIA_NIM_API_KEY",),
    "openai": ("OPENAI_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY", "OR_API_KEY"),
    "perplexity": ("PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"),
    "replicate": ("REPLICATE_API_KEY",),
    "sambanova": ("SAMBANOVA_API_KEY",),
    "together_ai": ("TOGETHERAI_API_KEY", "TOGETHER_API_KEY", "TOGETHER_AI_API_KEY", "TOGETHER_AI_TOKEN"),
    "v0": ("V0_API_KEY",),
    "vercel_ai_gateway": ("VERCEL_AI_GATEWAY_API_KEY",),
    "volcengine": ("VOLCENGINE_API_KEY", "ARK_API_KEY"),
    "wandb": ("WANDB_API_KEY",),
    "xai": ("XAI_API_KEY",),
    "zai": ("ZAI_API_KEY",),
}

# From where LiteLLM takes the address of a deployment that states none.
ADDRESS_VARIABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "ai21": ("AI21_API_BASE",),
    "ai21_chat": ("AI21_API_BASE",),
    "amazon_nova": ("AMAZON_NOVA_API_BASE",),
    "anthropic": ("ANTHROPIC_API_BASE", "ANTHROPIC_BASE_URL"),
    "baseten": ("BASETEN_API_BASE",),
    "cerebras": ("CEREBRAS_API_BASE",),
    "codestral": ("CODESTRAL_API_BASE",),
    "cohere": ("COHERE_API_BASE",),
    "cohere_chat": ("COHERE_API_BASE",),
    "dashscope": ("DASHSCOPE_API_BASE",),
    "deepinfra": ("DEEPINFRA_API_BASE",),
    "deepseek": ("DEEPSEEK_API_BASE",),
    "featherless_ai": ("FEATHERLESS_AI_API_BASE", "FEATHERLESS_API_BASE"),
    "fireworks_ai": ("FIREWORKS_API_BASE", "FIREWORKS_AI_API_BASE"),
    "friendliai": ("FRIENDLI_API_BASE",),
    "gemini": ("GEMINI_API_BASE",),
    "groq": ("GROQ_API_BASE",),
    "huggingface": ("HF_API_BASE", "HUGGINGFACE_API_BASE"),
    "hyperbolic": ("HYPERBOLIC_API_BASE",),
    "inception": ("INCEPTION_API_BASE",),
    "lambda_ai": ("LAMBDA_API_BASE",),
    "meta_llama": ("LLAMA_API_BASE",),
    "minimax": ("MINIMAX_API_BASE",),
    "mistral": ("MISTRAL_API_BASE", "MISTRAL_AZURE_API_BASE"),
    "moonshot": ("MOONSHOT_API_BASE",),
    "nebius": ("NEBIUS_API_BASE",),
    "novita": ("NOVITA_API_BASE",),
    "nvidia_nim": ("NVIDIA_NIM_API_BASE",),
    "openai": ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    "openrouter": ("OPENROUTER_API_BASE",),
    "perplexity": ("PERPLEXITY_API_BASE",),
    "replicate": ("REPLICATE_API_BASE",),
    "sambanova": ("SAMBANOVA_API_BASE",),
    "together_ai": ("TOGETHER_AI_API_BASE",),
    "v0": ("V0_API_BASE",),
    "vercel_ai_gateway": ("VERCEL_AI_GATEWAY_API_BASE",),
    "volcengine": ("VOLCENGINE_API_BASE", "ARK_API_BASE"),
    "wandb": ("WANDB_API_BASE",),
    "xai": ("XAI_API_BASE",),
    "zai": ("ZAI_API_BASE",),
}

# The price map tells flavours of a provider apart: `vertex_ai-anthropic_models`, `bedrock_converse`.
_SAME_PROVIDER: Final = {"bedrock_converse": "bedrock", "text-completion-openai": "openai"}
_MEANS_PRESENT: Final = ("api_base", "base_url", "litellm_credential_name", "mock_response")


def provider_of(params: Mapping[str, object], price_map: PriceMap) -> str:
    """Return LiteLLM's name of the provider that `litellm_params` leads to, or "" if nothing tells it."""
    model = params.get("model")
    name = model if isinstance(model, str) else ""
    stated = params.get("custom_llm_provider")
    if isinstance(stated, str) and stated:
        return stated
    listed = str(price_map.get(name, {}).get("litellm_provider", ""))
    # LiteLLM notes in its live map who answered; what the simulated provider stood in for, stays what it is.
    if listed and listed != SIMULATED_PROVIDER:
        return _SAME_PROVIDER.get(listed) or listed.split("-", 1)[0]
    if "/" in name:
        return name.split("/", 1)[0]
    if name.startswith(("gpt-", "o1", "o3", "o4", "chatgpt-")):
        return "openai"
    return "anthropic" if name.startswith("claude") else ""


def missing_credential(params: Mapping[str, object], provider: str, environ: Mapping[str, str]) -> str | None:
    """Return the variable to set, or None if LiteLLM would find a credential."""
    if any(params.get(key) for key in _MEANS_PRESENT):
        return None
    given = params.get("api_key")
    named = None
    if isinstance(given, str) and given.startswith(ENVIRON_PREFIX):
        named = given.removeprefix(ENVIRON_PREFIX)
    elif given:
        return None
    variables = KEY_VARIABLES.get(provider, ())
    if any(environ.get(variable) for variable in (named, *variables) if variable):
        return None
    return named or (variables[0] if variables else None)


def has_any_credential(model_list: Sequence[Mapping[str, object]], environ: Mapping[str, str]) -> bool:
    """Say whether any deployment could really be called; if none, the simulated provider may stand in."""
    for deployment in model_list:
        params = deployment.get("litellm_params")
        if not isinstance(params, Mapping):
            continue
        provider = provider_of(params, {})
        if provider != SIMULATED_PROVIDER and missing_credential(params, provider, environ) is None:
            return True
    return False
