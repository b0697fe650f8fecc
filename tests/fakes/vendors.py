"""What each vendor's API says: answers whole and in a stream, tool calls, and errors in its own words.

The words of the errors matter: LiteLLM tells a prompt that is too long, or one that was refused, by them.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

THOUGHT = "Let me look that up."
CONTEXT, POLICY, BAD, QUOTA = "context", "policy", "bad", "quota"


@dataclass(frozen=True)
class Call:
    """A tool that the model wants called."""

    id: str
    name: str
    arguments: Mapping[str, Any]

    @property
    def text(self) -> str:
        return json.dumps(self.arguments)


@dataclass(frozen=True)
class Said:
    """What a model answers: words or a tool call, after a thought if thinking was turned on."""

    model: str
    text: str = ""
    call: Call | None = None
    thought: bool = False

    @property
    def words(self) -> list[str]:
        return [word + " " for word in self.text.split()]


@dataclass(frozen=True)
class Stream:
    """The events of a streamed answer: those before any content, one for each piece of it, and the rest."""

    head: list[bytes]
    pieces: list[bytes]
    tail: list[bytes]


@dataclass(frozen=True)
class Refusal:
    """An error as it goes over the wire."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Wrong:
    """One kind of error: its status, the names a vendor has for it, and the vendor's words."""

    status: int
    kind: str
    words: str
    code: str | None = None


