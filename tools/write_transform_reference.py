"""Write the reference of transforms from their classes.

``python tools/write_transform_reference.py > docs/reference/transforms.md``
"""

from __future__ import annotations

from inspect import cleandoc

from brizna.improve import all_runtimes, all_transforms

HEAD = """# Transforms

What [`brizna improve`](commands.md#brizna-improve) can do to a model, and what runs models. A step
follows only steps of earlier stages. Lossless steps need no data and are meant to change nothing
that counts; they are scored all the same. `tools/write_transform_reference.py` writes this page.

## Steps

| step | stage | takes | lossless | needs | install | tried with | does |
|---|---|---|---|---|---|---|---|"""
RUNTIMES = """
## Runtimes

| runtime | runs | install | is |
|---|---|---|---|"""
TAIL = """
The runtimes on a card were never run on one: brizna was built where there is none. Their code
follows the libraries' references; it is tried with a stand-in for ONNX Runtime that has a card,
and with the processor in a card's place. What they keep of each trial (`used` in the record): the
device, the operators that went back to the processor (ONNX Runtime gives it what a provider
lacks), the bytes that were copied for a request, and whether fp32 was multiplied in TF32, which
torch does in convolutions and ONNX Runtime everywhere unless told otherwise; here it is a
precision of its own. TensorRT is forbidden it by `NVIDIA_TF32_OVERRIDE=0`, which nobody can read
back. Each request is waited for, and its copies there and back are part of it. Processor seconds
say nothing of a card: its variants are compared where a counter tells the joules of the whole
machine ([brizna doctor](commands.md#brizna-doctor)), else they are rows with that reason. Where
the model runs on a card today, say `runtime = "torch-cuda"` below `[model]`.

One's own is a class that `plugins` names, as `brizna.improve.Transform` and
`brizna.improve.Runtime` describe it. A model of another kind is any object with
`write_into(folder)`, which returns a `brizna.improve.Made`."""


def first_line(thing):
    """Return the first sentence of a class's docstring."""
    return cleandoc(thing.__doc__).splitlines()[0]


def install(thing):
    """Return what installs what a class needs."""
    return f"`brizna[{thing.extra}]`" if thing.extra else ", ".join(thing.distributions)


def choices(transform):
    """Return the parameters that a search tries."""
    said = [
        ", ".join(f"`{name}={value}`" for name, value in one.to_json().items())
        for one in transform.choices()
    ]
    return "; ".join(filter(None, said))


def main():
    """Print the page."""
    print(HEAD)
    for one in all_transforms():
        cells = [
            f"`{one.name}`",
            str(one.stage),
            ", ".join(one.takes),
            "yes" if one.lossless else "no",
            ", ".join(f"`{name}`" for name in one.needs),
            install(one),
            choices(one),
            first_line(one),
        ]
        print(f"| {' | '.join(cells)} |")
    print(RUNTIMES)
    for one in all_runtimes():
        cells = [f"`{one.name}`", ", ".join(one.takes), install(one), first_line(type(one))]
        print(f"| {' | '.join(cells)} |")
    print(TAIL)


if __name__ == "__main__":
    main()
