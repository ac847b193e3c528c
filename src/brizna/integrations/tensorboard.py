"""TensorBoard: a run's numbers as scalars in an event file; without TensorFlow and torch.

Example::

    with brizna.measure(to=["tensorboard=runs/fine-tune"]):
        train()

The target is the folder for the event file: one beside those of the training is shown with them.
"""

from __future__ import annotations

import os

from brizna.integrations._library import missing
from brizna.integrations._sink import facts

try:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
except ImportError as error:
    raise missing("TensorBoard", error, install="tensorboard") from error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from brizna.report._metrics import Metrics

_FOLDER = "runs"
_STRING = 7
"""DT_STRING of tensorflow/core/framework/types.proto."""


class TensorboardSink:
    """A sink for `brizna.measure` and ``brizna run --to``."""

    def __init__(self, target: str | None = None, *, name: str | None = None) -> None:
        """Open the event file.

        Args:
            target: Its folder; one of the run's name in ``runs`` if None.
            name: What the run is called.
        """
        self.folder = target or os.path.join(_FOLDER, name or "brizna")
        self._writer = EventFileWriter(self.folder)
        self._last = (0, 0.0)

    def log(self, metrics: Metrics, *, step: int, at: datetime) -> None:
        """Write one scalar of each metric."""
        values = [Summary.Value(tag=key, simple_value=value) for key, value in metrics.items()]
        self._last = step, at.timestamp()
        self._write(values)

    def finish(self, view: Mapping[str, Any]) -> None:
        """Write where the figures come from, as a text, and close the file."""
        text = "\n".join(f"- {name}: {value}" for name, value in facts(view).items())
        shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
        tensor = TensorProto(dtype=_STRING, string_val=[text.encode()], tensor_shape=shape)
        plugin = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
        self._write([Summary.Value(tag="brizna/record", metadata=plugin, tensor=tensor)])
        self._writer.close()

    def _write(self, values: list[Any]) -> None:
        step, wall_time = self._last
        event = Event(wall_time=wall_time, step=step, summary=Summary(value=values))
        self._writer.add_event(event)
        self._writer.flush()
