"""What Python users call: read a network, compile it, load it again."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Mapping_
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from netspec import catalogue, files
from netspec.analysis.budget import overruns
from netspec.analysis.features import Feature, features
from netspec.analysis.inputs import inputs_of, inputs_text
from netspec.analysis.setup import DTYPES, STATES, Dtype, Optimizer, Setup
from netspec.compiler.compiler import chosen, network_of
from netspec.compiler.limits import Work
from netspec.errors.problem import Problem, Problems, SpecError
from netspec.errors.source import Source, Span
from netspec.graph.graph import Graph
from netspec.language import resolve
from netspec.language.extends import spec_of
from netspec.language.inputs import Sizes
from netspec.language.python_arguments import input_sizes, one_of, texts, whole
from netspec.language.python_values import python_values
from netspec.language.spec import Spec
from netspec.language.values import Mapping, Value
from netspec.limits import Limits
from netspec.ops.facts import key
from netspec.report.network_stats import NetworkStats
from netspec.weights.wanted import foreign

if TYPE_CHECKING:
    import torch  # noqa: TID251 - for type checkers only

    from netspec.analysis.recompute_plan import CheckpointPlan
    from netspec.analysis.seen import Method, Show
    from netspec.diagram.drawing import Engine
    from netspec.diagram.layout.paper import Page
    from netspec.diagram.scene import Level
    from netspec.drawing.theme import Theme
    from netspec.pictures.diagram import Diagram
    from netspec.report.seen import FiltersReport, SeenReport
    from netspec.report.signal import SignalReport
    from netspec.weights.transfer import Adapt, LoadedWeights

SIGNALS = "netspec.report.signal"
"""Named, and imported for who asks: it stands on all that is predicted."""
Outputs = Literal["inference", "all"]
Budget = Literal["spec"]
File = str | os.PathLike[str]
Given = Sequence[int] | Mapping_[str, Sequence[int]]
"""The shape of the one input, or shapes of inputs by name."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Network:
    """A checked network: its graph, the spec it comes from and the values of the spec's parameters. No torch.

    Each is equal to itself alone; what is equal in two of them, their :meth:`stats` tell.
    """

    graph: Graph
    spec: Spec
    params: dict[str, Any]
    variant: str | None
    settings: dict[str, Value]
    """Values of parameters that the caller has given, with their places."""
    sizes: Sizes
    """Shapes of inputs that the caller has given in place of the spec's, by name."""

    def __repr__(self) -> str:
        operations, params = len(self.graph.operations), sum(node.params for node in self.graph.nodes)
        sizes = inputs_text(inputs_of(self.graph))
        return f"<Network {self.name}: {operations:,} operations, {params:,} parameters, input {sizes}>"

    def _repr_html_(self) -> str:
        """What notebooks show: one line of figures, and a box for each stage."""
        return self.diagram(level="stage", page="screen").under(repr(self))

    @property
    def name(self) -> str:
        """The variant's name, or the spec's."""
        return self.graph.name

    def stats(self, *, batch: int = 1, dtype: Dtype = "float32", optimizer: Optimizer = "sgd") -> NetworkStats:
        """Parameters, multiply-adds, shapes, receptive fields, memory: rows, totals, ``to_dict()``, ``to_pandas()``.

        Counts are of one image. Bytes are of ``batch`` images with weights and values of ``dtype``, trained with
        ``optimizer``. Raises :class:`ValueError` for values that these cannot have.
        """
        batch = whole("batch", batch)
        one_of("dtype", dtype, DTYPES)
        one_of("optimizer", optimizer, STATES)
        return NetworkStats.of(self.graph, Setup(batch, dtype, optimizer))

    def over_budget(self) -> list[Problem]:
        """A problem for each limit of the spec's ``budget`` that the network exceeds."""
        return overruns(self.stats(), self.spec.budget) if self.spec.budget else []

    def diagram(
        self,
        *,
        level: Level = "paper",
        open: str | Iterable[str] = (),
        page: Page = "text",
        theme: Theme = "auto",
        engine: Engine = "auto",
        depth: int | None = None,
    ) -> Diagram:
        """The network as a picture: shown in notebooks, written by ``save(path)``, and as text for Graphviz by ``str``.

        ``level`` is stage, paper or layer; ``open`` are paths of parts to be opened; ``page`` is what it fits: column,
        text or screen; ``theme`` is auto, light, dark or print. ``depth`` is the old word for ``level``: 0, 1 or 2.
        Raises :class:`ValueError` for values that these cannot have.
        """
        from netspec.pictures.diagram import Diagram

        opened = (open,) if isinstance(open, str) else tuple(open)
        return Diagram.of(self.graph, level, depth, opened=opened, page=page, theme=theme, engine=engine)

    def to_yaml(self) -> str:
        """The spec with every choice made."""
        return resolve.text(self._resolved())

    @property
    def given(self) -> dict[str, tuple[Span, Value]]:
        """Values of parameters that the variant or the caller has given, with their places."""
        return chosen(self.spec, self.variant, self.settings)

    def origins(self) -> Iterator[tuple[str, str, Span]]:
        """Every value of the resolved spec: its path, its text and its place."""
        return resolve.origins(self._resolved())

    def _resolved(self) -> Mapping:
        init = {key(word, tensor) for word, tensor, _ in self.graph.init}
        return resolve.resolved(self.spec, self.name, dict(inputs_of(self.graph)), self.given, init)

    def compile(
        self,
        *,
        device: torch.device | str | None = None,
        outputs: Outputs | Sequence[str] = "inference",
        inplace: bool = True,
        checkpoint: Sequence[str] = (),
    ) -> torch.nn.Module:
        """The network as a module; see :func:`netspec.compile`."""
        wanted: str | tuple[str, ...]
        if isinstance(outputs, str):
            wanted = one_of("outputs", outputs, get_args(Outputs))
        else:
            wanted = texts("outputs", outputs)
            if not wanted or len(set(wanted)) < len(wanted):
                message = "outputs are 'inference', 'all', or a list of different names"
                raise ValueError(message)
        again = texts("checkpoint", checkpoint)
        return _compiled(self.graph, device=device, outputs=wanted, inplace=inplace, checkpoint=again)

    def split(self, count: int, *, batch: int = 1) -> tuple[Stage, ...]:
        """The network in ``count`` stages one after the other, for ``torch.distributed.pipelining``.

        They are balanced by multiply-adds of training, then by memory of ``batch`` images, and cut where a single value
        goes on. Weights have the network's own names; heads for training are left out. Raises
        :class:`netspec.SpecError` where there are too few places to cut.
        """
        from netspec.analysis.stages import split

        parts = split(self.graph, whole("count", count), batch=whole("batch", batch))
        return tuple([Stage(*part, self.graph) for part in parts])

    def features(self, *names: str) -> tuple[Feature, ...]:
        """Channels, stride and receptive field of the values called ``names``: outputs, layers or blocks.

        Without names, of the blocks in ``stages``. What :func:`netspec.compile` gives for them as ``outputs``. Raises
        :class:`netspec.SpecError` for a name that is none.
        """
        return features(self.graph, texts("a name", names))

    def see(  # noqa: PLR0913 - one argument for each thing that can be asked
        self,
        weights: torch.nn.Module | Mapping_[str, torch.Tensor] | File,
        images: torch.Tensor | Sequence[File] | File = (),
        *,
        node: str | None = None,
        channel: int | Sequence[int] = (),
        at: Sequence[int] | None = None,
        top: int = 9,
        method: Method = "deconvnet",
        show: Show = "patches",
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        beside: File | None = None,
        class_names: Sequence[str] | File | None = None,
        skip_unreadable: bool = False,
        theme: Theme = "auto",
    ) -> SeenReport | FiltersReport:
        """What units of the network with these ``weights`` answer to in ``images``: ``save(path)`` draws it.

        ``weights`` are a module of it, its state_dict, or a file. ``images`` are files or folders, or a tensor, N x C x
        H x W, of fractions as the network reads them. ``node`` is an operation, the last map before global pooling if
        not given; ``channel`` one of its channels, or several, the strongest if not given; ``at`` its position, of each
        image the strongest if not given; ``top`` how many images. ``method`` is deconvnet, guided, gradient or gradcam,
        of which ``channel`` is one of the output, whose ``class_names`` are texts or the lines of a file. ``show`` is
        patches, layers (a sheet of the strongest channels of each) or filters (of the first convolution; no images).
        Files are read as numbers from 0 to 1, less ``mean`` and over ``std``. If not given these and the names are
        those of the training in whose folder the file ``weights`` or ``beside`` is, else ImageNet's for three channels,
        0 and 1 otherwise. The ``panels`` hold figures, pixels and gradients. Raises :class:`netspec.SpecError` with
        what is wrong, and :class:`ValueError` for words that these cannot have.
        """
        from netspec.pictures.seen import see

        if isinstance(weights, (str, os.PathLike)):
            beside, file, weights = beside or weights, weights, self.compile(device="meta")
            load_weights(weights, file)
        return see(
            self.graph,
            weights,
            images,
            node=node,
            channels=(channel,) if isinstance(channel, int) else tuple(channel),
            at=None if at is None else tuple(at),
            top=whole("top", top),
            method=method,
            show=show,
            reading=(mean, std, skip_unreadable),
            beside=None if beside is None else Path(beside),
            class_names=class_names,
            theme=theme,
        )

    def signal(
        self,
        *others: File | Network,
        batch: int = 16,
        measure: bool = False,
        seeds: int = 5,
        images: torch.Tensor | Sequence[File] | File | None = None,
        all: bool = False,
        theme: Theme = "auto",
    ) -> SignalReport:
        """What initialisation does to a signal and its gradient, those of ``others`` over it: ``save(path)`` draws it.

        ``networks[0].signals["conv1"]`` are second moments, predicted for ``batch`` images of noise, or why nothing can
        be said; ``.advice`` is what follows. ``measure`` has those of the compiled module, for so many ``seeds``, in
        ``.measured``: with noise, or ``images``, a tensor, N x C x H x W, as it is, or files and folders, read to its
        mean and deviation. ``str`` is a table, with ``all`` of every operation, ``to_dict()`` plain data. Raises
        :class:`ValueError` and :class:`netspec.SpecError` for values that these cannot have.
        """
        report: type[SignalReport] = import_module(SIGNALS).SignalReport
        graphs = [read(one).graph for one in (self, *others)]
        return report.of(graphs, batch=batch, measure=measure, seeds=seeds, images=images, whole=all, theme=theme)

    def initialise(self, module: torch.nn.Module, names: str | Iterable[str] | None = None) -> tuple[str, ...]:
        """Give tensors of ``module`` the first values that the spec says, again; the names of those that got them.

        ``names`` are layers, what is in them, tensors or patterns of these (``"layer4"``, ``"*.bn3"``, the ``fresh``
        ones of a report); all if None. After the same ``torch.manual_seed`` all get the values that
        :func:`netspec.compile` gives. Tensors on the device meta get memory of their own, on the CPU. Raises
        :class:`netspec.SpecError` for a name that nothing has.
        """
        from netspec.nn.restart import restart

        return restart(module, self.graph, None if names is None else texts("names", names))

    def checkpoint_plan(
        self, budget: int, *, batch: int = 1, dtype: Dtype = "float32", optimizer: Optimizer = "sgd"
    ) -> CheckpointPlan:
        """Which blocks to recompute so that a training step of ``batch`` images takes ``budget`` bytes at most.

        Its ``blocks`` are what :func:`netspec.compile` takes as ``checkpoint``; what it saves and costs is beside.
        """
        from netspec.analysis.recompute_plan import checkpoint_plan

        one_of("dtype", dtype, DTYPES)
        one_of("optimizer", optimizer, STATES)
        return checkpoint_plan(self.graph, whole("budget", budget), Setup(whole("batch", batch), dtype, optimizer))


