"""A request body, whatever its wire shape, becomes `RequestFacts`.

Theory. A body may hold a million tokens; a decision must not cost more for it. Python keeps
the length of a string, so counting characters is O(1) per string; only *windows* of text are
ever read:

- the **ask**: what the user wants now, the text of the last message a person wrote, its first
  `HEAD` and last `TAIL` characters;
- the **topic**: the start of the conversation's first user message, where the ask is not it;
- the **opening**: a sample of that message from end to end, and its length: what is made from a template
  differs from others of it somewhere;
- token density, from a few slices (`tokens.py`).

Work is linear in the number of messages and parts, never in their characters. Of the middle of a
long conversation only counts matter: it is skimmed in a tight loop, to the same counts. Of many
tools a few are read, and the others weighed.

Text that a client inserted in the user's name (`<system-reminder>` blocks and the like) is not what the
user asks, so it is cut off where it stands as a part of its own, or before or after what was said;
a message of nothing else is no turn of the user.

Shapes understood: OpenAI chat `messages`; Anthropic `messages` with top-level `system`;
OpenAI Responses `input` with `instructions`; completions `prompt`; Gemini `contents` with
`systemInstruction`. Anything unknown is skipped, never an error: LiteLLM judges bodies, not we.
"""

from __future__ import annotations

import json
import marshal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from heimdall_litellm.core.plain import plain, plain_window
from heimdall_litellm.core.tokens import chars_and_tokens, tokens_in
from heimdall_litellm.core.types import RequestFacts

HEAD = 768
TAIL = 256
TOPIC = 256
OPENING = 1_024
_OPENING_SLICES = 16

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
_ONLY_KEY = {"text": "text", "tool_result": "content"}
"""Where the commonest parts hold their text; nothing else in them is read."""

# Tokens a message costs beyond its text, and an image where nothing better is known: both are
# the middle of what providers document (3-4 per message; 258 to 1,600 per image).
_TOKENS_PER_MESSAGE = 4
_TOKENS_PER_IMAGE = 800
_TOKENS_PER_FILE = 2_000
# A page of PDF is some 50 kB, base64 and all, and 1,500 tokens.
_BASE64_CHARS_PER_TOKEN = 40
_MOST_OUTPUT = 10**9
"""JSON knows whole numbers of any size, and a limit beyond this one is none."""
_MAX_DEPTH = 6
_READ_WHOLE = 16
"""Messages at the end of a conversation that are read whole; of those before only the counts matter."""
_TOOLS_READ = (0.04, 0.21, 0.33, 0.46, 0.58, 0.71, 0.83, 0.95)
"""Which of many tools are read, as shares of the whole: spread, for those of one server are alike."""
_TOOL_WINDOW = 1_024
"""Wide enough to read those few whole, where windows of prose would do: schemas are uneven text."""
_SKIMMED = ("user", "assistant", "tool")
_SCALARS = frozenset({int, float, bool, type(None)})


@dataclass(slots=True)
class _Reading:
    """What one pass over a body gathers; it never leaves this module."""

    texts: list[str] = field(default_factory=list)
    first_user: str = ""
    opening: str = ""
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


def _sampled(text: str) -> str:
    """Give a short text whole, and of a longer one its beginning, its end, slices between, and its length."""
    if len(text) <= OPENING:
        return text
    slice_chars = OPENING // _OPENING_SLICES
    step = (len(text) - slice_chars) // (_OPENING_SLICES - 1)
    starts = (*range(0, step * (_OPENING_SLICES - 1), step), len(text) - slice_chars)
    return "".join(text[at : at + slice_chars] for at in starts) + str(len(text))


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
            _read_item(value, reading)
        elif isinstance(value, Sequence):
            _read_conversation(value, reading)
    return _facts(body, reading)


def _read_conversation(items: Sequence[object], reading: _Reading) -> None:
    if items and isinstance(items[0], int) and isinstance(items[-1], int):  # a prompt as token ids
        reading.token_ids += len(items)
        return
    end = max(0, len(items) - _READ_WHOLE)
    start = 0
    while start < end and not reading.first_user:
        _read_item(items[start], reading)
        start += 1
    _skim(items[start:end], reading)
    for item in items[end:]:
        _read_item(item, reading)


def _read_item(item: object, reading: _Reading) -> None:
    if isinstance(item, Mapping):
        _read_message(item, reading)
    elif isinstance(item, str):
        _read_message({"role": "user", "content": item}, reading)
    elif isinstance(item, list):
        reading.token_ids += len(item)


