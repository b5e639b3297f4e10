"""Recurrent layers along the one axis of a map."""

from collections.abc import Iterator
from typing import ClassVar

from netspec.errors.codes import Refusal
from netspec.ops.facts import Cost, Example, Family, Layer, Shape, Tensor, Window, shape_text
from netspec.ops.fields import Count
from netspec.ops.memory import Saved, Space
from netspec.ops.operation import Operation, map_only

KEPT = 7
"""Numbers that a step keeps for its gradient, for each feature: gates, the state before it, and what it is made of."""
PASSING = 8
"""Numbers that a step needs while it runs, for each feature."""


class _Recurrent(Operation):
    """A recurrent layer, which goes from position to position and takes a state along."""

    family: ClassVar[Family] = Family.LINEAR
    example: ClassVar[Example] = Example(out=256, bidirectional=True)
    overwritable: ClassVar[bool] = True
    loses_places: ClassVar[bool] = True
    gates: ClassVar[int]
    """How many products with each weight a step has."""
    states: ClassVar[int]
    """How many numbers for each feature are taken along."""

    out: Count
    layers: Count = 1
    bidirectional: bool = False
    bias: bool = True

    @property
    def _ways(self) -> int:
        return 2 if self.bidirectional else 1

    def shape(self, *inputs: Shape) -> Shape:
        """``out`` features at each position, or twice as many; of maps with one axis."""
        if map_only(self, inputs[0]) > 1:
            message = f"{self.word} needs a map of one axis, got {shape_text(inputs[0])}"
            hint = "'flatten: {keep: 1}' lets the last axis stay and joins the others with the channels"
            raise Refusal("shape", message, hint)
        return (self._ways * self.out, inputs[0][1])

    def _widths(self, shape: Shape) -> Iterator[int]:
        """What each of the layers reads at a position, once for each way."""
        for layer in range(self.layers):
            for _ in range(self._ways):
                yield self._ways * self.out if layer else shape[0]

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """``weight_ih_l0`` and ``weight_hh_l0``, ``bias_ih_l0`` and ``bias_hh_l0``, then ``_reverse``, then ``_l1``."""
        rows = self.gates * self.out
        found = []
        for number, width in enumerate(self._widths(inputs[0])):
            layer, way = divmod(number, self._ways)
            name = f"l{layer}" + ("_reverse" if way else "")
            found += [Tensor(f"weight_ih_{name}", (rows, width)), Tensor(f"weight_hh_{name}", (rows, self.out))]
            found += [Tensor(f"bias_{of}_{name}", (rows,)) for of in (("ih", "hh") if self.bias else ())]
        return tuple(found)

    def _cost(self, output: Shape, shape: Shape, step: Cost) -> Cost:
        """The products of all steps, and what a ``step`` of one feature takes beside them."""
        steps = self.layers * self._ways * output[1] * self.out
        macs = sum(output[1] * self.gates * self.out * (width + self.out) for width in self._widths(shape))
        biases = 2 * self.gates if self.bias else 0
        return Cost(
            macs=macs,
            adds=steps * (step.adds + biases),
            multiply_adds=steps * step.multiply_adds,
            transcendentals=steps * step.transcendentals,
        )

    def gradient_macs(self, output: Shape, *inputs: Shape) -> tuple[int, int]:
        """Those of what the first layer reads; of states but the first, which is 0, and of what other layers read."""
        one = self.gates * self.out * output[1]
        reads = [one * width for width in self._widths(inputs[0])]
        states = self.layers * self._ways * self.gates * self.out**2 * (output[1] - 1)
        return sum(reads[: self._ways]), sum(reads[self._ways :]) + states

    def window(self, *inputs: Shape) -> Window:
        """The whole axis: the last position sees all, both ways each does."""
        return Window.whole(inputs[0])

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The input, what each step keeps, and what goes from layer to layer; libraries may keep it otherwise."""
        steps = self.layers * self._ways * output[1] * self.out
        return Saved(inputs=True, beside=Space(values=KEPT * steps + (self.layers - 1) * output[0] * output[1]))

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """States, and at the last layer what it reads, its outputs one by one and together; libraries may differ."""
        length, ways, more = output[1], self._ways, self.states - 1
        ends = self.states * self.layers * ways
        held = ends + self.states * ways * (self.layers - 1) + (ways * length if self.layers > 1 else 0)
        step = PASSING + length - 1 + (more if length > 1 else 0)
        if self.bidirectional:
            most = max(2 * length + more + step, 6 * length + 2 * more)
        else:
            most = max(step, 2 * length + more)
        return Space(values=self.out * (max(held + most, 3 * ends + ways * length) - ways * length))

    def layer(self, *inputs: Shape) -> Layer:
        """A module of ours with torch's weights, which turns the axes around for torch and back."""
        arguments = {
            "input_size": inputs[0][0],
            "hidden_size": self.out,
            "num_layers": self.layers,
            "bias": self.bias,
            "bidirectional": self.bidirectional,
        }
        return Layer(f"netspec.nn.recurrent.{type(self).__name__}", arguments)

    def label(self, *inputs: Shape) -> str:
        """``lstm 256``, ``lstm 256, 2 layers, both ways``."""
        text = f"{self.word} {self.out}" + (f", {self.layers} layers" if self.layers > 1 else "")
        return text + (", both ways" if self.bidirectional else "")


class Lstm(_Recurrent):
    """Long short-term memory with ``out`` features at each position (Hochreiter and Schmidhuber 1997).

    With ``bidirectional`` a second one goes the other way, and there are twice as many features; ``layers`` read one
    another. Gates are torch's, in its order, with two ``bias`` vectors.
    """

    word: ClassVar[str] = "lstm"
    gates: ClassVar[int] = 4
    states: ClassVar[int] = 2

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """One multiply-add for each weight at each position; gates add up, and two tanh and three sigmoids follow."""
        return self._cost(output, inputs[0], Cost(adds=4, multiply_adds=3, transcendentals=5))


class Gru(_Recurrent):
    """Gated recurrent units with ``out`` features at each position (Cho et al. 2014).

    With ``bidirectional`` a second layer goes the other way, and there are twice as many features; ``layers`` read one
    another. Gates are torch's, in its order, with two ``bias`` vectors; the reset gate scales what comes of the state.
    """

    word: ClassVar[str] = "gru"
    gates: ClassVar[int] = 3
    states: ClassVar[int] = 1

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """One multiply-add for each weight at each position; gates add up, and a tanh and two sigmoids follow."""
        return self._cost(output, inputs[0], Cost(adds=3, multiply_adds=2, transcendentals=3))