class Stage(NamedTuple):
    """A part of a network that runs after another: its own graph, first and last operation, and what it costs.

    ``macs`` are multiply-adds of one image in training; ``bytes`` are its weights, their gradients, its buffers and the
    values that it keeps for the backward pass. ``whole`` is the graph of the network.
    """

    graph: Graph
    first: str
    last: str
    macs: int
    bytes: int
    whole: Graph

    def compile(
        self, *, device: torch.device | str | None = None, inplace: bool = True, checkpoint: Sequence[str] = ()
    ) -> torch.nn.Module:
        """The stage as a module, whose forward takes what the stage before gives; see :func:`netspec.compile`."""
        again = texts("checkpoint", checkpoint)
        return _compiled(self.graph, self.whole, device=device, inplace=inplace, checkpoint=again)


def _compiled(graph: Graph, whole: Graph | None = None, **how: Any) -> torch.nn.Module:
    """``graph``, cut out of ``whole`` if that is given, as a module; ``how`` is what the caller says."""
    from netspec.nn.build import compiled

    return compiled(graph, whole, **how)


def read(
    source: File | Network,
    /,
    *,
    input: Given | None = None,
    root: File | None = None,
    max_nodes: int | None = None,
    budget: Budget | None = "spec",
    **params: Any,
) -> Network:
    """The checked network of a spec: a path, ``path@variant``, a shipped name, or the text itself (several lines).

    ``input`` replaces the spec's ``(channels, height, width)``, or is a mapping of names of inputs to their shapes, of
    which others stay as they are; ``params`` set its parameters, to plain data or to
    what arrays hold. What the spec extends lies in its own folder, or below ``root``. A larger network than
    ``max_nodes`` operations, 20,000 if not given, is refused, and one that exceeds the spec's ``budget``, unless that
    is None. Raises :class:`netspec.SpecError` with everything that is wrong, :class:`TypeError` and
    :class:`ValueError` for other arguments that cannot be.

    A :class:`Network` is given back as it is; with ``input``, ``params`` or ``max_nodes`` its spec is read again with
    these over what it was read with.
    """
    one_of("budget", budget, (*get_args(Budget), None))
    limits = Limits() if max_nodes is None else Limits(whole("max_nodes", max_nodes))
    problems = Problems()
    values = python_values(params, problems, limits)
    sizes = {} if input is None else input_sizes(input, problems)
    problems.check()
    if isinstance(source, Network):
        if not params and not sizes and max_nodes is None:
            return source
        spec = source.spec if max_nodes is None else replace(source.spec, limits=limits)
        found = network(spec, source.variant, {**source.settings, **values}, {**source.sizes, **sizes})
    else:
        spec, variant = _spec(source, root, limits)
        found = network(spec, variant, values, sizes)
    if budget is not None:
        Problems(found.over_budget()).check()
    return found


