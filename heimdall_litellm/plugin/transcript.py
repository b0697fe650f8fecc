"""A conversation as the vendor of one attempt can read it.

Each request is routed anew and fails over, so the turns that a client sends back may have been made by
several vendors. They hold things that only their maker takes: signed or encrypted thoughts, ids of
tool calls in a form of its own, fields that LiteLLM adds to an answer. What another vendor would refuse, or
take for something it is not, is removed for the attempt. The maker finds its own as it left it.

| attempt goes to | thoughts that stay | ids of tool calls | besides |
|---|---|---|---|
| Claude | those with a signature of Claude's | `[a-zA-Z0-9_-]`, up to 64 | `thinking`, if the turn lacks it |
| Gemini | those beside a signature of Gemini's | as they are | calls without a signature, native |
| OpenAI, Azure: chat | `reasoning_items` | up to 40 characters | fields of LiteLLM's, cache marks |
| OpenAI, Azure: Responses | with OpenAI's id or encryption | up to 64 | ids of items |
| Mistral, Groq, Cerebras | none | Mistral: 9 letters and digits | fields of LiteLLM's |
| others | all that is text | up to 64 | |

The others take thoughts as plain text (`reasoning_content`), whoever had them, and some, such as DeepSeek,
refuse a turn of tool calls without; only what is sealed for somebody else goes.

**Where.** LiteLLM serves some endpoints through another (Messages through chat or Responses, Responses and
Gemini's own through chat), and its inner call comes by here again. The inner one has the final shape, so that
is where most is done; the outer one is left alone, lest a maker's own seals go that the inner one would pass
on. Two things must be done outside, for the translation loses what tells them: OpenAI's encrypted reasoning
bound for somebody else (its summary becomes `reasoning_content` of nobody in particular) and Gemini's thought
parts (their text becomes part of the answer).

**In doubt.** A foreign block left in makes Claude's API answer 400 to this and every later request of the
session. One of its own taken out costs that thought, and within a turn of tool calls a 400 that dropping
`thinking` prevents. So Claude is sent only what is surely its own. With OpenAI's encrypted reasoning it is
the other way about: what isn't surely foreign stays, for other items refer to it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import litellm

Maker = Literal["claude", "gemini", "gpt"]
Object = dict[str, Any]

# LiteLLM's prefix for OpenAI's encrypted reasoning where it travels as a signature, and its wrapper around
# encrypted content that says which deployment made it (`litellm_enc:…;content`).
_CARRIED: Final = "litellm_encrypted_reasoning:"
_WRAPPED: Final = "litellm_enc:"
_FERNET: Final = "gAAAA"
# As many letters of a seal, 9 bytes, as tell whose it is.
_HEAD: Final = 12
# Where LiteLLM hides a Gemini signature in the id of a tool call.
_HIDDEN: Final = "__thought__"
# Google's own word for "this call was made by another model"; Gemini 3 refuses a call without any signature.
_UNSIGNED: Final = "skip_thought_signature_validator"
_THOUGHTS: Final = ("thinking", "redacted_thinking")
_ADDED: Final = frozenset(
    {"thinking_blocks", "reasoning_content", "reasoning", "reasoning_details", "provider_specific_fields"}
)
# Fields of an assistant's message any of which makes it one, thoughts aside.
_SAYING: Final = (
    "content",
    "tool_calls",
    "function_call",
    "refusal",
    "audio",
    "images",
    "thinking_blocks",
    "reasoning_items",
)
_TOLD: Final = frozenset({"thinking_blocks", "reasoning_content"})
_BLOCKS: Final = frozenset({"thinking_blocks"})
_FIELDS: Final = frozenset({"provider_specific_fields"})
_MARKS: Final = frozenset({"cache_control"})
# Where the parts of a content name the call of a tool.
_NAMES_OF_CALLS: Final = {"tool_use": "id", "tool_result": "tool_use_id"}
_ID: Final = frozenset({"id"})
_NONE: Final[frozenset[str]] = frozenset()
_LETTERS: Final = string.ascii_letters + string.digits

# Items of Responses: how OpenAI begins the ids of each kind, and what a model calls tools with.
_PREFIXES: Final = {"message": "msg", "function_call": "fc", "custom_tool_call": "ctc", "reasoning": "rs"}
_CALLS: Final = ("function_call", "custom_tool_call")
# LiteLLM's own, which it turns back before it sends them.
_ENCODED: Final = "encitem_"
# OpenAI's; those LiteLLM makes up for others are UUIDs or short numbers.
_REASONING_ID: Final = re.compile(r"rs_[0-9a-zA-Z]{24,}|encitem_.+")


def maker_of(signature: object) -> Maker | None:
    """Whose seal this is, by its form; None if it is nobody's that is known.

    Claude's and Gemini's are base64 of protobuf messages, OpenAI's is a Fernet token. Both of the former
    may begin with field 2 (0x12), so the first letters tell nothing:

    | | bytes | base64 |
    |---|---|---|
    | Claude | `12 len 0a len`, then fields again (`08 …`, `18 …`) | `ErUBCkYIBxgC…`, `EqQBCgIYAhIM…` |
    | Gemini | `12 len 0a len` or `0a len`, then version 1 and a key id | `EjQKMgG+Pvb7…`, `CiQBvj72…` |

    A 1 would be a tag of field 0, which protobuf doesn't have, so it tells the two apart.
    """
    return _maker_by(signature[:_HEAD]) if isinstance(signature, str) else None


@lru_cache(maxsize=4096)  # the heads of one vendor's seals differ little
def _maker_by(head: str) -> Maker | None:
    if head.startswith((_CARRIED[:_HEAD], _FERNET)):
        return "gpt"
    if not head.startswith(("E", "C")):
        return None
    try:
        data = base64.b64decode(head.rstrip("=").ljust(_HEAD, "A"), validate=True)
    except (binascii.Error, ValueError):
        return None
    is_nested = data[0] == 0x12
    at = _after_length(data, 1) if is_nested else 0
    if data[at] != 0x0A:
        return None
    first = data[_after_length(data, at + 1)]
    if first == 1:
        return "gemini"
    return "claude" if is_nested and first >= 8 else None


def _after_length(data: bytes, at: int) -> int:
    """Where the varint ends that begins there; signatures are shorter than 2 MB, so within 3 bytes."""
    end = next((i for i in range(at, at + 3) if data[i] < 0x80), at + 2)
    return end + 1


@dataclass(frozen=True, slots=True)
class _Vendor:
    """What one vendor takes."""

    reads: Maker | None
    takes_id: Callable[[str], object]
    is_lenient: bool = False
    refused: frozenset[str] = _NONE  # in messages of an assistant
    marks: frozenset[str] = _NONE  # in all messages and in their parts
    fields: frozenset[str] = _NONE  # in calls of tools


_is_plain: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}").fullmatch
_is_nine: Final = re.compile(r"[a-zA-Z0-9]{9}").fullmatch


def _is_any(_: str) -> bool:
    return True


def _is_up_to_40(name: str) -> bool:
    return len(name) <= 40


def _is_up_to_64(name: str) -> bool:
    return len(name) <= 64 and _HIDDEN not in name


_CLAUDE: Final = _Vendor("claude", _is_plain)
_GEMINI: Final = _Vendor("gemini", _is_any)
_OPENAI: Final = _Vendor("gpt", _is_up_to_40, refused=_ADDED | _MARKS, marks=_MARKS, fields=_FIELDS)
_STRICT: Final = _Vendor(
    None, _is_up_to_64, refused=_ADDED | {"reasoning_items", "annotations"}, fields=_FIELDS
)
_MISTRAL: Final = replace(_STRICT, takes_id=_is_nine)
_OTHER: Final = _Vendor(None, _is_up_to_64, is_lenient=True)
# A server that talks like OpenAI and may have it behind: its encrypted reasoning may be its own.
_GATEWAY: Final = _Vendor("gpt", _is_up_to_64, is_lenient=True)

# Providers that serve models of several vendors under their own names.
_HOSTS: Final = frozenset({"vertex_ai", "vertex_ai_beta", "azure_ai", "bedrock", "bedrock_converse"})
_BY_PROVIDER: Final = {
    "anthropic": _CLAUDE,
    "gemini": _GEMINI,
    "azure": _OPENAI,
    "mistral": _MISTRAL,
    "codestral": _MISTRAL,
    "groq": _STRICT,
    "cerebras": _STRICT,
}
_BY_NAME: Final = (
    ("claude", _CLAUDE),
    ("gemini", _GEMINI),
    ("gpt-oss", _OTHER),
    ("gpt-", _OPENAI),
    ("mistral", _MISTRAL),
    ("codestral", _MISTRAL),
)


def cleaned(kwargs: dict[str, Any], call_type: str, provider: str, model: str) -> dict[str, Any]:
    """Return the attempt's arguments with a conversation that its vendor takes, or as they were."""
    vendor = _vendor_of(provider, model, kwargs.get("api_base") or kwargs.get("base_url"))
    match call_type:
        case "acompletion":
            return _with_messages(kwargs, vendor, model)
        case "anthropic_messages" if vendor in (_CLAUDE, _OTHER):
            return _with_messages(kwargs, vendor, model)
        case "aresponses" if vendor is _OPENAI:
            return _replaced(kwargs, "input", _openai_input, vendor)
        case "aresponses" if vendor.reads != "gpt":
            return _replaced(kwargs, "input", _foreign_input, vendor)
        case "agenerate_content" | "agenerate_content_stream" if vendor is not _GEMINI:
            return _replaced(kwargs, "contents", _without_thought_parts, vendor)
        case "agenerate_content" | "agenerate_content_stream" if _wants_signed_calls(model):
            return _replaced(kwargs, "contents", _with_signed_calls, vendor)
    return kwargs


