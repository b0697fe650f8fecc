"""Providers on loopback: OpenAI (chat, Responses), Anthropic, Gemini, OpenRouter.

One server plays them all, told apart by path. Every request is kept to the byte. What a
model answers is set per model name with `script`: a list of outcomes, played in turn, the
last one for ever. An outcome is "ok" or the status of an error.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CONTEXT = "context"


@dataclass(frozen=True)
class Received:
    """One request as it came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body or b"{}")

    @property
    def model(self) -> str:
        if ":" in self.path and "/models/" in self.path:
            return self.path.split("/models/")[1].split(":")[0]
        return str(self.json.get("model"))

    @property
    def raw(self) -> bytes:
        head = "\n".join([f"{self.method} {self.path}", *(f"{k}: {v}" for k, v in self.headers.items())])
        return head.encode() + b"\n\n" + self.body


class FakeProviders:
    """The server, what it received, and what it is to answer."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self._scripts: dict[str, list[str]] = {}
        self._played: dict[str, int] = defaultdict(int)
        self._lock = threading.Lock()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                request = Received(self.command, self.path, dict(self.headers), self.rfile.read(length))
                fake.answer(request, self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def reset(self) -> None:
        """Forget what came in and what was to be answered."""
        with self._lock:
            self.received.clear()
            self._scripts.clear()
            self._played.clear()

    def script(self, **outcomes: Sequence[str] | str) -> None:
        """Set outcomes by model name, with _ for - and . (`gpt_5=["429", "ok"]`)."""
        for name, played in outcomes.items():
            self._scripts[name] = [played] if isinstance(played, str) else list(played)

    @property
    def models(self) -> list[str]:
        """The models called, in order."""
        return [request.model for request in self.received]

    @property
    def raw(self) -> bytes:
        """Every byte received."""
        return b"\n\n".join(request.raw for request in self.received)

    def _outcome(self, model: str) -> str:
        key = "".join(c if c.isalnum() else "_" for c in model.rpartition("/")[2])
        script = self._scripts.get(key, ["ok"])
        number = self._played[key]
        self._played[key] += 1
        return script[min(number, len(script) - 1)]

    def answer(self, request: Received, http: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self.received.append(request)
            outcome = self._outcome(request.model)
        api = _api_of(request.path)
        if outcome != "ok":
            status, body = _error(api, outcome)
            return _send(http, status, json.dumps(body).encode(), "application/json")
        text = f"hello from {request.model}"
        if request.json.get("stream") or "streamGenerateContent" in request.path:
            return _send(http, 200, b"".join(_stream(api, request.model, text)), "text/event-stream")
        return _send(http, 200, json.dumps(_whole(api, request.model, text)).encode(), "application/json")


def _api_of(path: str) -> str:
    if "/messages" in path:
        return "anthropic"
    if "enerateContent" in path:
        return "gemini"
    return "responses" if path.partition("?")[0].endswith("/responses") else "chat"


def _send(http: BaseHTTPRequestHandler, status: int, body: bytes, kind: str) -> None:
    http.send_response(status)
    http.send_header("content-type", kind)
    http.send_header("content-length", str(len(body)))
    http.end_headers()
    http.wfile.write(body)


def _error(api: str, outcome: str) -> tuple[int, dict[str, Any]]:
    status = 400 if outcome == CONTEXT else int(outcome)
    said = "This model's maximum context length is 8192 tokens." if outcome == CONTEXT else f"fake {outcome}"
    if api == "anthropic":
        said = "prompt is too long: 9000 tokens > 8192 maximum" if outcome == CONTEXT else said
        kind = {400: "invalid_request_error", 429: "rate_limit_error"}.get(status, "api_error")
        return status, {"type": "error", "error": {"type": kind, "message": said}}
    code = "context_length_exceeded" if outcome == CONTEXT else None
    return status, {"error": {"message": said, "type": "fake_error", "code": code, "status": "FAKE"}}


def _whole(api: str, model: str, text: str) -> dict[str, Any]:
    match api:
        case "anthropic":
            return {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "model": model,
                "content": [{"type": "text", "text": text}],
                "stop_reason": "end_turn",
                "stop_sequence": None,
                "usage": {"input_tokens": 11, "output_tokens": 7},
            }
        case "gemini":
            return _gemini(text, "STOP")
        case "responses":
            return _response(model, text, "completed")
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }


def _gemini(text: str, reason: str | None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
    if reason:
        candidate["finishReason"] = reason
    usage = {"promptTokenCount": 11, "candidatesTokenCount": 7, "totalTokenCount": 18}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "fake"}


def _response(model: str, text: str, status: str) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": status,
        "model": model,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "output": [
            {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": text, "annotations": []}],
            }
        ],
        "usage": {
            "input_tokens": 11,
            "output_tokens": 7,
            "total_tokens": 18,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        },
    }


def _stream(api: str, model: str, text: str) -> Iterator[bytes]:
    words = [word + " " for word in text.split()]
    match api:
        case "anthropic":
            yield from _anthropic_stream(model, words)
        case "gemini":
            for index, word in enumerate(words):
                yield _sse(_gemini(word, "STOP" if index == len(words) - 1 else None))
        case "responses":
            yield from _responses_stream(model, words)
        case _:
            head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}
            for word in words:
                delta = {"role": "assistant", "content": word}
                yield _sse({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
            yield _sse({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
            usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
            yield _sse({**head, "choices": [], "usage": usage})
            yield b"data: [DONE]\n\n"


def _anthropic_stream(model: str, words: list[str]) -> Iterator[bytes]:
    start = {**_whole("anthropic", model, ""), "content": [], "stop_reason": None}
    yield _event("message_start", {"message": start})
    yield _event("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}})
    for word in words:
        yield _event("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": word}})
    yield _event("content_block_stop", {"index": 0})
    delta = {"stop_reason": "end_turn", "stop_sequence": None}
    yield _event("message_delta", {"delta": delta, "usage": {"output_tokens": 7}})
    yield _event("message_stop", {})


def _responses_stream(model: str, words: list[str]) -> Iterator[bytes]:
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    yield _event("response.created", {"response": {**_response(model, "", "in_progress"), "output": []}})
    for number, word in enumerate(words):
        yield _event("response.output_text.delta", {**at, "delta": word, "sequence_number": number})
    yield _event("response.completed", {"response": _response(model, "".join(words), "completed")})


def _sse(data: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def _event(kind: str, data: Mapping[str, Any]) -> bytes:
    return f"event: {kind}\n".encode() + _sse({"type": kind, **data})


@contextmanager
def fake_providers() -> Iterator[FakeProviders]:
    """Serve while the context lasts."""
    fakes = FakeProviders()
    try:
        yield fakes
    finally:
        fakes.close()
