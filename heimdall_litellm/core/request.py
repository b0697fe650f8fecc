"""A request body, whatever its wire shape, becomes `RequestFacts`.

Theory. A body may hold a million tokens; a decision must not cost more for it. Python keeps
the length of a string, so counting characters is O(1) per string; only *windows* of text are
ever read:

- the **ask**: what the user wants now, the text of the last message a person wrote, its first
  `HEAD` and last `TAIL` characters;
- the **topic**: the start of the conversation's first user message, where the ask is not it;
- token density, from a few slices (`tokens.py`).

Work is linear in the number of messages and parts, never in their characters. Text that a
client inserted in the user's name (`<system-reminder>` blocks and the like) is not what the
user asks, so it is cut off where it stands as a part of its own, or before or after what was said;
a message of nothing else is no turn of the user.

Shapes understood: OpenAI chat `messages`; Anthropic `messages` with top-level `system`;
OpenAI Responses `input` with `instructions`; completions `prompt`; Gemini `contents` with
`systemInstruction`. Anything unknown is skipped, never an error: LiteLLM judges bodies, not we.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from heimdall_litellm.core.tokens import tokens_in
from heimdall_litellm.core.types import RequestFacts

HEAD = 768
TAIL = 256
TOPIC = 256

_INSERTED_TAGS = (
    "system-reminder",
    "system_reminder",
    "local-command-stdout",
    "command-name",
    "environment_context",
    "ide_selection",
    "ide_opened_file",
)
_INSERTED = tuple(f"<{tag}" for tag in _INSERTED_TAGS)
_INSERTED_ENDS = tuple(f"</{tag}>" for tag in _INSERTED_TAGS)
_MAX_INSERTED_BLOCKS = 8
_MAX_INSERTED_CHARS = 200_000

_IMAGE_PARTS = frozenset({"image_url", "image", "input_image"})
_AUDIO_PARTS = frozenset({"input_audio", "audio"})
_FILE_PARTS = frozenset({"file", "document", "input_file"})
_TOOL_RESULT_PARTS = frozenset({"tool_result", "function_call_output"})
_TEXT_KEYS = ("text", "thinking", "output", "content", "parts", "arguments")

# Tokens a message costs beyond its text, and an image where nothing better is known: both are
# the middle of what providers document (3-4 per message; 258 to 1,600 per image).
_TOKENS_PER_MESSAGE = 4
_TOKENS_PER_IMAGE = 800
_TOKENS_PER_FILE = 2_000
# A page of PDF is some 50 kB, base64 and all, and 1,500 tokens.
_BASE64_CHARS_PER_TOKEN = 40
_MAX_DEPTH = 6
_READ_WHOLE = 16
"""Messages at the end of a conversation that are read whole; of those before only the counts matter."""


@dataclass(slots=True)
class _Reading:
    """What one pass over a body gathers; it never leaves this module."""

    texts: list[str] = field(default_factory=list)
    first_user: str = ""
    last_user: str = ""
    skimmed_user: list[str] = field(default_factory=list)
    last_any: str = ""
    system_chars: int = 0
    messages: int = 0
    user_turns: int = 0
    images: int = 0
    audio: int = 0
    files: int = 0
    token_ids: int = 0
    file_chars: int = 0
    has_tool_results: bool = False


def window(text: str, head: int = HEAD, tail: int = TAIL) -> str:
    """Give the first `head` and last `tail` characters of a text, or all of a short one."""
    if len(text) <= head + tail:
        return text
    return f"{text[:head]}\n{text[-tail:]}"


def read_request(body: Mapping[str, object]) -> RequestFacts:
    """Read a request body of any known shape into facts.

    Never raises on odd bodies: what it doesn't understand it leaves out. The body isn't changed.
    """
    reading = _Reading()
    for key in ("system", "instructions", "systemInstruction", "system_instruction"):
        if key in body:
            _read_system(body[key], reading)
    for key in ("messages", "input", "contents", "prompt"):
        value = body.get(key)
        if isinstance(value, str):
            _read_message({"role": "user", "content": value}, reading)
        elif isinstance(value, Sequence):
            last = len(value) - _READ_WHOLE
            for at, item in enumerate(value):
                if isinstance(item, Mapping):
                    (_skim_message if reading.first_user and at < last else _read_message)(item, reading)
                elif isinstance(item, str):
                    _read_message({"role": "user", "content": item}, reading)
                elif isinstance(item, int):
                    reading.token_ids += 1
                elif isinstance(item, list):
                    reading.token_ids += len(item)
    return _facts(body, reading)


def _facts(body: Mapping[str, object], reading: _Reading) -> RequestFacts:
    tools = body.get("tools") or body.get("functions")
    tool_count, tool_texts = _read_tools(tools)
    ask = reading.last_user or _spoken(reading.skimmed_user) or reading.last_any
    topic = "" if reading.user_turns <= 1 else reading.first_user[:TOPIC]
    chars = sum(map(len, reading.texts))
    tokens = (
        tokens_in(reading.texts)
        + tokens_in(tool_texts)
        + _TOKENS_PER_MESSAGE * reading.messages
        + _TOKENS_PER_IMAGE * reading.images
        + _TOKENS_PER_FILE * (reading.files + reading.audio)
        + reading.file_chars // _BASE64_CHARS_PER_TOKEN
        + reading.token_ids
    )
    return RequestFacts(
        ask=window(ask),
        topic=topic,
        ask_chars=len(ask),
        system_chars=reading.system_chars,
        total_chars=chars,
        input_tokens=tokens,
        max_output_tokens=_max_output(body),
        messages=reading.messages,
        user_turns=reading.user_turns,
        tools=tool_count,
        has_tool_results=reading.has_tool_results,
        has_images=reading.images > 0,
        has_audio=reading.audio > 0,
        has_files=reading.files > 0,
        is_json=_is_json(body),
        has_own_effort=_has_own_effort(body),
    )


def _read_system(value: object, reading: _Reading) -> None:
    for text in _texts(value, reading, 0):
        reading.system_chars += len(text)
        reading.texts.append(text)


def _read_message(message: Mapping[str, object], reading: _Reading) -> None:
    reading.messages += 1
    role = message.get("role")
    kind = _type_of(message)
    content = message.get("content")
    if content is None:
        content = message.get("parts")
    if role in ("system", "developer"):
        _read_system(content, reading)
        return
    if role in ("tool", "function") or kind in _TOOL_RESULT_PARTS:
        reading.has_tool_results = True
        reading.texts.extend(_texts(content if content is not None else message, reading, 0))
        return
    own, results = _split_results(content)
    if results:
        reading.has_tool_results = True
        reading.texts.extend(_texts(results, reading, 0))
    texts = [own] if isinstance(own, str) else list(_texts(own, reading, 0))
    is_model = role in ("assistant", "model")
    reading.texts.extend(texts)
    if is_model:
        reading.texts.extend(_call_texts(message))
    text = _spoken(texts)
    if not text:
        # Nobody spoke: tool results or a client's notes alone are not what the user asks.
        reading.last_any = reading.last_any or "\n".join(map(window, texts[:4]))
        return
    reading.last_any = text
    if not is_model:
        reading.user_turns += 1
        reading.last_user = text
        reading.skimmed_user = []
        reading.first_user = reading.first_user or text[:TOPIC]


def _skim_message(message: Mapping[str, object], reading: _Reading) -> None:
    """Count a message from the middle of a conversation; who said what matters only near its end.

    The same counts as `_read_message`, at a third of its price: in long transcripts of agents most
    messages are blocks of tools.
    """
    content = message.get("content")
    role = message.get("role")
    if not isinstance(content, list) or role not in ("user", "assistant"):
        _read_message(message, reading)
        return
    reading.messages += 1
    said: list[str] = []
    for part in content:
        text = part.get("text") if isinstance(part, dict) and part.get("type") == "text" else None
        if isinstance(text, str):
            said.append(text)
            continue
        inner = part.get("content") if isinstance(part, dict) and part.get("type") == "tool_result" else None
        if isinstance(part, dict) and _is_tool_result(part):
            reading.has_tool_results = True
        if isinstance(inner, str):
            reading.texts.append(inner)
        else:
            reading.texts.extend(_texts(part, reading, 1))
    reading.texts.extend(said)
    if role == "assistant":
        reading.texts.extend(_call_texts(message))
    elif any(not text[:64].lstrip().startswith(_INSERTED) and window(text).strip() for text in said):
        reading.user_turns += 1
        reading.last_user = ""
        reading.skimmed_user = said


def _split_results(content: object) -> tuple[object, list[object]]:
    """Part what a message says from the tool results it carries (Anthropic puts both in one)."""
    if isinstance(content, str) or not isinstance(content, Sequence):
        return content, []
    own: list[object] = []
    results: list[object] = []
    for part in content:
        is_result = isinstance(part, Mapping) and _is_tool_result(part)
        (results if is_result else own).append(part)
    return own, results


def _type_of(part: Mapping[str, object]) -> str:
    kind = part.get("type")
    return kind if isinstance(kind, str) else ""


def _is_tool_result(part: Mapping[str, object]) -> bool:
    return _type_of(part) in _TOOL_RESULT_PARTS or "functionResponse" in part


def _spoken(texts: Sequence[str]) -> str:
    """Join the parts of one message that a person wrote, in bounded size; empty if none did.

    Only the last parts can matter beyond the ask's windows, so at most a head and a tail of
    each is copied.
    """
    own = [text for text in map(_without_inserted, texts) if window(text).strip()]
    if len(own) <= 1:
        return own[0] if own else ""
    kept = own if len(own) <= 16 else [*own[:8], *own[-8:]]
    return "\n".join(window(text, 2 * HEAD, 2 * TAIL) for text in kept)


def _without_inserted(text: str) -> str:
    """Cut off blocks before and after a text that a client, not the user, wrote (`<tag …>…</tag>`)."""
    at = 0
    for _ in range(_MAX_INSERTED_BLOCKS):
        start = text[at : at + 64].lstrip()
        if not start.startswith(_INSERTED):
            break
        tag = start[1:].split(">", 1)[0].split(" ", 1)[0].split("\n", 1)[0]
        closing = f"</{tag}>"
        end = text.find(closing, at, at + _MAX_INSERTED_CHARS)
        if end < 0:
            break
        at = end + len(closing)
    return _without_appended(text[at:])


def _without_appended(text: str) -> str:
    for _ in range(_MAX_INSERTED_BLOCKS):
        tail = text[-64:].rstrip()
        if not tail.endswith(_INSERTED_ENDS):
            return text
        tag = tail[tail.rindex("</") + 2 : -1]
        begin = text.rfind(f"<{tag}", max(0, len(text) - _MAX_INSERTED_CHARS))
        if begin < 0:
            return text
        text = text[:begin]
    return text


def _texts(value: object, reading: _Reading, depth: int) -> Iterator[str]:
    """Yield the texts of a content value and count what isn't text."""
    if isinstance(value, str):
        yield value
    elif depth >= _MAX_DEPTH:
        return
    elif isinstance(value, Mapping):
        yield from _part_texts(value, reading, depth)
    elif isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        for item in value:
            yield from _texts(item, reading, depth + 1)


