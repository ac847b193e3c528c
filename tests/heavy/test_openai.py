"""Calls through the real client library to servers that speak the documented format."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from contextlib import contextmanager

import pytest

from brizna.account import estimate_inference
from brizna.core.errors import InputError
from brizna.integrations.asgi import HEADER, MeasureEnergy, Serving
from brizna.testing import FakeModels

pytest.importorskip("openai")
starlette = pytest.importorskip("starlette")
uvicorn = pytest.importorskip("uvicorn")

from openai import AsyncOpenAI, BadRequestError, OpenAI  # noqa: E402
from starlette.applications import Starlette  # noqa: E402
from starlette.responses import JSONResponse, StreamingResponse  # noqa: E402
from starlette.routing import Route  # noqa: E402

from brizna.integrations.openai import Calls  # noqa: E402

MODEL = "Qwen/Qwen3-32B"
ASK = {"model": MODEL, "messages": [{"role": "user", "content": "why?"}]}


def application(work):
    """Return a server of models of one's own; `work` is called as it computes."""

    async def chat(request):
        asked = await request.json()
        work()
        if asked.get("stream"):
            events = ("data: {}\n\n", "data: [DONE]\n\n")
            return StreamingResponse(iter(events), media_type="text/event-stream")
        return JSONResponse(answer_of(asked))

    return Starlette(routes=[Route("/v1/chat/completions", chat, methods=["POST"])])


def answer_of(asked):
    """Return a chat completion that tells its tokens."""
    message = {"role": "assistant", "content": "because"}
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": asked["model"],
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {
            "prompt_tokens": 7,
            "completion_tokens": 20,
            "total_tokens": 27,
        },
    }


@contextmanager
def serve(app):
    """Serve an application on the loopback; gives what clients take to reach it."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        port = listening.getsockname()[1]
        yield {"base_url": f"http://127.0.0.1:{port}/v1", "api_key": "none", "max_retries": 0}
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def reach(models):
    """Return what clients take to reach a simulated server."""
    return {"base_url": models.url, "api_key": "none", "max_retries": 0}


@pytest.fixture(scope="module")
def hosted():
    """Return how to reach somebody else's server: it tells tokens and no energy."""
    with FakeModels() as models:
        yield reach(models)


def expected():
    """Return what such an answer of a known model takes."""
    return estimate_inference(MODEL, tokens_in=7, tokens_out=20)


def test_a_hosted_model_has_its_tokens_and_an_estimate(hosted):
    calls = Calls()
    with calls.watch(OpenAI(**hosted)) as client:
        answer = client.chat.completions.create(**ASK)
    assert answer.choices[0].message.content == "because"
    call = calls.last
    assert (call.model, call.tokens_in, call.tokens_out) == (MODEL, 7, 20)
    assert call.energy == expected()
    assert (call.method, call.reason, call.energy.basis) == ("estimate", None, "modelled")
    assert call.energy_per_token == expected().scaled(1 / 20)
    assert call.duration_s > 0


def test_a_stream_has_its_tokens_if_it_was_asked_for_them(hosted):
    calls = Calls()
    with calls.watch(OpenAI(**hosted)) as client:
        silent = client.chat.completions.create(**ASK, stream=True)
        said = [chunk.choices[0].delta.content for chunk in silent]
        told = client.chat.completions.create(
            **ASK, stream=True, stream_options={"include_usage": True}
        )
        list(told)
    assert said == ["be", "cause"]
    first, second = calls.all
    assert (first.tokens_out, first.energy) == (None, None)
    assert "include_usage" in first.reason
    assert second.energy == expected()
    assert (calls.energy, calls.unknown) == (expected(), 1)


def test_an_asynchronous_client_is_told_of_in_the_same_way(hosted):
    calls = Calls()

    async def ask():
        async with calls.watch(AsyncOpenAI(**hosted)) as client:
            await asyncio.gather(*(client.chat.completions.create(**ASK) for _ in range(3)))
            stream = await client.chat.completions.create(
                **ASK, stream=True, stream_options={"include_usage": True}
            )
            return [chunk async for chunk in stream]

    assert len(asyncio.run(ask())) == 3
    assert [call.energy for call in calls.all] == [expected()] * 4


def test_a_stream_that_is_left_early_is_told_as_far_as_it_came(hosted):
    calls = Calls()
    client = calls.watch(OpenAI(**hosted))
    with client, client.chat.completions.create(**ASK, stream=True) as stream:
        next(iter(stream))
    assert len(calls.all) == 1
    assert calls.last.tokens_out is None


def test_other_forms_of_the_interface_tell_their_tokens_too(hosted):
    calls = Calls()
    with calls.watch(OpenAI(**hosted)) as client:
        client.responses.create(model=MODEL, input="why?")
        list(client.responses.create(model=MODEL, input="why?", stream=True))
        client.embeddings.create(model="small-embeddings", input="why?")
        client.models.list()
    tokens = [(call.model, call.tokens_in, call.tokens_out) for call in calls.all]
    assert tokens == [(MODEL, 7, 20), (MODEL, 7, 20), ("small-embeddings", 7, 0)]