def _facts(body: Mapping[str, object], reading: _Reading) -> RequestFacts:
    tools = _tools_of(body)
    ask = reading.last_user or _spoken(reading.skimmed_user) or reading.last_any
    topic = "" if reading.user_turns <= 1 else plain(reading.first_user)
    chars, tokens = chars_and_tokens(reading.texts)
    tokens += (
        _tool_tokens(tools)
        + _TOKENS_PER_MESSAGE * reading.messages
        + _TOKENS_PER_IMAGE * reading.images
        + _TOKENS_PER_FILE * (reading.files + reading.audio)
        + reading.file_chars // _BASE64_CHARS_PER_TOKEN
        + reading.token_ids
    )
    plain_ask, ask_chars = plain_window(ask, HEAD, TAIL)
    return RequestFacts(
        ask=plain_ask,
        topic=topic,
        ask_chars=ask_chars,
        system_chars=reading.system_chars,
        total_chars=max(chars - len(ask), 0) + ask_chars,
        input_tokens=tokens,
        max_output_tokens=_max_output(body),
        messages=reading.messages,
        user_turns=reading.user_turns,
        tools=len(tools),
        has_tool_results=reading.has_tool_results,
        has_images=reading.images > 0,
        has_audio=reading.audio > 0,
        has_files=reading.files > 0,
        is_json=_is_json(body),
        has_own_effort=_has_own_effort(body),
        opening=reading.opening,
    )


def _read_system(value: object, reading: _Reading) -> None:
    texts: list[str] = []
    _add_texts(value, texts, reading, 0)
    reading.system_chars += sum(map(len, texts))
    reading.texts += texts


def _read_message(message: Mapping[str, object], reading: _Reading) -> None:
    reading.messages += 1
    role = message.get("role")
    kind = _type_of(message)
    content = message.get("content")
    if content is None:
        content = message.get("parts")
        content = [content] if isinstance(content, Mapping) else content
    if role in ("system", "developer"):
        _read_system(content, reading)
        return
    if role in ("tool", "function") or kind in _TOOL_RESULT_PARTS:
        reading.has_tool_results = True
        _add_texts(content if content is not None else message, reading.texts, reading, 0)
        return
    if content is None and role is None:  # an item of the Responses API that no one says, such as a call
        _add_texts(message, reading.texts, reading, 0)
        return
    own, results = _split_results(content)
    if results:
        reading.has_tool_results = True
        _add_texts(results, reading.texts, reading, 0)
    texts: list[str] = []
    _add_texts(own, texts, reading, 0)
    is_model = role in ("assistant", "model")
    reading.texts += texts
    if is_model:
        _add_calls(message, reading.texts)
        if reading.first_user:  # then nothing that a model says will be the ask
            return
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
        if not reading.first_user:
            reading.first_user, reading.opening = text[:TOPIC], _sampled(text)


def _skim(items: Sequence[object], reading: _Reading) -> None:
    """Count the middle of a conversation: the same counts as `_read_item`'s, at a fraction of its price.

    Who said what matters only near the end, so the last turn is kept as it stands. Messages of
    less common shapes are read as anywhere.
    """
    texts = reading.texts
    skimmed = 0
    for message in items:
        if not isinstance(message, dict):
            _read_item(message, reading)
            continue
        role, content = message.get("role"), message.get("content")
        said = None
        if role in _SKIMMED and message.get("type", "message") == "message":
            if type(content) is str:
                said = [content]
            elif type(content) is list and role != "tool":
                said = _skim_blocks(content, reading)
            elif content is None and role == "assistant" and "parts" not in message:
                said = []
        if said is None:
            _read_message(message, reading)
            continue
        skimmed += 1
        texts += said
        if role == "user":
            if any(map(_is_spoken, said)):
                reading.user_turns += 1
                reading.last_user = ""
                reading.skimmed_user = said
        elif role == "tool":
            reading.has_tool_results = True
        elif len(message) > 2:
            _add_calls(message, texts)
    reading.messages += skimmed


def _skim_blocks(blocks: list[object], reading: _Reading) -> list[str]:
    """Add the texts of the tool results among a message's blocks, and give those of the others."""
    texts = reading.texts
    said: list[str] = []
    for part in blocks:
        if type(part) is not dict:
            _add_texts(part, said, reading, 1)
            continue
        kind = part.get("type")
        if kind == "text" and type(text := part.get("text")) is str:
            said.append(text)
        elif kind == "tool_result":
            reading.has_tool_results = True
            result = part.get("content")
            if type(result) is str:
                texts.append(result)
            else:
                _add_texts(result, texts, reading, 2)
        elif kind == "tool_use":
            _add_leaves(part.get("input"), said, 2)
        elif _is_tool_result(part):
            reading.has_tool_results = True
            _add_part(part, texts, reading, 1)
        else:
            _add_part(part, said, reading, 1)
    return said


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