def _spec(source: File, root: File | None, limits: Limits) -> tuple[Spec, str | None]:
    """The spec that ``source`` names or is, and the variant that is meant."""
    word: Any = os.fspath(source) if isinstance(source, (str, os.PathLike)) else source
    if not isinstance(word, str):
        message = f"a spec is a path, a name, a text or a Network, not {type(word).__name__}"
        raise TypeError(message)
    if isinstance(source, str) and "\n" in source:
        return spec_of(Source("<text>", source), limits=limits), None
    return catalogue.spec(word, None if root is None else Path(root), limits)


def network(
    spec: Spec, variant: str | None, given: dict[str, Value], sizes: Sizes | None = None, work: Work | None = None
) -> Network:
    """The network that ``spec`` makes with a variant and given values, whatever its budget.

    Several networks of a run share ``work``, which limits what they take together.
    """
    graph, values = network_of(spec, variant, given, sizes, work)
    return Network(graph, spec, values, variant, given, sizes or {})


def compile(  # noqa: PLR0913 - those of read, and four for the module
    source: File | Network,
    /,
    *,
    input: Given | None = None,
    root: File | None = None,
    max_nodes: int | None = None,
    budget: Budget | None = "spec",
    device: torch.device | str | None = None,
    outputs: Outputs | Sequence[str] = "inference",
    inplace: bool = True,
    checkpoint: Sequence[str] = (),
    **params: Any,
) -> torch.nn.Module:
    """The network of a spec as a plain ``nn.Module`` with freshly initialised weights; see :func:`read`.

    Its forward takes N x C x H x W, of several inputs one for each in their order and by their names, and returns the
    one output as a tensor, or a dict of several by name. Heads for training are built in any case; ``outputs="all"``
    returns them too, in train and eval mode alike. A list of ``outputs`` (layers, blocks, declared ones) gives a dict
    of these, and what they do not need is not built. ``inplace=False`` writes no value over another. The blocks that
    ``checkpoint`` names (``*`` in a name stands for anything), and of a chain of layers the runs ``first:last``, keep
    only their inputs for the gradient and run again for it. ``device="meta"`` builds without memory. Initialisation
    follows ``torch.manual_seed``. Raises :class:`netspec.SpecError` with everything that is wrong.
    """
    found = read(source, input=input, root=root, max_nodes=max_nodes, budget=budget, **params)
    return found.compile(device=device, outputs=outputs, inplace=inplace, checkpoint=checkpoint)


