"""What Python users call: read a network, compile it, load it again."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from netspec import catalogue, files
from netspec.analysis.memory import STATES, Optimizer
from netspec.analysis.rows import DTYPES, Dtype, Setup
from netspec.compiler.compiler import chosen, network_of, spec_of
from netspec.errors.problem import Problem, SpecError
from netspec.errors.source import Source, Span
from netspec.graph.graph import Graph
from netspec.language import resolve
from netspec.language.reader import read_yaml
from netspec.language.spec import Spec
from netspec.language.values import Mapping, Value
from netspec.limits import LIMITS, Limits
from netspec.ops.facts import Shape
from netspec.report.network_stats import NetworkStats

if TYPE_CHECKING:
    import torch  # noqa: TID251 - for type checkers only

Outputs = Literal["inference", "all"]


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A checked network: its graph, the spec it comes from and the values of the spec's parameters. No torch.

    Each is equal to itself alone; what is equal in two of them, their :meth:`stats` tell.
    """

    graph: Graph
    spec: Spec
    params: dict[str, Any]
    variant: str | None
    given: dict[str, tuple[Span, Value]]
    """Values of parameters that a variant or the caller has given, with their places."""

    @property
    def name(self) -> str:
        """The variant's name, or the spec's."""
        return self.graph.name

    def stats(self, *, batch: int = 1, dtype: Dtype = "float32", optimizer: Optimizer = "sgd") -> NetworkStats:
        """Parameters, multiply-adds, shapes, receptive fields, memory: rows, totals, ``to_dict()``, ``to_pandas()``.

        Counts are of one image. Bytes are of ``batch`` images with weights and values of ``dtype``, trained with
        ``optimizer``. Raises :class:`ValueError` for values that these cannot have.
        """
        if not isinstance(batch, int) or isinstance(batch, bool) or batch < 1:
            message = f"batch is a whole number from 1, not {batch!r}"
            raise ValueError(message)
        for name, value, known in (("dtype", dtype, DTYPES), ("optimizer", optimizer, STATES)):
            if value not in known:
                message = f"{name} is one of {', '.join(known)}, not {value!r}"
                raise ValueError(message)
        return NetworkStats.of(self.graph, Setup(batch, dtype, optimizer))

    def diagram(self, *, depth: int = 1) -> str:
        """The network as DOT text for Graphviz; ``depth`` says how far blocks are opened."""
        from netspec.diagram.dot import to_dot

        return to_dot(self.graph, depth=depth)

    def to_yaml(self) -> str:
        """The spec with every choice made."""
        return resolve.text(self._resolved())

    def origins(self) -> Iterator[tuple[str, str, Span]]:
        """Every value of the resolved spec: its path, its text and its place."""
        return resolve.origins(self._resolved())

    def _resolved(self) -> Mapping:
        return resolve.resolved(self.spec, self.name, self.graph.input.shape, self.given)

    def compile(self, *, device: torch.device | str | None = None, outputs: Outputs = "inference") -> torch.nn.Module:
        """The network as a module; see :func:`netspec.compile`."""
        from netspec.nn.build import module

        return module(self.graph, device=device, outputs=outputs)


def read(
    source: str | Path,
    /,
    *,
    input: Shape | None = None,
    root: Path | None = None,
    max_nodes: int = LIMITS.nodes,
    **params: Any,
) -> Network:
    """The checked network of a spec: a path, ``path@variant``, a shipped name, or the text itself (several lines).

    ``input`` replaces the spec's ``(channels, height, width)``; ``params`` set its parameters. What the spec extends
    lies in its own folder, or below ``root``. A larger network than ``max_nodes`` operations is refused. Raises
    :class:`netspec.SpecError` with everything that is wrong.
    """
    limits = Limits(max_nodes)
    if isinstance(source, str) and "\n" in source:
        return network(spec_of(Source("<text>", source), limits=limits), None, _values(params), input)
    spec, variant = catalogue.spec(source, root, limits)
    return network(spec, variant, _values(params), input)


def network(spec: Spec, variant: str | None, given: dict[str, Value], size: Shape | None = None) -> Network:
    """The network that ``spec`` makes with a variant and given values."""
    graph, values = network_of(spec, variant, given, size)
    return Network(graph, spec, values, variant, chosen(spec, variant, given))


def compile(
    source: str | Path,
    /,
    *,
    input: Shape | None = None,
    device: torch.device | str | None = None,
    outputs: Outputs = "inference",
    max_nodes: int = LIMITS.nodes,
    **params: Any,
) -> torch.nn.Module:
    """The network of a spec as a plain ``nn.Module`` with freshly initialised weights.

    Its forward takes N x C x H x W and returns the one output as a tensor, or a dict of several by name. Heads for
    training are built in any case; ``outputs="all"`` returns them too, in train and eval mode alike.
    ``device="meta"`` builds without memory. Initialisation follows ``torch.manual_seed``. Raises
    :class:`netspec.SpecError` with everything that is wrong.
    """
    return read(source, input=input, max_nodes=max_nodes, **params).compile(device=device, outputs=outputs)


def load(
    path: str | Path, /, *, device: str = "cpu", outputs: Outputs = "inference", max_nodes: int = LIMITS.nodes
) -> torch.nn.Module:
    """The network in an artefact of ``netspec build``, with its weights, in eval mode. Nothing is unpickled.

    Raises :class:`netspec.SpecError` when the file is truncated, foreign, or its weights do not fit its spec.
    """
    from netspec.nn import artefact

    file = Path(path)
    spec = spec_of(Source(f"{path} (spec)", artefact.contents(file).spec), limits=Limits(max_nodes))
    module = network(spec, None, {}).compile(device="meta", outputs=outputs)
    artefact.fill(module, file, device)
    return module.eval()


def load_weights(module: torch.nn.Module, path: str | Path) -> None:
    """Give ``module`` the weights of a ``.safetensors`` file, or of a ``.pth`` read with ``weights_only=True``.

    Names and shapes must be exactly those of the module. Raises :class:`netspec.SpecError` otherwise, and for a file
    that holds anything but tensors; warns of values that are not finite.
    """
    from netspec.nn import weights

    for remark in weights.load_weights(module, Path(path)):
        warnings.warn(remark.message, stacklevel=2)


def save(module: torch.nn.Module, network: Network, path: str | Path) -> None:
    """Write ``module``'s weights and the resolved spec of ``network`` as one artefact; see :func:`load`.

    What ``torch.compile`` has wrapped is written as what is inside. Raises :class:`netspec.SpecError`, before anything
    is written, when the weights are not those of ``network``.
    """
    from netspec.nn import artefact

    inner = getattr(module, "_orig_mod", module)
    wanted = {f"{node.name}.{tensor.name}": tensor.shape for node in network.graph.nodes for tensor in node.tensors}
    given = {name: tuple(tensor.shape) for name, tensor in inner.state_dict().items()}
    wrong = sorted(name for name in {*wanted, *given} if wanted.get(name) != given.get(name))
    if wrong:
        message = f"{path}: these are not the weights of {network.name}: {len(wrong)} differ ({', '.join(wrong[:3])})"
        raise SpecError([Problem("unwritable", message)])
    files.refuse_unwritable(Path(path), network.spec.files)
    artefact.save(inner, network.to_yaml(), Path(path))


def _values(params: dict[str, Any]) -> dict[str, Value]:
    """Values given from Python, each as a source of its own, so that messages can show them."""
    return {
        name: read_yaml(Source(f"{name}={value!r}", json.dumps(value, default=str))) for name, value in params.items()
    }