def _vendor_of(provider: str, model: str, api_base: object) -> _Vendor:
    if provider == "openai":
        return _OPENAI if _is_openai(model, api_base) else _GATEWAY
    if provider in _HOSTS:
        return next((vendor for name, vendor in _BY_NAME if name in model.lower()), _OTHER)
    return _BY_PROVIDER.get(provider) or (_GATEWAY if "gpt" in model.lower() else _OTHER)


def _is_openai(model: str, api_base: object) -> bool:
    """Tell OpenAI from the many servers that LiteLLM calls `openai` too because they talk like it."""
    if not isinstance(api_base, str) or not api_base:
        return True
    host = urlsplit(api_base).hostname or ""
    name = model.rpartition("/")[2]
    return (
        host == "openai.com" or host.endswith(".openai.com") or name in litellm.open_ai_chat_completion_models
    )


def _replaced(
    kwargs: dict[str, Any], name: str, change: Callable[[list[Any], _Vendor], list[Any]], vendor: _Vendor
) -> dict[str, Any]:
    given = kwargs.get(name)
    if not isinstance(given, list):
        return kwargs
    changed = change(given, vendor)
    return kwargs if changed is given else {**kwargs, name: changed}


def _mapped(
    given: list[Any], change: Callable[[Object, _Vendor], Object | None], vendor: _Vendor
) -> list[Any]:
    """Change every dict of a list; what becomes None goes. The same list if nothing has changed."""
    changed: list[Any] | None = None
    for at, one in enumerate(given):
        new = change(one, vendor) if isinstance(one, dict) else one
        if changed is None:
            if new is one:
                continue
            changed = given[:at]
        if new is not None or one is None:
            changed.append(new)
    return given if changed is None else changed