def load(
    path: File,
    /,
    *,
    device: torch.device | str = "cpu",
    outputs: Outputs = "inference",
    max_nodes: int | None = None,
) -> torch.nn.Module:
    """The network in an artefact of ``netspec build``, with its weights, in eval mode. Nothing is unpickled.

    A budget of its spec is not looked at: the network is there already. Raises :class:`netspec.SpecError` when the
    file is truncated, foreign, or its weights do not fit its spec.
    """
    from netspec.nn import artefact

    limits = Limits() if max_nodes is None else Limits(whole("max_nodes", max_nodes))
    file = Path(path)
    spec = spec_of(Source(f"{path} (spec)", artefact.contents(file).spec), limits=limits)
    module = network(spec, None, {}).compile(device="meta", outputs=outputs)
    artefact.fill(module, file, device)
    return module.eval()


def load_weights(  # noqa: PLR0913 - what may be said of one file
    module: torch.nn.Module,
    path: File,
    *,
    key: str | None = None,
    partial: bool = False,
    allow_fresh: str | Iterable[str] = (),
    adapt: Adapt | Iterable[Adapt] = (),
    pairs: File | Mapping_[str, str] | None = None,
) -> LoadedWeights:
    """Give ``module`` the weights of a file, and say what was loaded, adapted, left fresh and unused, each by name.

    The file is a ``.safetensors``, a ``.pth`` or ``.pt`` read with ``weights_only=True``, the ``.index.json`` of
    sharded ones, or an artefact of ``netspec build``, whose spec tells which operation is which. Its state_dict may lie
    under keys (``model``, ``state_dict``, ...) and its names may have a prefix (``module.``, ``_orig_mod.``, ...): what
    fits is taken, and ``key`` chooses where several do. Wrappers around ``module`` (DDP, ``torch.compile``) are looked
    through; a tensor on the device meta gets its own memory, on the CPU.

    Names and shapes must be those of the module, but for counters of batches. ``partial`` keeps what fits;
    ``allow_fresh`` are patterns of names, as of a shell, that alone may be left as they are. ``adapt`` makes fit:
    ``"classes"`` leaves a classifier of another size fresh, ``"input"`` sums or repeats the first convolution for
    another number of input channels, ``"shape"`` reshapes equal rows. ``pairs`` say which layer is which, ours to the
    file's, or are the file in which ``netspec weights --map`` wrote them.

    Raises :class:`netspec.SpecError` with what does not fit, and nothing has changed then; warns of values that are not
    finite.
    """
    found, remarks = given_weights(
        module, Path(path), key=key, partial=partial, allow_fresh=allow_fresh, adapt=adapt, pairs=pairs
    )
    for remark in remarks:
        warnings.warn(remark.message, stacklevel=2)
    return found


