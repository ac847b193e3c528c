"""A server of language models, simulated: it speaks the OpenAI interface and knows no language.

The forms of its answers were made from the interface's published reference of November 2026, not
recorded from a server: ``/v1/chat/completions`` and ``/v1/responses``, whole and as a stream of
events, and ``/v1/embeddings``.
"""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Self

    Asked = dict[str, Any]

_WORDS = ("be", "cause")


class FakeModels:
    """One server on the loopback; starts with its ``with`` and ends with it.

    A model called ``wrong`` is refused, one called ``packed`` answers in compressed form.

    Attributes:
        url: Where clients find it: their ``base_url``.
        tokens_in: Of each prompt, as it says.
        tokens_out: Of each answer, as it says.
        headers: Headers of its own with each answer.
    """

    def __init__(
        self,
        *,
        tokens_in: int = 7,
        tokens_out: int = 20,
        work: Callable[[], object] = lambda: None,
    ) -> None:
        """Choose what it answers.

        Args:
            tokens_in: As the attribute.
            tokens_out: As the attribute.
            work: Called while it computes, such as what lets time pass on a fake clock.
        """
        self.tokens_in, self.tokens_out = tokens_in, tokens_out
        self.headers: dict[str, str] = {}
        self._work = work
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        models = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def do_GET(self) -> None:
                models.send(self, {"object": "list", "data": []})

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                models.answer(self, json.loads(self.rfile.read(length)))

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
                """Say nothing."""

        return Handler

    def answer(self, request: BaseHTTPRequestHandler, asked: Asked) -> None:
        """Answer one request."""
        self._work()
        form = _FORMS.get(request.path)
        if form is None or asked["model"] == "wrong":
            self.send(request, {"error": {"message": "no such model"}}, status=400)
            return
        whole, events = form
        if asked.get("stream"):
            text = "".join(f"{event}\n\n" for event in events(self, asked))
            self._send_bytes(request, text.encode(), kind="text/event-stream")
        else:
            self.send(request, whole(self, asked), packed=asked["model"] == "packed")

    def send(
        self,
        request: BaseHTTPRequestHandler,
        told: Asked,
        *,
        status: int = 200,
        packed: bool = False,
    ) -> None:
        """Send JSON."""
        body = json.dumps(told).encode()
        if packed:
            from gzip import compress

            body = compress(body)
        self._send_bytes(request, body, status=status, packed=packed)

    def _send_bytes(
        self,
        request: BaseHTTPRequestHandler,
        body: bytes,
        *,
        kind: str = "application/json",
        status: int = 200,
        packed: bool = False,
    ) -> None:
        request.send_response(status)
        encoding = {"Content-Encoding": "gzip"} if packed else {}
        length = {"Content-Type": kind, "Content-Length": str(len(body))}
        for name, value in {**length, **encoding, **self.headers}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)


def _usage(models: FakeModels, words: str = "prompt_tokens completion_tokens") -> dict[str, int]:
    of_prompt, of_answer = words.split()
    total = models.tokens_in + models.tokens_out
    return {of_prompt: models.tokens_in, of_answer: models.tokens_out, "total_tokens": total}


def _completion(models: FakeModels, asked: Asked) -> Asked:
    message = {"role": "assistant", "content": "".join(_WORDS)}
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": asked["model"],
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": _usage(models),
    }


def _chunks(models: FakeModels, asked: Asked) -> Iterator[str]:
    base = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": asked["model"]}
    for word in _WORDS:
        choice: Asked = {"index": 0, "delta": {"content": word}, "finish_reason": None}
        yield f"data: {json.dumps({**base, 'choices': [choice], 'usage': None})}"
    options: Asked = asked.get("stream_options") or {}
    if options.get("include_usage"):
        yield f"data: {json.dumps({**base, 'choices': [], 'usage': _usage(models)})}"
    yield "data: [DONE]"


def _response(models: FakeModels, asked: Asked) -> Asked:
    usage = _usage(models, "input_tokens output_tokens")
    details = {"input_tokens_details": {"cached_tokens": 0}}
    return {
        "id": "r1",
        "object": "response",
        "created_at": 1,
        "model": asked["model"],
        "output": [],
        "usage": {**usage, **details},
    }


def _response_events(models: FakeModels, asked: Asked) -> Iterator[str]:
    done = {"type": "response.completed", "response": _response(models, asked)}
    yield f"event: response.completed\ndata: {json.dumps(done)}"


def _embeddings(models: FakeModels, asked: Asked) -> Asked:
    found: Asked = {"object": "embedding", "index": 0, "embedding": [0.5]}
    usage = {"prompt_tokens": models.tokens_in, "total_tokens": models.tokens_in}
    return {"object": "list", "data": [found], "model": asked["model"], "usage": usage}


def _no_events(_models: FakeModels, _asked: Asked) -> Iterator[str]:
    yield from ()


_FORMS: dict[
    str,
    tuple[Callable[[FakeModels, Asked], Asked], Callable[[FakeModels, Asked], Iterator[str]]],
] = {
    "/v1/chat/completions": (_completion, _chunks),
    "/v1/responses": (_response, _response_events),
    "/v1/embeddings": (_embeddings, _no_events),
}
