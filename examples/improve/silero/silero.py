"""Speech or not: silero's recurrent network, scored on spoken and unspoken stretches of sound.

Sentences that espeak-ng speaks, silence and noises between them; the network is asked for each 32
milliseconds and handed its own state back each time.
"""

from __future__ import annotations

import ctypes
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np  # noqa: TID253 - a study is its own program

RATE, STEP, BEFORE = 16_000, 512, 64
"""Samples a second; samples the network is given at once; samples before them that it sees too."""
CLIPS, CLIP_S = 480, 3.0
LOUD = 0.02
SENTENCES = (
    "The meter counts what the processor takes.",
    "Seven ships sailed on a quiet Sunday morning.",
    "A cheaper model must still be good enough.",
    "Please leave the window open until it rains.",
    "Nobody knew how many apples were in the basket.",
    "Thirty grams of carbon for each kilowatt hour.",
    "The old clock in the hall has stopped again.",
    "My neighbour grows tomatoes on the roof.",
    "Who left the bicycle under the apple tree?",
    "It takes an hour to walk around the lake.",
    "Fresh bread is sold on the corner at six.",
    "A small fire was put out before it could spread.",
)
VOICES = (b"en", b"en-us", b"es", b"de", b"fr", b"it")


def folder() -> Path:
    """Return where silero keeps its networks."""
    spec = find_spec("silero_vad")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "data"


@cache
def spoken() -> tuple[np.ndarray, ...]:
    """Return sentences in several voices, at `RATE`, from -1 to 1."""
    import espeakng_loader

    speaker = ctypes.CDLL(espeakng_loader.get_library_path())
    heard: list[np.ndarray] = []
    receives = ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
    )

    @receives
    def receive(samples, count, _events) -> int:
        if samples and count > 0:
            heard.append(np.ctypeslib.as_array(samples, shape=(count,)).astype(np.float32))
        return 0

    rate = speaker.espeak_Initialize(1, 0, espeakng_loader.get_data_path().encode(), 0)
    speaker.espeak_SetSynthCallback(receive)
    found: list[np.ndarray] = []
    for voice in VOICES:
        for sentence in SENTENCES:
            heard.clear()
            speaker.espeak_SetVoiceByName(voice)
            text = sentence.encode() + b"\0"
            speaker.espeak_Synth(text, len(text), 0, 0, 0, 1, None, None)
            speaker.espeak_Synchronize()
            sound = np.concatenate(heard) / 32_768
            times = np.arange(0, len(sound), rate / RATE)
            found.append(np.interp(times, np.arange(len(sound)), sound).astype(np.float32))
    return tuple(found)


@cache
def clips() -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Return stretches of sound and, for each step of them, whether somebody speaks.

    Steps in which a spoken sentence is soft, between words, count for neither: -1.
    """
    draw = np.random.default_rng(0)
    steps = int(CLIP_S * RATE) // STEP
    found: list[tuple[np.ndarray, np.ndarray]] = []
    for number in range(CLIPS):
        sound, told = np.zeros(steps * STEP, np.float32), np.zeros(steps)
        if number % 2:
            words = spoken()[number % len(spoken())][: len(sound) // 2]
            begin = int(draw.integers(0, (len(sound) - len(words)) // STEP)) * STEP
            sound[begin : begin + len(words)] += words
            within = slice(begin // STEP, (begin + len(words)) // STEP)
            power = np.sqrt((sound.reshape(steps, STEP) ** 2).mean(1))
            told[within] = np.where(power[within] > LOUD, 1, -1)
        noise = draw.normal(size=len(sound)).astype(np.float32)
        if number % 4 > 1:  # a rumble instead of a hiss
            noise = np.convolve(noise, np.ones(64, np.float32) / 8, mode="same")
        found.append((sound + float(draw.uniform(0.0005, 0.01)) * noise, told))
    return tuple(found)


def request(sound: np.ndarray, step: int, state: np.ndarray) -> dict[str, np.ndarray]:
    """Return one step of a stretch of sound as the network takes it."""
    begin = step * STEP
    padded = np.concatenate([np.zeros(BEFORE, np.float32), sound])
    return {
        "input": padded[None, begin : begin + BEFORE + STEP],
        "state": state,
        "sr": np.array(RATE, np.int64),
    }


def start() -> np.ndarray:
    """Return the state in which the network begins."""
    return np.zeros((2, 1, 128), np.float32)


def load() -> Path:
    """Return the file of the network."""
    return folder() / "silero_vad.onnx"


def inputs() -> list[dict[str, np.ndarray]]:
    """Return what will be asked: the steps of a few stretches, each from the first state."""
    return [request(sound, step, start()) for sound, _ in clips()[:4] for step in range(60)]


def items() -> list[int]:
    """Return the numbers of the stretches."""
    return list(range(CLIPS))


def score(predict, items):
    """Return for each stretch the share of its steps that are told right."""
    rights: list[float] = []
    for number in items:
        sound, told = clips()[number]
        state, given = start(), np.zeros(len(told))
        for step in range(len(told)):
            chance, state = predict(request(sound, step, state))[:2]
            given[step] = float(np.ravel(chance)[0]) > 0.5
        counts = told >= 0
        rights.append(float((given[counts] == told[counts]).mean()))
    return rights
