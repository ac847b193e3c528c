"""The ASGI middleware: it measures requests, and changes nothing of them."""

from __future__ import annotations

import asyncio

import pytest

from brizna.integrations.asgi import HEADER, MeasureEnergy, MeasureModels, Serving

HTTP = {"type": "http", "method": "GET", "path": "/"}
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/plain")],
}
BODY = {"type": "http.response.body", "body": b"hello"}


async def served(app, scope, *, received=({"type": "http.request"},)):
    """Return what an application sends."""
    sent, waiting = [], list(received)

    async def receive():
        return waiting.pop(0)

    async def send(message):
        sent.append(message)

    await app(dict(scope), receive, send)
    return sent


def answering(*messages, before=lambda _scope: None, between=lambda: None):
    """Return an application that sends these messages."""

    async def app(scope, _receive, send):
        before(scope)
        for message in messages:
            await send(message)
            between()

    return app


def header_of(sent):
    """Return the figure in the header, and what stands behind it."""
    values = [v for name, v in sent[0].get("headers", ()) if name == HEADER.lower().encode()]
    if not values:
        return None
    best, *rest = values[0].decode().split(";")
    return {"best": float(best), **dict(each.split("=") for each in rest)}


def test_a_response_passes_as_it_is_and_its_request_is_measured(lab):
    with Serving("web", **lab.options) as serving:
        app = MeasureEnergy(answering(START, BODY, before=lambda _: lab.work(2)), serving=serving)
        assert asyncio.run(served(app, HTTP)) == [START, BODY]
        lab.work(2)
    assert serving.mean().best.value == 2 * lab.power_w
    assert serving.shares().idle.best.value == 2 * lab.power_w


def test_a_handler_can_count_what_it_did(lab):
    def handle(scope):
        lab.work(1)
        scope["brizna"].count(tokens=11)

    with Serving(**lab.options) as serving:
        asyncio.run(
            served(MeasureEnergy(answering(START, BODY, before=handle), serving=serving), HTTP)
        )
    assert serving.mean("tokens").best.value == pytest.approx(lab.power_w / 11)


def test_the_header_tells_a_response_of_one_piece_its_own_energy(lab):
    with Serving(**lab.options) as serving:
        app = MeasureEnergy(
            answering(START, BODY, before=lambda _: lab.work(2)), serving=serving, header=HEADER
        )
        sent = asyncio.run(served(app, HTTP))
    told = header_of(sent)
    assert told["best"] == 2 * lab.power_w
    assert float(told["low"]) < told["best"] < float(told["high"])
    assert (told["basis"], told["of"]) == ("metered", "request")
    assert sent[0]["headers"][0] == START["headers"][0]
    assert sent[1] == BODY
    assert START["headers"] == [(b"content-type", b"text/plain")]


def test_the_header_of_a_stream_tells_the_mean_of_earlier_requests(lab):
    pieces = [{**BODY, "more_body": True}] * 3 + [{**BODY, "body": b""}]
    with Serving(**lab.options) as serving:
        app = MeasureEnergy(
            answering(START, *pieces, between=lambda: lab.work(1)), serving=serving, header=HEADER
        )
        first = asyncio.run(served(app, HTTP))
        serving.shares()  # reads the meters, as time would
        second = asyncio.run(served(app, HTTP))
    assert header_of(first) is None
    assert header_of(second)["best"] == 5 * lab.power_w
    assert header_of(second)["of"] == "mean"
    assert second[1:] == pieces


def test_an_application_that_raises_does_so_and_its_request_counts(lab):
    async def app(_scope, _receive, _send):
        lab.work(1)
        raise ZeroDivisionError

    with Serving(**lab.options) as serving, pytest.raises(ZeroDivisionError):
        asyncio.run(served(MeasureEnergy(app, serving=serving, header=HEADER), HTTP))
    assert serving.mean().best.value == lab.power_w


def test_a_client_that_leaves_ends_its_request(lab):
    async def app(_scope, receive, _send):
        while (await receive())["type"] != "http.disconnect":
            lab.work(1)

    async def cancelled(app):
        async def slow(_scope, _receive, _send):
            lab.work(1)
            await asyncio.sleep(3600)

        task = asyncio.ensure_future(served(MeasureEnergy(slow, serving=serving), HTTP))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await served(MeasureEnergy(app, serving=serving), HTTP, received=left)

    left = ({"type": "http.request"}, {"type": "http.disconnect"})
    with Serving(**lab.options) as serving:
        asyncio.run(cancelled(app))
        lab.work(1)
    assert serving.mean().best.value == lab.power_w
    assert serving.shares().idle.best.value == lab.power_w