def test_a_compressed_answer_passes_and_is_read(hosted):
    calls = Calls()
    with calls.watch(OpenAI(**hosted)) as client:
        client.chat.completions.create(**{**ASK, "model": "packed"})
        raw = client.chat.completions.with_raw_response.create(**{**ASK, "model": "packed"})
        with client.chat.completions.with_streaming_response.create(
            **{**ASK, "model": "packed"}
        ) as streamed:
            assert json.loads(streamed.read())["model"] == "packed"
    assert raw.parse().usage.total_tokens == 27
    assert [call.tokens_out for call in calls.all] == [20, 20, 20]


def test_a_model_that_nobody_measured_has_no_energy_until_its_size_is_given(hosted):
    calls = Calls()
    ask = {**ASK, "model": "closed"}
    with calls.watch(OpenAI(**hosted)) as client:
        client.chat.completions.create(**ask)
    assert (calls.last.energy, calls.last.method, calls.energy) == (None, None, None)
    assert "size of 'closed' is not known" in calls.last.reason
    sized = Calls(params_b={"closed": 70})
    with sized.watch(OpenAI(**hosted)) as client:
        client.chat.completions.create(**ask)
    assert sized.last.energy == estimate_inference(
        "closed", tokens_in=7, tokens_out=20, params_b=70
    )


def test_an_error_passes_and_is_no_call(hosted):
    calls = Calls()
    with calls.watch(OpenAI(**hosted)) as client, pytest.raises(BadRequestError):
        client.chat.completions.create(**{**ASK, "model": "wrong"})
    assert not calls.all
    with pytest.raises(InputError, match="No call has ended"):
        calls.last  # noqa: B018


def test_ones_own_server_tells_the_energy_that_it_metered(lab):
    serving = Serving("llm", **lab.options)
    app = application(lambda: lab.work(2))
    app.add_middleware(MeasureEnergy, serving=serving, header=HEADER)
    calls = Calls()
    with serve(app) as options, calls.watch(OpenAI(**options)) as client:
        client.chat.completions.create(**ASK)
        list(client.chat.completions.create(**ASK, stream=True))
        serving.shares()  # reads the meters, as time would
        list(client.chat.completions.create(**ASK, stream=True))
    whole, first, later = calls.all
    assert (whole.energy.best.value, whole.method) == (2 * lab.power_w, "server")
    assert whole.energy.basis == "metered"
    assert whole.energy.low.value < whole.energy.best.value < whole.energy.high.value
    assert first.method in (None, "server-mean")
    assert later.method == "server-mean"
    assert later.energy.best.value == pytest.approx(2 * lab.power_w, rel=0.01)
    run = lab.store.read("llm").run
    assert run.state == "finished"
    assert run.measurement.energy_j.best.value == pytest.approx(6 * lab.power_w)


def test_a_server_on_this_machine_is_metered_from_the_client(lab):
    told = {"stream": True, "stream_options": {"include_usage": True}}
    with Serving("llm", **lab.options) as serving, FakeModels(work=lambda: lab.work(2)) as models:
        calls = Calls(serving=serving)
        with calls.watch(OpenAI(**reach(models))) as client:
            client.chat.completions.create(**ASK)
            list(client.chat.completions.create(**ASK, **told))
        serving.settle()
    assert [call.method for call in calls.all] == ["machine", "machine"]
    assert calls.energy.best.value == pytest.approx(4 * lab.power_w)
    assert serving.mean("tokens_out").best.value == pytest.approx(4 * lab.power_w / 40)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "12",
        "12;low=1",
        "x;low=1;high=2;basis=metered",
        "12;low=14;high=20;basis=metered",
        "12;low=1;high=inf;basis=metered",
        "12;low=1;high=20;basis=divined",
    ],
)
def test_a_header_that_cannot_be_understood_is_no_figure(header):
    with FakeModels() as models:
        models.headers = {HEADER: header}
        calls = Calls()
        with calls.watch(OpenAI(**reach(models))) as client:
            client.chat.completions.create(**ASK)
    assert calls.last.method == "estimate"


def test_many_requests_at_once_sum_to_the_run(lab):
    serving = Serving("busy", **lab.options)
    app = application(lambda: lab.work(0.1))
    app.add_middleware(MeasureEnergy, serving=serving)
    calls = Calls()

    async def ask(options):
        async with calls.watch(AsyncOpenAI(**options)) as client:
            await asyncio.gather(*(client.chat.completions.create(**ASK) for _ in range(40)))

    with serve(app) as options:
        asyncio.run(ask(options))
    shares, energy = serving.shares(), serving.run.measurement.energy_j
    parts = [part.best.value for part in (shares.requests, shares.idle, shares.unknown)]
    assert sum(parts) == pytest.approx(energy.best.value, rel=1e-12)
    assert energy.best.value == pytest.approx(4 * lab.power_w)
    assert {w.name: w.amount for w in serving.run.measurement.work}["requests"] == 40


def test_what_is_no_client_is_refused_in_words():
    with pytest.raises(InputError, match="expected an OpenAI"):
        Calls().watch(object())