def _part_texts(part: Mapping[str, object], reading: _Reading, depth: int) -> Iterator[str]:
    kind = _type_of(part)
    if kind in _IMAGE_PARTS:
        reading.images += 1
    elif kind in _AUDIO_PARTS:
        reading.audio += 1
    elif kind in _FILE_PARTS:
        yield from _file_texts(part, reading)
    elif "inlineData" in part or "inline_data" in part or "fileData" in part or "file_data" in part:
        _count_gemini_blob(part, reading)
    else:
        for key in _TEXT_KEYS:
            if key in part:
                yield from _texts(part[key], reading, depth + 1)
        for key in ("input", "functionResponse", "functionCall"):
            if isinstance(part.get(key), Mapping):
                yield from _leaves(part[key], depth + 1)


def _file_texts(part: Mapping[str, object], reading: _Reading) -> Iterator[str]:
    """Yield a document's text where it is plain; else count it by its size."""
    holder = part.get("source") or part.get("file") or part
    data = None
    if isinstance(holder, Mapping):
        data = holder.get("data") or holder.get("file_data")
        if holder.get("type") == "text" and isinstance(data, str):
            yield data
            return
    reading.files += 1
    reading.file_chars += len(data) if isinstance(data, str) else 0


def _count_gemini_blob(part: Mapping[str, object], reading: _Reading) -> None:
    blob = part.get("inlineData") or part.get("inline_data") or part.get("fileData") or part.get("file_data")
    mime = ""
    if isinstance(blob, Mapping):
        mime = str(blob.get("mimeType") or blob.get("mime_type") or "")
    if mime.startswith("image/"):
        reading.images += 1
    elif mime.startswith("audio/"):
        reading.audio += 1
    else:
        reading.files += 1
        data = blob.get("data") if isinstance(blob, Mapping) else None
        reading.file_chars += len(data) if isinstance(data, str) else 0