def test_the_run_begins_and_ends_with_the_application(lab):
    async def app(_scope, receive, send):
        for kind in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{kind}"
            lab.work(1)
            await send({"type": f"lifespan.{kind}.complete"})

    received = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    serving = Serving("web", **lab.options)
    sent = asyncio.run(
        served(MeasureEnergy(app, serving=serving), {"type": "lifespan"}, received=received)
    )
    assert [message["type"] for message in sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    run = lab.store.read("web").run
    assert run.state == "finished"
    assert run.measurement.energy_j.best.value == 2 * lab.power_w


def test_an_application_without_a_lifespan_is_served_all_the_same(lab):
    async def app(scope, _receive, send):
        if scope["type"] != "http":
            raise NotImplementedError
        lab.work(1)
        await send(START)

    with Serving(**lab.options) as serving:
        measured = MeasureEnergy(app, serving=serving)
        with pytest.raises(NotImplementedError):
            asyncio.run(served(measured, {"type": "lifespan"}))
        asyncio.run(served(measured, HTTP))
    assert serving.mean().best.value == lab.power_w


def test_a_websocket_passes_untouched_and_is_not_counted(lab):
    seen = []

    async def app(scope, receive, send):
        seen.append((scope, receive, send))

    async def connect(scope, receive, send):
        await MeasureEnergy(app, serving=serving, header=HEADER)(scope, receive, send)

    scope, receive, send = {"type": "websocket"}, object(), object()
    with Serving(**lab.options) as serving:
        asyncio.run(connect(scope, receive, send))
    assert seen == [(scope, receive, send)]
    assert scope == {"type": "websocket"}
    assert serving.mean() is None


def test_requests_of_one_event_loop_share_what_they_were_open_for_together(lab):
    async def app(_scope, _receive, send):
        lab.work(1)
        await asyncio.sleep(0)
        lab.work(1)
        await send(START)

    async def both():
        await asyncio.gather(*(served(MeasureEnergy(app, serving=serving), HTTP) for _ in range(2)))

    with Serving(**lab.options) as serving:
        asyncio.run(both())
    assert serving.mean().best.value == 2 * lab.power_w
    assert serving.shares().idle.best.value == 0


USAGE = b'{"model": "m", "usage": {"prompt_tokens": 7, "completion_tokens": 20}}'
POST = {**HTTP, "method": "POST"}


@pytest.mark.parametrize(
    "bodies",
    [
        [USAGE],
        [USAGE[:10], USAGE[10:]],
        [b"data: {}\n\n", b"data: " + USAGE, b"\n\ndata: [DONE]\n\n"],
    ],
    ids=["whole", "in two", "stream"],
)
def test_a_server_of_models_has_the_energy_of_a_token_without_being_told(lab, bodies):
    pieces = [{**BODY, "body": body, "more_body": True} for body in bodies]
    pieces[-1]["more_body"] = False
    with Serving("models", **lab.options) as serving:
        app = MeasureModels(
            answering(START, *pieces, before=lambda _: lab.work(2)), serving=serving
        )
        sent = asyncio.run(served(app, POST))
    assert sent[1:] == pieces
    assert serving.mean("tokens_out").best.value == pytest.approx(2 * lab.power_w / 20)
    assert serving.mean("tokens_in").best.value == pytest.approx(2 * lab.power_w / 7)
    assert (header_of(sent) is not None) == (len(bodies) == 1)


@pytest.mark.parametrize(
    "usage", [b"[]", b"{}", b'{"prompt_tokens": -3, "completion_tokens": "many"}', b"null", b"}"]
)
def test_whatever_a_server_of_models_says_it_used_its_answer_passes(lab, usage):
    body = {**BODY, "body": b'{"usage": ' + usage + b"}"}
    with Serving("models", **lab.options) as serving:
        app = MeasureModels(answering(START, body, before=lambda _: lab.work(1)), serving=serving)
        assert asyncio.run(served(app, POST))[1] == body
    assert serving.mean("tokens_out") is None
    assert serving.mean() is not None


def test_what_only_asks_a_server_of_models_how_it_is_passes_and_is_no_request(lab):
    with Serving("models", **lab.options) as serving:
        app = MeasureModels(answering(START, BODY, before=lambda _: lab.work(1)), serving=serving)
        assert asyncio.run(served(app, HTTP)) == [START, BODY]
        asyncio.run(served(app, POST))
    assert serving.mean("requests").best.value == lab.power_w
    assert serving.mean("tokens_out") is None