class Vendor:
    """One API of one vendor. `errors` holds its errors by outcome: a status, or one of the names above."""

    errors: Mapping[str, Wrong] = {}

    def streams(self, path: str, body: Mapping[str, Any]) -> bool:
        return bool(body.get("stream"))

    def thinks(self, body: Mapping[str, Any]) -> bool:
        """Whether the request turns on thinking that the answer has to show."""
        raise NotImplementedError

    def tool(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The first tool on offer, as {"name": …, "parameters": JSON schema}."""
        raise NotImplementedError

    def whole(self, said: Said) -> dict[str, Any]:
        raise NotImplementedError

    def stream(self, said: Said) -> Stream:
        raise NotImplementedError

    def error_body(self, wrong: Wrong, model: str, retry_after: str | None) -> dict[str, Any]:
        raise NotImplementedError

    def error_headers(self, wrong: Wrong) -> Mapping[str, str]:
        return {}

    def error(self, outcome: str, model: str, retry_after: str | None = None) -> Refusal:
        wrong = self.errors.get(outcome)
        if wrong is None:
            status = int(outcome)
            like = self.errors["400" if status < 500 else "500"]
            wrong = Wrong(status, like.kind, like.words, like.code)
        later = {} if retry_after is None else {"retry-after": retry_after}
        body = self.error_body(wrong, model, retry_after)
        return Refusal(wrong.status, body, {**self.error_headers(wrong), **later})

    def error_event(self, model: str) -> bytes:
        """The error that ends a stream in which the vendor ran out of capacity."""
        return sse(self.error("503", model).body)


class OpenAIChat(Vendor):
    """OpenAI's chat completions."""

    errors: Mapping[str, Wrong] = {
        "400": Wrong(
            400,
            "invalid_request_error",
            "Invalid value: 'wizard'. Supported values are: 'system', 'assistant', 'user', and 'tool'.",
            "invalid_value",
        ),
        "401": Wrong(
            401,
            "invalid_request_error",
            "Incorrect API key provided: sk-fake*****. You can find your API key at "
            "https://platform.openai.com/account/api-keys.",
            "invalid_api_key",
        ),
        "403": Wrong(
            403,
            "request_forbidden",
            "Country, region, or territory not supported",
            "unsupported_country_region_territory",
        ),
        "404": Wrong(
            404,
            "invalid_request_error",
            "The model `{model}` does not exist or you do not have access to it.",
            "model_not_found",
        ),
        "429": Wrong(
            429,
            "tokens",
            "Rate limit reached for {model} in organization org-fake on tokens per min (TPM): Limit 30000, "
            "Used 29000, Requested 2000. Please try again in 2s.",
            "rate_limit_exceeded",
        ),
        "500": Wrong(
            500,
            "server_error",
            "The server had an error while processing your request. Sorry about that!",
            "server_error",
        ),
        "503": Wrong(
            503,
            "service_unavailable_error",
            "Our servers are currently overloaded. Please try again later.",
            "server_is_overloaded",
        ),
        CONTEXT: Wrong(
            400,
            "invalid_request_error",
            "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 "
            "tokens. Please reduce the length of the messages.",
            "context_length_exceeded",
        ),
        POLICY: Wrong(
            400,
            "invalid_request_error",
            "Invalid prompt: your prompt was flagged as potentially violating our usage policy. Please try "
            "again with a different prompt: "
            "https://platform.openai.com/docs/guides/reasoning#advice-on-prompting",
            "invalid_prompt",
        ),
        QUOTA: Wrong(
            429,
            "insufficient_quota",
            "You exceeded your current quota, please check your plan and billing details.",
            "insufficient_quota",
        ),
    }

    def thinks(self, body: Mapping[str, Any]) -> bool:
        return False  # OpenAI keeps the thoughts to itself here

    def tool(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return dict(body["tools"][0]["function"])

    def _message(self, said: Said) -> dict[str, Any]:
        if said.call is None:
            return {"role": "assistant", "content": said.text}
        function = {"name": said.call.name, "arguments": said.call.text}
        call = {"id": said.call.id, "type": "function", "function": function}
        return {"role": "assistant", "content": None, "tool_calls": [call]}

    def whole(self, said: Said) -> dict[str, Any]:
        reason = "tool_calls" if said.call else "stop"
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": said.model,
            "choices": [{"index": 0, "message": self._message(said), "finish_reason": reason}],
            "usage": _CHAT_USAGE,
        }

    def stream(self, said: Said) -> Stream:
        common = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": said.model}

        def chunk(delta: Mapping[str, Any], reason: str | None = None) -> bytes:
            return sse({**common, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})

        return Stream(
            head=[chunk({"role": "assistant", "content": None if said.call else ""})],
            pieces=[chunk(delta) for delta in self._deltas(said)],
            tail=[
                chunk({}, "tool_calls" if said.call else "stop"),
                sse({**common, "choices": [], "usage": _CHAT_USAGE}),
                b"data: [DONE]\n\n",
            ],
        )

    def _deltas(self, said: Said) -> Iterator[dict[str, Any]]:
        for word in said.words:
            yield {"content": word}
        if said.call:
            function = {"name": said.call.name, "arguments": ""}
            yield {"tool_calls": [{"index": 0, "id": said.call.id, "type": "function", "function": function}]}
            for part in _halves(said.call.text):
                yield {"tool_calls": [{"index": 0, "function": {"arguments": part}}]}

    def error_body(self, wrong: Wrong, model: str, retry_after: str | None) -> dict[str, Any]:
        words = wrong.words.format(model=model)
        return {"error": {"message": words, "type": wrong.kind, "param": None, "code": wrong.code}}

    def error_headers(self, wrong: Wrong) -> Mapping[str, str]:
        limits = {"x-ratelimit-limit-requests": "500", "x-ratelimit-remaining-requests": "0"}
        return {"x-request-id": "req_fake", **(limits if wrong.status == 429 else {})}


class OpenRouter(OpenAIChat):
    """OpenRouter's chat completions: OpenAI's, with errors, comments and thoughts of its own."""

    errors: Mapping[str, Wrong] = {
        "400": Wrong(400, "", "Invalid role: 'wizard'."),
        "401": Wrong(401, "", "User not found."),
        "402": Wrong(402, "", "Insufficient credits. Add more using https://openrouter.ai/settings/credits"),
        "403": Wrong(403, "", "Key limit exceeded. Manage it using https://openrouter.ai/settings/keys"),
        "404": Wrong(404, "", "No endpoints found for {model}."),
        "429": Wrong(429, "", "Provider returned error: {model} is temporarily rate-limited upstream."),
        "500": Wrong(500, "", "Internal Server Error"),
        "502": Wrong(502, "", "Provider returned error"),
        "503": Wrong(503, "", "No instances available"),
        CONTEXT: Wrong(
            400,
            "",
            "This endpoint's maximum context length is 8192 tokens. However, you requested about 9000 tokens "
            '(9000 of text input). Please reduce the length of either one, or use the "middle-out" '
            "transform to compress your prompt automatically.",
        ),
        POLICY: Wrong(403, "", '{model} requires moderation. Your input was flagged for "violence".'),
        QUOTA: Wrong(402, "", "Insufficient credits. Add more using https://openrouter.ai/settings/credits"),
    }

    def thinks(self, body: Mapping[str, Any]) -> bool:
        return bool(body.get("reasoning") or body.get("include_reasoning") or body.get("reasoning_effort"))

    def _message(self, said: Said) -> dict[str, Any]:
        return {**super()._message(said), **(_router_thought() if said.thought else {})}

    def stream(self, said: Said) -> Stream:
        plain = super().stream(said)
        return Stream([b": OPENROUTER PROCESSING\n\n", *plain.head], plain.pieces, plain.tail)

    def _deltas(self, said: Said) -> Iterator[dict[str, Any]]:
        if said.thought:
            yield {"content": "", **_router_thought()}
        yield from super()._deltas(said)

    def error_body(self, wrong: Wrong, model: str, retry_after: str | None) -> dict[str, Any]:
        return {"error": {"message": wrong.words.format(model=model), "code": wrong.status}}

    def error_headers(self, wrong: Wrong) -> Mapping[str, str]:
        return {}

    def error_event(self, model: str) -> bytes:
        error = {"code": "server_error", "message": "Provider disconnected unexpectedly"}
        choice = {"index": 0, "delta": {"content": ""}, "finish_reason": "error"}
        return sse({"id": "gen-1", "object": "chat.completion.chunk", "error": error, "choices": [choice]})


class Responses(OpenAIChat):
    """OpenAI's Responses."""

    errors: Mapping[str, Wrong] = {
        **OpenAIChat.errors,
        CONTEXT: Wrong(
            400,
            "invalid_request_error",
            "Input tokens exceed the configured limit of 8192 tokens. Your messages resulted in 9000 tokens. "
            "Please reduce the length of the messages.",
            "context_length_exceeded",
        ),
    }

    def thinks(self, body: Mapping[str, Any]) -> bool:
        return bool(body.get("reasoning"))

    def tool(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return dict(body["tools"][0])

    def _output(self, said: Said) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        if said.thought:
            sealed = signature(said.model)
            items.append({"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": sealed})
        if said.call:
            names = {"id": "fc_1", "call_id": said.call.id, "name": said.call.name}
            items.append(
                {"type": "function_call", **names, "arguments": said.call.text, "status": "completed"}
            )
            return items
        content = [{"type": "output_text", "text": said.text, "annotations": []}]
        message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed"}
        return [*items, {**message, "content": content}]

    def whole(self, said: Said) -> dict[str, Any]:
        return {
            "id": "resp_1",
            "object": "response",
            "created_at": 1,
            "status": "completed",
            "model": said.model,
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "output": self._output(said),
            "usage": {
                "input_tokens": 11,
                "output_tokens": 7,
                "total_tokens": 18,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens_details": {"reasoning_tokens": 0},
            },
        }

    def stream(self, said: Said) -> Stream:
        whole = self.whole(said)
        begun = {**whole, "status": "in_progress", "output": [], "usage": None}
        *before, last = whole["output"]
        number = len(before)
        at: dict[str, Any] = {"item_id": last["id"], "output_index": number}
        events: list[tuple[str, dict[str, Any]]] = [
            ("response.created", {"response": begun}),
            ("response.in_progress", {"response": begun}),
        ]
        for index, item in enumerate(before):
            events.append(("response.output_item.added", {"output_index": index, "item": item}))
            events.append(("response.output_item.done", {"output_index": index, "item": item}))
        if said.call:
            opened = {**last, "arguments": "", "status": "in_progress"}
            parts = [
                ("response.function_call_arguments.delta", {**at, "delta": part})
                for part in _halves(said.call.text)
            ]
            done = [("response.function_call_arguments.done", {**at, "arguments": said.call.text})]
            head = [*events, ("response.output_item.added", {"output_index": number, "item": opened})]
        else:
            opened = {**last, "content": [], "status": "in_progress"}
            at = {**at, "content_index": 0}
            empty = {"type": "output_text", "text": "", "annotations": []}
            head = [
                *events,
                ("response.output_item.added", {"output_index": number, "item": opened}),
                ("response.content_part.added", {**at, "part": empty}),
            ]
            parts = [("response.output_text.delta", {**at, "delta": word}) for word in said.words]
            done = [
                ("response.output_text.done", {**at, "text": said.text}),
                ("response.content_part.done", {**at, "part": last["content"][0]}),
            ]
        tail = [
            *done,
            ("response.output_item.done", {"output_index": number, "item": last}),
            ("response.completed", {"response": whole}),
        ]
        numbered = [
            event(kind, {**data, "sequence_number": index})
            for index, (kind, data) in enumerate([*head, *parts, *tail])
        ]
        content, end = len(head), len(head) + len(parts)
        return Stream(numbered[:content], numbered[content:end], numbered[end:])

    def error_event(self, model: str) -> bytes:
        error = {"code": "server_error", "message": self.errors["500"].words, "param": None}
        failed = {**self.whole(Said(model)), "status": "failed", "output": [], "usage": None, "error": error}
        return event("error", {**error, "sequence_number": 9}) + event(
            "response.failed", {"response": failed, "sequence_number": 10}
        )


class Anthropic(Vendor):
    """Anthropic's messages."""

    errors: Mapping[str, Wrong] = {
        "400": Wrong(400, "invalid_request_error", 'messages.0.role: Input should be "user" or "assistant"'),
        "401": Wrong(401, "authentication_error", "invalid x-api-key"),
        "403": Wrong(403, "permission_error", "Your API key does not have permission to use this resource."),
        "404": Wrong(404, "not_found_error", "model: {model}"),
        "413": Wrong(413, "request_too_large", "Request exceeds the maximum size"),
        "429": Wrong(
            429,
            "rate_limit_error",
            "This request would exceed your organization's rate limit of 30,000 input tokens per minute.",
        ),
        "500": Wrong(500, "api_error", "Internal server error"),
        "529": Wrong(529, "overloaded_error", "Overloaded"),
        CONTEXT: Wrong(400, "invalid_request_error", "prompt is too long: 9000 tokens > 8192 maximum"),
        POLICY: Wrong(400, "invalid_request_error", "Output blocked by content filtering policy"),
        QUOTA: Wrong(
            400,
            "invalid_request_error",
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to "
            "upgrade or purchase credits.",
        ),
    }

    def thinks(self, body: Mapping[str, Any]) -> bool:
        return (body.get("thinking") or {}).get("type") in ("enabled", "adaptive")

    def tool(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        tool = body["tools"][0]
        return {"name": tool["name"], "parameters": tool.get("input_schema", {})}

    def _content(self, said: Said) -> list[dict[str, Any]]:
        signed = {"type": "thinking", "thinking": THOUGHT, "signature": signature(said.model)}
        thoughts = [signed] if said.thought else []
        if said.call:
            called = {"id": said.call.id, "name": said.call.name, "input": dict(said.call.arguments)}
            return [*thoughts, {"type": "tool_use", **called}]
        return [*thoughts, {"type": "text", "text": said.text}]

    def whole(self, said: Said) -> dict[str, Any]:
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": said.model,
            "content": self._content(said),
            "stop_reason": "tool_use" if said.call else "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 11, "output_tokens": 7},
        }

    def stream(self, said: Said) -> Stream:
        whole = self.whole(said)
        begun = event("message_start", {"message": {**whole, "content": [], "stop_reason": None}})
        *before, last = whole["content"]
        number = len(before)
        head = [begun]
        for index, block in enumerate(before):
            head += self._thinking(index, block)
        opened = {**last, "input": {}} if said.call else {**last, "text": ""}
        head += [event("content_block_start", {"index": number, "content_block": opened}), event("ping", {})]
        if said.call:
            parts = _halves(said.call.text)
            deltas = [{"type": "input_json_delta", "partial_json": part} for part in parts]
        else:
            deltas = [{"type": "text_delta", "text": word} for word in said.words]
        ending = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
        return Stream(
            head,
            pieces=[event("content_block_delta", {"index": number, "delta": delta}) for delta in deltas],
            tail=[
                event("content_block_stop", {"index": number}),
                event("message_delta", {"delta": ending, "usage": {"output_tokens": 7}}),
                event("message_stop", {}),
            ],
        )

    def _thinking(self, index: int, block: Mapping[str, Any]) -> Iterator[bytes]:
        empty = {"type": "thinking", "thinking": "", "signature": ""}
        yield event("content_block_start", {"index": index, "content_block": empty})
        for kind, name in (("thinking_delta", "thinking"), ("signature_delta", "signature")):
            yield event("content_block_delta", {"index": index, "delta": {"type": kind, name: block[name]}})
        yield event("content_block_stop", {"index": index})

    def error_body(self, wrong: Wrong, model: str, retry_after: str | None) -> dict[str, Any]:
        error = {"type": wrong.kind, "message": wrong.words.format(model=model)}
        return {"type": "error", "error": error, "request_id": "req_fake"}

    def error_headers(self, wrong: Wrong) -> Mapping[str, str]:
        limits = {
            "anthropic-ratelimit-requests-limit": "50",
            "anthropic-ratelimit-requests-remaining": "0",
            "anthropic-ratelimit-requests-reset": "2030-01-01T00:00:00Z",
        }
        again = "true" if wrong.status >= 500 or wrong.status == 429 else "false"
        return {
            "request-id": "req_fake",
            "x-should-retry": again,
            **(limits if wrong.status == 429 else {}),
        }

    def error_event(self, model: str) -> bytes:
        return event("error", self.error("529", model).body)


class Gemini(Vendor):
    """Google's generateContent and streamGenerateContent."""

    errors: Mapping[str, Wrong] = {
        "400": Wrong(
            400,
            "INVALID_ARGUMENT",
            "Please use a valid role: user, model.",
        ),
        "401": Wrong(
            401,
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or "
            "other valid authentication credential.",
        ),
        "403": Wrong(403, "PERMISSION_DENIED", "The caller does not have permission"),
        "404": Wrong(
            404,
            "NOT_FOUND",
            "models/{model} is not found for API version v1beta, or is not supported for generateContent.",
        ),
        "429": Wrong(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
        "500": Wrong(500, "INTERNAL", "An internal error has occurred. Please retry or report it."),
        "503": Wrong(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
        "504": Wrong(504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
        CONTEXT: Wrong(
            400,
            "INVALID_ARGUMENT",
            "The input token count (9000) exceeds the maximum number of tokens allowed (8192).",
        ),
        POLICY: Wrong(400, "INVALID_ARGUMENT", "The response was blocked. Its safety rating was: HIGH."),
        QUOTA: Wrong(
            429,
            "RESOURCE_EXHAUSTED",
            "You exceeded your current quota, please check your plan and billing details. Quota exceeded for "
            "metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 0",
        ),
    }

    def streams(self, path: str, body: Mapping[str, Any]) -> bool:
        return "streamGenerateContent" in path

    def thinks(self, body: Mapping[str, Any]) -> bool:
        config = (body.get("generationConfig") or {}).get("thinkingConfig")
        return config is not None and config.get("thinkingBudget") != 0

    def tool(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        tool = body["tools"][0]
        return dict((tool.get("functionDeclarations") or tool["function_declarations"])[0])

    def _part(self, said: Said) -> dict[str, Any]:
        if said.call is None:
            return {"text": said.text}
        signed = {"thoughtSignature": signature(said.model)} if said.thought else {}
        return {"functionCall": {"name": said.call.name, "args": dict(said.call.arguments)}, **signed}

    def _answer(self, parts: list[dict[str, Any]], reason: str | None) -> dict[str, Any]:
        candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
        if reason:
            candidate["finishReason"] = reason
        usage = {"promptTokenCount": 11, "candidatesTokenCount": 7, "totalTokenCount": 18}
        return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "fake"}

    def _thoughts(self, said: Said) -> list[dict[str, Any]]:
        return [{"text": THOUGHT, "thought": True}] if said.thought else []

    def whole(self, said: Said) -> dict[str, Any]:
        return self._answer([*self._thoughts(said), self._part(said)], "STOP")

    def stream(self, said: Said) -> Stream:
        words: list[dict[str, Any]] = [{"text": word} for word in said.words]
        parts = [self._part(said)] if said.call else words
        *before, last = [*self._thoughts(said), *parts]
        pieces = [self._answer([part], None) for part in before] + [self._answer([last], "STOP")]
        return Stream([], [sse(piece) for piece in pieces], [])

    def error_body(self, wrong: Wrong, model: str, retry_after: str | None) -> dict[str, Any]:
        error: dict[str, Any] = {"code": wrong.status, "message": wrong.words.format(model=model)}
        error["status"] = wrong.kind
        if retry_after is not None:
            kind = "type.googleapis.com/google.rpc.RetryInfo"
            error["details"] = [{"@type": kind, "retryDelay": f"{retry_after}s"}]
        return {"error": error}


_CHAT_USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
_ANTHROPIC, _GEMINI, _RESPONSES = Anthropic(), Gemini(), Responses()
_OPENROUTER, _CHAT = OpenRouter(), OpenAIChat()


def vendor_of(host: str, path: str) -> Vendor:
    """Whose API a request is for."""
    if "/messages" in path:
        return _ANTHROPIC
    if "enerateContent" in path:
        return _GEMINI
    if path.partition("?")[0].endswith("/responses"):
        return _RESPONSES
    return _OPENROUTER if "openrouter" in host + path else _CHAT


def signature(seed: str) -> str:
    """A signature of a thought, built as Anthropic's are: base64 of a protobuf whose first byte is 0x12."""

    def field(tag: int, length: int) -> bytes:
        return bytes([tag, length]) + hashlib.shake_256(f"{seed}{tag}".encode()).digest(length)

    key = bytes.fromhex("080110011802") + field(0x22, 64)
    inner = b"\x0a" + bytes([len(key)]) + key
    inner += field(0x12, 12) + field(0x1A, 12) + field(0x22, 48) + field(0x2A, 16)
    low, high = len(inner) & 0x7F | 0x80, len(inner) >> 7
    return base64.b64encode(bytes([0x12, low, high]) + inner).decode()


def _router_thought() -> dict[str, Any]:
    detail = {"type": "reasoning.text", "text": THOUGHT, "signature": None, "format": "unknown", "index": 0}
    return {"reasoning": THOUGHT, "reasoning_details": [detail]}


def _halves(text: str) -> tuple[str, str]:
    middle = len(text) // 2
    return text[:middle], text[middle:]


def sse(data: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def event(kind: str, data: Mapping[str, Any]) -> bytes:
    return f"event: {kind}\n".encode() + sse({"type": kind, **data})