def _is_spoken(text: str) -> bool:
    """Say whether a person wrote any of a text; of most texts the first character tells."""
    return text[:1].isalnum() or bool(window(_without_inserted(text)).strip())


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


def _add_texts(value: object, texts: list[str], reading: _Reading, depth: int) -> None:
    """Append the texts of a content value, and count what isn't text."""
    if isinstance(value, str):
        texts.append(value)
    elif depth >= _MAX_DEPTH:
        return
    elif isinstance(value, (dict, Mapping)):
        _add_part(value, texts, reading, depth)
    elif isinstance(value, (list, Sequence)) and not isinstance(value, (bytes, bytearray)):
        for item in value:
            _add_texts(item, texts, reading, depth + 1)


def _add_part(part: Mapping[str, object], texts: list[str], reading: _Reading, depth: int) -> None:
    kind = _type_of(part)
    if kind in _ONLY_KEY:
        _add_texts(part.get(_ONLY_KEY[kind]), texts, reading, depth + 1)
    elif kind == "tool_use":
        _add_leaves(part.get("input"), texts, depth + 1)
    elif kind in _IMAGE_PARTS:
        reading.images += 1
    elif kind in _AUDIO_PARTS:
        reading.audio += 1
    elif kind in _FILE_PARTS:
        _read_file(part, texts, reading)
    elif "inlineData" in part or "inline_data" in part or "fileData" in part or "file_data" in part:
        _count_gemini_blob(part, reading)
    else:
        for key in _TEXT_KEYS:
            if key in part:
                _add_texts(part[key], texts, reading, depth + 1)
        for key in ("input", "functionResponse", "functionCall"):
            if key in part:
                _add_leaves(part[key], texts, depth + 1)


def _read_file(part: Mapping[str, object], texts: list[str], reading: _Reading) -> None:
    """Append a document's text where it is plain; else count it by its size."""
    holder = part.get("source") or part.get("file") or part
    data = None
    if isinstance(holder, Mapping):
        data = holder.get("data") or holder.get("file_data")
        if holder.get("type") == "text" and isinstance(data, str):
            texts.append(data)
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


def _add_calls(message: Mapping[str, object], texts: list[str]) -> None:
    """Append what an assistant's tool calls say: they count as input tokens of the next turn."""
    _add_leaves(message.get("tool_calls") or message.get("function_call"), texts, 0)


def _add_leaves(value: object, texts: list[str], depth: int) -> None:
    """Append every key and string of a JSON value, to a bounded depth."""
    if isinstance(value, str):
        texts.append(value)
    elif depth > _MAX_DEPTH:
        return
    elif isinstance(value, (dict, Mapping)):
        for key, item in value.items():
            texts.append(key if type(key) is str else str(key))
            if type(item) is str:
                texts.append(item)
            elif type(item) not in _SCALARS:
                _add_leaves(item, texts, depth + 1)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _add_leaves(item, texts, depth + 1)


def _tools_of(body: Mapping[str, object]) -> list[object]:
    """Give the tools of a body one by one; Gemini declares several in one."""
    tools = body.get("tools") or body.get("functions")
    if not isinstance(tools, Sequence) or isinstance(tools, str | bytes):
        return []
    found: list[object] = []
    for tool in tools:
        declared = tool.get("functionDeclarations") if isinstance(tool, Mapping) else None
        found += declared if isinstance(declared, list) else [tool]
    return found


def _tool_tokens(tools: Sequence[object]) -> int:
    """Estimate the tokens of tools, as the JSON that the model will read.

    Of many a few are read, and give a price per byte of `marshal`, which writes the same trees
    ten times as fast. Bytes, not characters: tokens per byte vary less between scripts.
    """
    count = len(tools)
    if count > len(_TOOLS_READ):
        read = [tools[int(count * place)] for place in _TOOLS_READ]
        try:
            return round(tokens_in([_as_json(read)], _TOOL_WINDOW) * _weight(tools) / _weight(read))
        except ValueError:  # not plain JSON, such as a class of pydantic's
            pass
    return tokens_in([_as_json(tools)]) if tools else 0


def _weight(tools: Sequence[Any]) -> int:
    # One by one: within one piece `marshal` writes an object only once, wherever it stands.
    return sum(map(len, map(marshal.dumps, tools)))


def _as_json(value: object) -> str:
    try:
        return json.dumps(value, default=str, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return ""


def _max_output(body: Mapping[str, object]) -> int | None:
    config = body.get("generationConfig") or body.get("config")
    nested = config.get("maxOutputTokens") if isinstance(config, Mapping) else None
    values = (
        *(body.get(key) for key in ("max_completion_tokens", "max_tokens", "max_output_tokens")),
        nested,
    )
    for value in values:
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return min(value, _MOST_OUTPUT)
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