# -- chat and Messages


def _with_messages(kwargs: dict[str, Any], vendor: _Vendor, model: str) -> dict[str, Any]:
    changed = _replaced(kwargs, "messages", _messages, vendor)
    if vendor is _CLAUDE and _asks_for_thoughts(changed, model):
        return _without_thinking(changed)
    return changed


def _messages(messages: list[Any], vendor: _Vendor) -> list[Any]:
    return _mapped(messages, _message, vendor)


def _message(message: Object, vendor: _Vendor) -> Object | None:
    changes: Object = {}
    content = message.get("content")
    if isinstance(content, list):
        blocks = _mapped(content, _block, vendor)
        if blocks is not content:
            changes["content"] = blocks
    if message.get("role") == "assistant":
        return _assistant(message, changes, vendor)
    if not changes and not vendor.marks and "tool_call_id" not in message:
        return message
    _rename(message, "tool_call_id", vendor, changes)
    return _edited(message, changes, vendor.marks)


def _block(block: Object, vendor: _Vendor) -> Object | None:
    """One part of a content: what it is to be, None if it is to go."""
    kind = block.get("type")
    if kind in _THOUGHTS:
        # Some lenient ones refuse a turn without its thoughts, so only what can't be read goes.
        return block if _stays(block, vendor) or (vendor.is_lenient and kind == "thinking") else None
    field = _NAMES_OF_CALLS.get(kind) if isinstance(kind, str) else None
    if field is None:
        return _edited(block, {}, vendor.marks) if vendor.marks else block
    changes: Object = {}
    _rename(block, field, vendor, changes)
    # Claude refuses the signature of Gemini's that LiteLLM hands to clients of Messages.
    return _edited(block, changes, _FIELDS if vendor is _CLAUDE else vendor.marks)