def _call_texts(message: Mapping[str, object]) -> list[str]:
    """Texts of an assistant's tool calls: they count as input tokens of the next turn."""
    calls = message.get("tool_calls") or message.get("function_call")
    return list(_leaves(calls, 0)) if calls else []


def _leaves(value: object, depth: int) -> Iterator[str]:
    """Yield every key and string of a JSON value, to a bounded depth."""
    if isinstance(value, str):
        yield value
    elif depth > _MAX_DEPTH:
        return
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _leaves(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item, depth + 1)


def _read_tools(tools: object) -> tuple[int, list[str]]:
    """Count tools, and give their schemas as the JSON that the model will read."""
    if not isinstance(tools, Sequence) or isinstance(tools, str | bytes):
        return 0, []
    declared = [tool.get("functionDeclarations") for tool in tools if isinstance(tool, Mapping)]
    count = len(tools) + sum(len(names) - 1 for names in declared if isinstance(names, list))
    try:
        return count, [json.dumps(tools, default=str, ensure_ascii=False)]
    except (TypeError, ValueError, RecursionError):
        return count, []


def _max_output(body: Mapping[str, object]) -> int | None:
    config = body.get("generationConfig") or body.get("config")
    nested = config.get("maxOutputTokens") if isinstance(config, Mapping) else None
    values = (
        *(body.get(key) for key in ("max_completion_tokens", "max_tokens", "max_output_tokens")),
        nested,
    )
    for value in values:
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None


def _is_json(body: Mapping[str, object]) -> bool:
    for key, inner in (("response_format", "type"), ("text", "format")):
        value = body.get(key)
        if isinstance(value, Mapping):
            kind = value.get(inner)
            kind = kind.get("type") if isinstance(kind, Mapping) else kind
            if kind in ("json_object", "json_schema"):
                return True
        elif key == "response_format" and isinstance(value, type):
            return True  # a pydantic class, as the SDK takes it
    config = body.get("generationConfig") or body.get("config")
    return isinstance(config, Mapping) and (
        config.get("responseMimeType") == "application/json" or "responseSchema" in config
    )


def _has_own_effort(body: Mapping[str, object]) -> bool:
    if body.get("reasoning_effort") is not None or body.get("thinking") is not None:
        return True
    if body.get("reasoning") is not None:
        return True
    config = body.get("generationConfig") or body.get("config")
    return isinstance(config, Mapping) and config.get("thinkingConfig") is not None