def given_weights(  # noqa: PLR0913 - as above
    module: torch.nn.Module,
    file: Path,
    *,
    key: str | None = None,
    partial: bool = False,
    allow_fresh: str | Iterable[str] = (),
    adapt: Adapt | Iterable[Adapt] = (),
    pairs: File | Mapping_[str, str] | None = None,
) -> tuple[LoadedWeights, tuple[Problem, ...]]:
    """What :func:`load_weights` does, which says, and what is odd about the values."""
    from netspec.nn import artefact, weights

    terms = weights.terms(texts("adapt", adapt), partial=partial, allow_fresh=texts("allow_fresh", allow_fresh))
    known = weights.pairs_of(pairs)
    old = written_for(artefact.spec_in(file), file)
    return weights.load_weights(module, file, terms, key=key, pairs=known, old=old)


def written_for(text: str | None, path: Path) -> Graph | None:
    """The network of ``text``, the spec in the artefact at ``path``; None without one. Raises for a broken one."""
    return None if text is None else network(spec_of(Source(f"{path} (spec)", text)), None, {}).graph


def save(module: torch.nn.Module | Mapping_[str, torch.Tensor], network: Network, path: File) -> None:
    """Write ``module``'s weights and the resolved spec of ``network`` as one artefact; see :func:`load`.

    What ``torch.compile``, DDP or FSDP2 has wrapped is written as what is inside; a state_dict does as well. Raises
    :class:`netspec.SpecError`, before anything is written, when the weights are not those of ``network``, or are spread
    over several processes.
    """
    from netspec.nn import artefact, wrappers

    state = wrappers.state(module)
    wrong = foreign(network.graph, {name: tuple(tensor.shape) for name, tensor in state.items()})
    if wrong:
        message = f"{path}: these are not the weights of {network.name}: {len(wrong)} differ ({', '.join(wrong[:3])})"
        raise SpecError([Problem("unwritable", message)])
    files.refuse_unwritable(Path(path), network.spec.files)
    artefact.save(state, network.to_yaml(), Path(path))