def _stays(block: object, vendor: _Vendor) -> bool:
    """Whether a thought is the vendor's own, or might be if it is one that seals none."""
    if not isinstance(block, dict) or block.get("type") not in _THOUGHTS:
        return True
    if isinstance(block.get("thinking"), list):
        return vendor is _MISTRAL or vendor.is_lenient  # in the shape that only Mistral gives them
    maker = maker_of(block.get("signature") or block.get("data"))
    if vendor.is_lenient:
        return maker is None or maker == vendor.reads
    return vendor.reads is not None and maker == vendor.reads


def _assistant(message: Object, changes: Object, vendor: _Vendor) -> Object | None:
    gone = vendor.refused
    thoughts = message.get("thinking_blocks")
    if vendor is _GEMINI:
        # LiteLLM sends `reasoning_content` as a thought of Gemini's own.
        gone = _NONE if _TOLD.isdisjoint(message) or _is_geminis(message) else _TOLD
    elif isinstance(thoughts, list) and thoughts and "thinking_blocks" not in gone:
        kept = [block for block in thoughts if _stays(block, vendor)]
        if not kept:
            gone |= _BLOCKS
        elif len(kept) < len(thoughts):
            changes["thinking_blocks"] = kept
    calls = message.get("tool_calls")
    if isinstance(calls, list):
        renamed = _mapped(calls, _tool_call, vendor)
        if renamed is not calls:
            changes["tool_calls"] = renamed
    changed = _edited(message, changes, gone)
    if changed is message or any(changed.get(name) for name in _SAYING):
        return changed
    # What held nothing but thoughts: an empty turn is refused, and roles needn't alternate.
    return changed if vendor.is_lenient and changed.get("reasoning_content") else None


def _tool_call(call: Object, vendor: _Vendor) -> Object:
    changes: Object = {}
    _rename(call, "id", vendor, changes)
    function = call.get("function")
    if vendor.fields and isinstance(function, dict):
        bare = _edited(function, {}, vendor.fields)
        if bare is not function:
            changes["function"] = bare
    return _edited(call, changes, vendor.fields)


def _is_geminis(message: Object) -> bool:
    """Whether the turn bears a signature of Gemini's, which LiteLLM puts in one of four places."""
    fields = message.get("provider_specific_fields")
    if isinstance(fields, dict) and fields.get("thought_signatures"):
        return True
    if any(maker_of(block.get("signature")) == "gemini" for block in _dicts(message.get("thinking_blocks"))):
        return True
    return any(map(_is_geminis_call, _dicts(message.get("tool_calls"))))


