"""ONNX Runtime with a card that is not there: the interface, as its reference of 1.31 describes it.

It was never held against a card. What it shares with the real library, `tests/heavy` compares.
"""

from __future__ import annotations

from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

CPU, CUDA, TENSORRT = "CPUExecutionProvider", "CUDAExecutionProvider", "TensorrtExecutionProvider"


class FakeOnnxRuntime:
    """Stands for the module: its attributes are what a program asks of it.

    Attributes:
        sessions: Those that were opened, in order.
        copied: Shape and device of each array that was put on a device.
    """

    __version__ = "1.31.1"

    def __init__(
        self,
        *,
        providers: Sequence[str] = (TENSORRT, CUDA, CPU),
        lost: Sequence[str] = (),
        operators: Mapping[str, Sequence[str]] | None = None,
        compute: Callable[[Any], Any] = lambda x: x,
    ) -> None:
        """Say what is there.

        Args:
            providers: What this build has.
            lost: Those of them whose libraries cannot be loaded: sessions go on without them.
            operators: Which operators each provider is given; None where a build does not say.
            compute: What the graph computes of its one input ``x``.
        """
        self._providers = list(providers)
        self.lost, self.operators, self.compute = tuple(lost), operators, compute
        self.sessions: list[FakeInferenceSession] = []
        self.copied: list[tuple[Any, str]] = []
        self.SessionOptions = FakeSessionOptions
        self.OrtValue = _Values(self)

    def get_available_providers(self) -> list[str]:
        """Return what this build has."""
        return list(self._providers)

    def InferenceSession(  # noqa: N802 - the library's name
        self, path: str, options: FakeSessionOptions, *, providers: Sequence[Any]
    ) -> FakeInferenceSession:
        """Open a session; a provider whose libraries are lost is left out without a word."""
        session = FakeInferenceSession(self, path, options, providers)
        self.sessions.append(session)
        return session


class FakeSessionOptions:
    """Options of a session.

    Attributes:
        entries: What was set by name.
    """

    def __init__(self) -> None:
        """Set nothing."""
        self.intra_op_num_threads = self.inter_op_num_threads = self.log_severity_level = 0
        self.entries: dict[str, str] = {}

    def add_session_config_entry(self, name: str, value: str) -> None:
        """Set something by name."""
        self.entries[name] = value


class FakeInferenceSession:
    """A graph with one input ``x`` and one output ``y``.

    Attributes:
        asked: The settings of each provider that was asked for.
        options: What it was opened with.
    """

    def __init__(
        self,
        library: FakeOnnxRuntime,
        path: str,
        options: FakeSessionOptions,
        providers: Sequence[Any],
    ) -> None:
        """Take what is asked for, as far as it can be loaded."""
        del path
        self.asked: dict[str, dict[str, Any]] = {}
        for one in providers:
            pair: tuple[str, dict[str, Any]] = (one, {}) if isinstance(one, str) else one
            self.asked[pair[0]] = pair[1]
        self.options = options
        self._library = library
        if library.operators is not None:  # older builds do not have it
            self.get_provider_graph_assignment_info = self._assignment

    def get_providers(self) -> list[str]:
        """Return those that are in use."""
        return [name for name in self.asked if name not in self._library.lost]

    def get_inputs(self) -> list[_Named]:
        """Return the inputs."""
        return [_Named("x")]

    def get_outputs(self) -> list[_Named]:
        """Return the outputs."""
        return [_Named("y")]

    def _assignment(self) -> list[_Subgraph]:
        found = self._library.operators or {}
        return [_Subgraph(name, nodes) for name, nodes in found.items() if nodes]

    def io_binding(self) -> FakeBinding:
        """Return what inputs and outputs are bound to."""
        return FakeBinding()

    def run_with_iobinding(self, binding: FakeBinding) -> None:
        """Compute."""
        binding.computed = [self._library.compute(one.array) for one in binding.inputs.values()]


class FakeBinding:
    """Inputs and outputs that are bound.

    Attributes:
        inputs: By name.
        outputs: Where each output is put, by name.
        computed: The outputs.
    """

    def __init__(self) -> None:
        """Bind nothing."""
        self.inputs: dict[str, _Value] = {}
        self.outputs: dict[str, tuple[str, int]] = {}
        self.computed: list[Any] = []

    def bind_ortvalue_input(self, name: str, value: _Value) -> None:
        """Bind an input."""
        self.inputs[name] = value

    def bind_output(self, name: str, device_type: str = "cpu", device_id: int = 0) -> None:
        """Bind an output."""
        self.outputs[name] = (device_type, device_id)

    def copy_outputs_to_cpu(self) -> list[Any]:
        """Return the outputs."""
        return self.computed


class _Value:
    def __init__(self, array: Any) -> None:
        self.array = array


class _Values:
    """Stands for the class ``OrtValue``."""

    def __init__(self, library: FakeOnnxRuntime) -> None:
        self._library = library

    def ortvalue_from_numpy(
        self, numpy_obj: Any, /, device_type: str = "cpu", device_id: int = 0
    ) -> _Value:
        self._library.copied.append((numpy_obj.shape, f"{device_type}:{device_id}"))
        return _Value(numpy_obj)


class _Named:
    def __init__(self, name: str) -> None:
        self.name = name


class _Node:
    def __init__(self, op_type: str) -> None:
        self.op_type = op_type


class _Subgraph:
    def __init__(self, ep_name: str, operators: Sequence[str]) -> None:
        self.ep_name = ep_name
        self._operators = operators

    def get_nodes(self) -> list[_Node]:
        return [_Node(name) for name in self._operators]