def _is_geminis_call(call: Object) -> bool:
    name = call.get("id")
    if isinstance(name, str) and _HIDDEN in name:
        return True
    fields = (holder.get("provider_specific_fields") for holder in _dicts([call, call.get("function")]))
    return any(isinstance(field, dict) and field.get("thought_signature") for field in fields)


def _edited(given: Object, changes: Object, gone: frozenset[str]) -> Object:
    if not changes and gone.isdisjoint(given):
        return given
    return {name: changes.get(name, value) for name, value in given.items() if name not in gone}


def _rename(given: Object, field: str, vendor: _Vendor, changes: Object) -> None:
    """Note another id for a call where the vendor would refuse its own; the same for call and result."""
    name = given.get(field)
    if name and isinstance(name, str) and not vendor.takes_id(name):
        changes[field] = _other_name(name, vendor)


def _other_name(name: str, vendor: _Vendor) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass"))
    if vendor is not _MISTRAL:
        return "call_" + digest.hexdigest()[:32]
    number = int.from_bytes(digest.digest(), "big")
    return "".join(_LETTERS[number // len(_LETTERS) ** place % len(_LETTERS)] for place in range(9))


def _dicts(given: object) -> Iterator[Object]:
    return (one for one in given if isinstance(one, dict)) if isinstance(given, list) else iter(())


# -- thinking of Claude's


def _asks_for_thoughts(kwargs: Mapping[str, Any], model: str) -> bool:
    """Whether the request has Claude begin each turn with thoughts; "adaptive" leaves it the choice."""
    thinking = kwargs.get("thinking")
    if isinstance(thinking, Mapping):
        return thinking.get("type") == "enabled"
    if kwargs.get("reasoning_effort") in (None, "none"):
        return False
    known = litellm.model_cost.get(model.rpartition("/")[2]) or {}
    return not known.get("supports_adaptive_thinking")


def _without_thinking(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the request without thinking if the turn it continues doesn't begin with Claude's thoughts.

    A turn spans all calls of tools and their results since the user last spoke. What is left of Claude's
    thoughts in it goes too: without thinking, none may stand in the last turn.
    """
    messages = kwargs.get("messages")
    if not isinstance(messages, list) or not messages or not _is_result(messages[-1]):
        return kwargs
    start = len(messages)
    while start and (_is_assistant(messages[start - 1]) or _is_result(messages[start - 1])):
        start -= 1
    turn = [message for message in messages[start:] if _is_assistant(message)]
    if not turn or (
        _begins_with_thought(turn[0]) and (_begins_with_thought(turn[-1]) or _is_claudes(turn[-1]))
    ):
        return kwargs
    without = {k: v for k, v in kwargs.items() if k not in ("thinking", "reasoning_effort")}
    without["messages"] = messages[:start] + _mapped(messages[start:], _thoughtless, _CLAUDE)
    context = without.get("context_management")
    if isinstance(context, dict) and isinstance(context.get("edits"), list):
        # This edit is refused unless thinking is on.
        edits = [edit for edit in context["edits"] if not _clears_thinking(edit)]
        without["context_management"] = {**context, "edits": edits}
        if not edits:
            del without["context_management"]
    return without


def _is_assistant(message: object) -> bool:
    return isinstance(message, dict) and message.get("role") == "assistant"


def _is_result(message: object) -> bool:
    if not isinstance(message, dict):
        return False
    if message.get("role") in ("tool", "function"):
        return True
    return any(block.get("type") == "tool_result" for block in _dicts(message.get("content")))


def _begins_with_thought(message: Object) -> bool:
    first = next(_dicts(message.get("content")), {})
    return bool(message.get("thinking_blocks")) or first.get("type") in _THOUGHTS


def _is_claudes(message: Object) -> bool:
    """Whether the calls of a turn bear Claude's names. It thinks before the first of a row of calls only."""
    uses = [block for block in _dicts(message.get("content")) if block.get("type") == "tool_use"]
    return all(
        str(call.get("id")).startswith("toolu_") for call in (*uses, *_dicts(message.get("tool_calls")))
    )


def _thoughtless(message: Object, _: _Vendor) -> Object:
    content = message.get("content")
    kept: Object = {}
    if isinstance(content, list) and any(block.get("type") in _THOUGHTS for block in _dicts(content)):
        kept["content"] = [
            part for part in content if not (isinstance(part, dict) and part.get("type") in _THOUGHTS)
        ]
    return _edited(message, kept, _BLOCKS)


def _clears_thinking(edit: object) -> bool:
    return isinstance(edit, dict) and str(edit.get("type")).startswith("clear_thinking")


# -- Responses


def _openai_input(items: list[Any], vendor: _Vendor) -> list[Any]:
    """Remove foreign reasoning, and ids that OpenAI refuses.

    OpenAI ties the ids of a turn's calls and messages to the reasoning before them and refuses them without,
    so they go with it.
    """
    is_orphaned = False

    def change(item: Object, _: _Vendor) -> Object | None:
        nonlocal is_orphaned
        if item.get("type") == "reasoning":
            is_orphaned = _is_foreign_reasoning(item)
            if is_orphaned:
                return None
        elif item.get("type") not in _CALLS and item.get("role") != "assistant":
            is_orphaned = False
        changes: Object = {}
        _rename(item, "call_id", _OTHER, changes)
        return _edited(item, changes, _NONE if _is_item_id(item) and not is_orphaned else _ID)

    return _mapped(items, change, vendor)


def _foreign_input(items: list[Any], vendor: _Vendor) -> list[Any]:
    """Remove what OpenAI has encrypted."""

    def change(item: Object, _: _Vendor) -> Object | None:
        is_reasoning = item.get("type") == "reasoning"
        return None if is_reasoning and maker_of(_unwrapped(item.get("encrypted_content"))) == "gpt" else item

    return _mapped(items, change, vendor)


def _is_foreign_reasoning(item: Object) -> bool:
    sealed = _unwrapped(item.get("encrypted_content"))
    if sealed:
        # LiteLLM puts the signed blocks of other vendors here, as JSON.
        return sealed.startswith("[")
    name = item.get("id")
    return not (isinstance(name, str) and _REASONING_ID.fullmatch(name))


def _unwrapped(sealed: object) -> str:
    if not isinstance(sealed, str):
        return ""
    return sealed.partition(";")[2] if sealed.startswith(_WRAPPED) else sealed


def _is_item_id(item: Object) -> bool:
    name = item.get("id")
    kind = item.get("type") or "message"
    if not isinstance(name, str) or name.startswith(_ENCODED) or kind == "item_reference":
        return True
    return bool(_is_plain(name)) and name.startswith(_PREFIXES.get(str(kind), ""))


# -- Gemini's own endpoint


def _without_thought_parts(contents: list[Any], vendor: _Vendor) -> list[Any]:
    def change(content: Object, _: _Vendor) -> Object | None:
        parts = content.get("parts")
        if not isinstance(parts, list):
            return content
        kept = [part for part in parts if not (isinstance(part, dict) and part.get("thought") is True)]
        if len(kept) == len(parts):
            return content
        return {**content, "parts": kept} if kept else None

    return _mapped(contents, change, vendor)


def _wants_signed_calls(model: str) -> bool:
    version = re.search(r"gemini-(\d+)", model)
    return version is not None and int(version[1]) >= 3


def _with_signed_calls(contents: list[Any], vendor: _Vendor) -> list[Any]:
    """Say of calls that another model made that they are; the first of a turn stands for all of them."""

    def change(content: Object, _: _Vendor) -> Object:
        parts = content.get("parts")
        if content.get("role") != "model" or not isinstance(parts, list):
            return content
        at = next(
            (i for i, part in enumerate(parts) if isinstance(part, dict) and "functionCall" in part), None
        )
        if at is None or parts[at].get("thoughtSignature") or parts[at].get("thought_signature"):
            return content
        signed = {**parts[at], "thoughtSignature": _UNSIGNED}
        return {**content, "parts": [*parts[:at], signed, *parts[at + 1 :]]}

    return _mapped(contents, change, vendor)
