"""Specs that grow by one construct of the language, and files that would cost much if anything grew faster than they.

Used by ``tools/bench.py`` and by ``tests/test_growth.py``.
"""

from __future__ import annotations

import gc
import signal
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import permutations
from math import inf
from pathlib import Path
from typing import NamedTuple

from click.testing import CliRunner

import netspec
from netspec import api, catalogue
from netspec.cli import main
from netspec.compiler.limits import Work
from netspec.errors.problem import SpecError

Growing = Callable[[int], str]
"""The text of a spec of a size."""

HEAD = "netspec: 1\nname: net\ninput: [3, 32, 32]\n"
SPECS = Path(__file__).resolve().parent.parent / "specs"
LARGEST = 100_000
"""Bytes of a file that must not cost much."""
COMMANDS = {"check": ("check",), "show": ("show",), "fmt": ("fmt", "--diff"), "stats": ("stats",)}


def lines(section: str, count: int, line: str) -> str:
    """A section with ``count`` lines, in which ``{i}`` is the number of the line and ``{before}`` the one before."""
    return f"{section}:\n" + "".join(f"  {line.format(i=i, before=i - 1)}\n" for i in range(count))


def alike(count: int) -> list[str]:
    """Different names of 96 letters, as near to one another as may be: a search for the nearest has no short way."""
    found = permutations("abcdefgh" * 2, 16)
    return ["n" * 80 + "".join(next(found)) for _ in range(count)]


def names(n: int) -> str:
    """Layers that read others by name."""
    head = HEAD + lines("stages", n, "a{i}: relu") + "  b0: {add: [input, a0]}\n"
    return head + "".join(f"  b{i}: {{add: [b{i - 1}, a{i}]}}\n" for i in range(1, n))


def mistakes(n: int) -> str:
    """Words that nothing knows, among layers that are right."""
    return HEAD + lines("stages", 10 * n, "a{i}: relu") + "".join(f"  b{i}: relv{i}\n" for i in range(n))


def unknown_names(n: int) -> str:
    """References to layers that are not there, among layers that are."""
    return HEAD + lines("stages", n, "a{i}: relu") + "".join(f"  b{i}: {{add: [input, c{i}]}}\n" for i in range(90))


def patches(n: int) -> str:
    """Rules that change a layer each."""
    stages = lines("stages", n, "a{i}: {{dropout: 0.5}}")
    return HEAD + stages + "patch:\n  set:\n" + "".join(f"    a{i}: {{p: 0.25}}\n" for i in range(n))


def rules(n: int) -> str:
    """Rules with wildcards that meet one layer each, over that many layers."""
    stages = lines("stages", n, "a{i}: {{dropout: 0.5}}")
    return HEAD + stages + "patch:\n  set:\n" + "".join(f"    '**.*a{i}': {{p: 0.25}}\n" for i in range(n))


def variants(n: int) -> str:
    """Variants of a small network."""
    return (
        HEAD
        + "params: {p: 1}\n"
        + lines("variants", n, "v{i}: {{p: {i}}}")
        + "stages: [{conv: {out: $p + 1, kernel: 1}}]\n"
    )


def large_variants(n: int) -> str:
    """Variants of a network that is as large as there are variants."""
    head = HEAD + "params: {p: 0.5}\n" + lines("variants", n, "v{i}: {{p: 0.{i}}}")
    return head + lines("stages", n, "a{i}: {{dropout: $p}}")


def blocks(n: int) -> str:
    """Blocks, each used once."""
    return HEAD + lines("blocks", n, "b{i}: {{body: [relu, tanh]}}") + lines("stages", n, "a{i}: b{i}")


def parameters(n: int) -> str:
    """Parameters, each read once; there may be 1,000 of them."""
    return HEAD + lines("params", n, "p{i}: 0.5") + lines("stages", n, "a{i}: {{dropout: $p{i}}}")


def parameter_chain(n: int) -> str:
    """Parameters that are worked out from one another."""
    chain = lines("params", n, "p{i}: $p{before} + 0.0").replace("$p-1 + 0.0", "0.5")
    return HEAD + chain + f"stages: [{{dropout: $p{n - 1}}}]\n"


def block_parameters(n: int) -> str:
    """A block with many parameters, used as often."""
    body = " + ".join(f"$q{i} * 0" for i in range(min(n, 20)))
    head = f"blocks:\n  b:\n    params: {{{', '.join(f'q{i}: 0.5' for i in range(min(n, 20)))}}}\n"
    return HEAD + head + f"    body: [{{dropout: '{body}'}}]\n" + lines("stages", n, "a{i}: {{b: {{q0: 0.25}}}}")


def block_chain(n: int) -> str:
    """Blocks that each hold the next, two of which are met at most."""
    chain = lines("blocks", n, "b{i}: {{body: [relu, {{b{before}: , when: false}}]}}").replace("b-1", "relu")
    return HEAD + chain + lines("stages", n, "a{i}: b{i}")


def left_out(n: int) -> str:
    """A chain of blocks of which a condition leaves out the first."""
    chain = lines("blocks", n, "b{i}: {{body: [b{before}]}}").replace("b-1", "relu")
    return HEAD + chain + f"stages: [{{b{n - 1}: , when: false}}, relu]\n"


def expressions(n: int) -> str:
    """Layers with an expression each."""
    return HEAD + "params: {p: 2}\n" + lines("stages", n, "a{i}: {{dropout: '($p + {i} * 3 - 1) / ($p + {i} * 4)'}}")


def long_expressions(n: int) -> str:
    """Layers with the longest expression that there may be."""
    sum_ = " + ".join(["$p"] * 80)
    return HEAD + "params: {p: 1}\n" + lines("stages", n, f"a{{i}}: {{{{dropout: ({sum_}) / 100}}}}")


def aliases(n: int) -> str:
    """Layers that are aliases of one."""
    return HEAD + "stages:\n  a: &a {dropout: {p: 0.5}}\n" + "".join(f"  b{i}: *a\n" for i in range(n))


def large_aliases(n: int) -> str:
    """Aliases of a text that is as long as there are aliases."""
    return HEAD + f"notes:\n- &a '{'x' * 50 * n}'\n" + "- *a\n" * n + "stages: [relu]\n"


def conditions(n: int) -> str:
    """Layers that a condition leaves out."""
    return (
        HEAD
        + "params: {p: 1}\nstages:\n  a: relu\n"
        + "".join(f"  b{i}: {{relu: , when: $p == {i + 2}}}\n" for i in range(n))
    )


def repeats(n: int) -> str:
    """Stages that are repeated, with the number of each repetition in an expression."""
    return HEAD + lines("stages", n, "a{i}: {{dropout: ($index + 1) / ($count + 1), repeat: 3}}")


def joins_of_none(n: int) -> str:
    """Blocks that are given none, and joins that leave it out."""
    head = HEAD + "blocks:\n  b: {reads: [side], body: {r: relu, n: {concat: [side, none]}, sum: {add: [r, n]}}}\n"
    return head + lines("stages", n, "b{i}: {{b: , from: [b{before}, none]}}").replace("[b-1,", "[input,")


def branches(n: int) -> str:
    """A join of many branches."""
    return (
        HEAD
        + "stages:\n  a:\n    branches:\n"
        + "".join(f"      b{i}: [relu, tanh]\n" for i in range(n))
        + ("    join: concat\n")
    )


def comments(n: int) -> str:
    """Comments between layers and behind them."""
    return HEAD + lines("stages", n, "# before {i}\n  a{i}: relu  # behind {i}")


def notes(n: int) -> str:
    """A list of texts that no network reads."""
    return HEAD + lines("notes", n, "- note {i}, which is of no use") + "stages: [relu]\n"


def flow(n: int) -> str:
    """One line with everything."""
    return HEAD + f"stages: {{{', '.join(f'a{i}: {{dropout: {{p: 0.5}}}}' for i in range(n))}}}\n"


def same_lines(n: int) -> str:
    """Lines that are equal: where they belong is hard to say for what compares texts."""
    return HEAD + "stages:\n" + "- relu:\n- {dropout: 0.50}\n" * n


def inputs(n: int) -> str:
    """Inputs by name, each read by a layer of its own."""
    head = "netspec: 1\nname: net\n" + lines("inputs", n, "x{i}: [3, 8, 8]")
    return head + lines("stages", n, "a{i}: {{relu: , from: x{i}}}") + lines("outputs", n, "o{i}: a{i}")


def shared(n: int) -> str:
    """Layers that run again: each of many once, and one again and again, by the name of the run before."""
    chain = "  a{i}: [{{conv: {{out: 3, kernel: 1}}}}, relu]\n  b{i}: {{shared: a{i}}}\n  c{i}: {{shared: {before}}}\n"
    return HEAD + "stages:\n" + "".join(chain.format(i=i, before=f"c{i - 1}" if i else "a0") for i in range(n))


CONSTRUCTS: dict[str, tuple[Growing, int]] = {
    "names": (names, 200),
    "mistakes": (mistakes, 20),
    "patches": (patches, 120),
    "variants": (variants, 50),
    "blocks": (blocks, 150),
    "parameters": (parameters, 200),
    "parameters from parameters": (parameter_chain, 200),
    "parameters of blocks": (block_parameters, 150),
    "chains of blocks": (block_chain, 150),
    "chains left out": (left_out, 250),
    "expressions": (expressions, 150),
    "aliases": (aliases, 250),
    "conditions": (conditions, 250),
    "repeats": (repeats, 100),
    "branches": (branches, 150),
    "joins of none": (joins_of_none, 150),
    "comments": (comments, 200),
    "notes": (notes, 400),
    "flow": (flow, 250),
    "inputs": (inputs, 100),
    "shared": (shared, 40),
}
"""Construct -> its generator, and a size that takes long enough to be measured."""


def alive(n: int) -> str:
    """Values that are all there before the first of them is read, one after the other."""
    head = HEAD + lines("stages", n, "a{i}: {{abs: , from: input}}") + "  b1: {add: [a0, a1]}\n"
    return head + "".join(f"  b{i}: {{add: [b{i - 1}, a{i}]}}\n" for i in range(2, n))


def joined(n: int) -> str:
    """Values that one sum reads."""
    head = HEAD + lines("stages", n, "a{i}: {{abs: , from: input}}")
    return head + f"  sum: {{add: [{', '.join(f'a{i}' for i in range(n))}]}}\n"


def similar_names(n: int) -> str:
    """Mistakes in names over as many names as fit, all nearly alike."""
    known, wrong = alike(n), alike(n + 90)[n:]
    layers = "".join(f"  {name}: relu\n" for name in known)
    return HEAD + "stages:\n" + layers + "".join(f"  x{i}: {{add: [input, {name}]}}\n" for i, name in enumerate(wrong))


def similar_parameters(n: int) -> str:
    """Mistakes in parameters of an expression, over as many as fit."""
    known, wrong = alike(n), alike(n + 90)[n:]
    head = HEAD + "params:\n" + "".join(f"  {name}: 0.5\n" for name in known) + "stages:\n"
    return head + "".join(f"  x{i}: {{dropout: ${name}}}\n" for i, name in enumerate(known + wrong))


def similar_blocks(n: int) -> str:
    """Mistakes in words over as many blocks as fit."""
    known, wrong = alike(n), alike(n + 90)[n:]
    head = HEAD + "blocks:\n" + "".join(f"  {name}: {{body: [relu]}}\n" for name in known) + "stages:\n"
    return head + "".join(f"  x{i}: {name}\n" for i, name in enumerate(known + wrong))


def similar_keys(n: int) -> str:
    """Mistakes in the keys of sections, of parameters and of variants."""
    wrong = alike(n)
    return HEAD + "stages: [relu]\n" + "".join(f"{name}: 1\n" for name in wrong)


def wildcards(n: int) -> str:
    """Patterns that all meet all repetitions of a stage."""
    head = HEAD + "stages:\n  a: {relu: , repeat: 3000}\n"
    return head + "patch:\n" + "".join(f"- set: {{'a.*[0-9]{i % 10}': {{when: true}}}}\n" for i in range(n))


def stars(n: int) -> str:
    """Patterns of many wildcards that meet nothing."""
    name = "a" * 40
    head = HEAD + lines("stages", n, f"{name}{{i}}: relu") + "patch:\n  set:\n"
    return head + "".join(f"    '{'*a' * 30}{i}b': {{when: true}}\n" for i in range(n))


def deep_stars(n: int) -> str:
    """Patterns of many parts, each of which may stand for any number."""
    layers = ".".join(["a"] * 9)
    head = HEAD + "".join(["stages:\n", *(f"  {layers}.b{i}: relu\n" for i in range(n))]) + "patch:\n  set:\n"
    return head + "".join(f"    '{'**.a.' * 9}c{i}': {{when: true}}\n" for i in range(n))


def repeated_variants(n: int) -> str:
    """Variants of a network of many operations."""
    return (
        HEAD
        + "params: {p: 0.5}\n"
        + lines("variants", n, "v{i}: {{p: 0.{i}}}")
        + ("stages: {a: {dropout: $p, repeat: 2000}}\n")
    )


def empty_variants(n: int) -> str:
    """Other names of a network of one layer: each is a network of its own where a family is checked."""
    return HEAD + lines("variants", n, "v{i}: {{}}") + "stages: [relu]\n"


def brought(n: int) -> str:
    """Patches that each bring in a layer behind the one that the patch before has brought in."""
    first = HEAD + "stages: {a: relu}\npatch:\n- insert_after: {a: {b0: relu}}\n"
    return first + "".join(f"- insert_after: {{b{i - 1}: {{b{i}: relu}}}}\n" for i in range(1, n))


def broken_variants(n: int) -> str:
    """Variants that all end in the same mistake."""
    head = HEAD + "params: {p: 5}\n" + lines("variants", n, "v{i}: {{p: {i}}}")
    return head + "stages:\n  a: {relu: , repeat: 1000}\n  b: {conv: {out: $p, kernel: 99}}\n"


def nested_repeats(n: int) -> str:
    """Repetitions of repetitions of what a condition leaves out."""
    inner = lines("blocks", 1, "b: {{body: [{{chain: [{{relu: , when: false}}], repeat: 100}}, relu]}}")
    return HEAD + inner + lines("stages", n, "a{i}: {{b: , repeat: 100}}")


def doubling(n: int) -> str:
    """Blocks that each use the one before twice, and would make a network without end."""
    chain = lines("blocks", n, "b{i}: {{body: [b{before}, b{before}]}}").replace("b-1", "relu")
    return HEAD + chain + f"stages: [b{min(n, 50) - 1}]\n" + lines("head", n, "a{i}: b{i}")


def doubling_left_out(n: int) -> str:
    """The same, but that its layers are left out at the end."""
    return doubling(n).replace("[relu, relu]", "[{relu: , when: false}]")


def laughs(n: int) -> str:
    """Aliases of aliases: what they mean doubles with each line."""
    rows = "".join(f"- &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, n))
    return f"{HEAD}notes:\n- &a0 [x]\n{rows}stages: [relu]\n"


def brackets(n: int) -> str:
    """Lists in lists in lists, which never end."""
    return HEAD + "stages: " + "[" * n


def deep_values(opening: str, closing: str) -> Growing:
    """Values nested as deep as they may be, as many as a file of that size may hold: comments make room for them."""
    value = opening * 45 + "1" + closing * 45
    room = 4 * 45 * (2 if opening == "[" else 3)

    def deep(n: int) -> str:
        return HEAD + "notes:\n" + f"- {value}  # {'x' * (room - len(value))}\n" * n

    deep.__name__ = "deep_lists" if opening == "[" else "deep_mappings"
    return deep


def chains(n: int) -> str:
    """Chains as deep as they may be, side by side."""
    deep = "{chain: [" * 25 + "relu" + "]}" * 25
    return HEAD + "stages:\n" + f"- {deep}\n" * n


def long_line(n: int) -> str:
    """One text of the whole size, in which nothing stands."""
    return HEAD + "stages: [relu]\nnotes: '" + "x, {y: [z" * n + "'\n"


def folded_text(n: int) -> str:
    """A text of many short lines."""
    return HEAD + "stages: [relu]\nnotes: >\n" + "  a\n\n" * n


def anchors(n: int) -> str:
    """Anchors that nothing refers to."""
    return HEAD + lines("stages", n, "a{i}: &a{i} relu")


def many_inputs(n: int) -> str:
    """Joins of a hundred layers before them."""
    sources = ", ".join(f"a{i}" for i in range(100))
    head = HEAD + lines("stages", 100, "a{i}: relu")
    return head + "".join(f"  b{i}: {{add: [{f'b{i - 1}' if i else 'input'}, {sources}]}}\n" for i in range(n))


def large_numbers(n: int) -> str:
    """Numbers that nothing may count up to."""
    columns = f"{{chain: [{{draw_column: {2**31 - 1}}}, {{dropout: 0.5}}]}}"
    return HEAD + lines("stages", n, f"a{{i}}: {columns.replace('{', '{{').replace('}', '}}')}")


def outputs(n: int) -> str:
    """As many outputs as layers."""
    return HEAD + lines("stages", n, "a{i}: {{relu: , from: input}}") + lines("outputs", n, "o{i}: a{i}")


def initial(n: int) -> str:
    """Schemes for weights that there are not."""
    return HEAD + "stages: [relu]\n" + lines("init", n, "conv{i}.weight: zeros")


def duplicates(n: int) -> str:
    """The same key again and again."""
    return HEAD + "stages:\n" + "  a: relu\n" * n


def digits(n: int) -> str:
    """Numbers with many digits."""
    return HEAD + lines("stages", n, f"a{{i}}: {{{{dropout: 0.{'7' * 25}}}}}")


def powers(n: int) -> str:
    """Expressions whose values are as large as they may be."""
    return HEAD + "params: {p: 2}\n" + lines("stages", n, "a{i}: {{dropout: 1 / ($p ** 62 + {i})}}")


def choices(n: int) -> str:
    """A parameter that may have many values, given as often."""
    head = HEAD + f"params: {{p: {{type: int, default: 1, choices: [{', '.join(map(str, range(n)))}]}}}}\n"
    return head + lines("variants", n, "v{i}: {{p: {i}}}") + "stages: [{dropout: 1 / ($p + 2)}]\n"


def list_parameters(n: int) -> str:
    """Lists that expressions go through."""
    head = HEAD + f"params: {{p: [{', '.join(['1'] * 90)}]}}\n"
    return head + lines("stages", n, "a{i}: {{dropout: '1 / (sum($p) + max($p) + $p[{i} % 90])'}}")


def inputs_of_blocks(n: int) -> str:
    """A block with an input beside the first, repeated."""
    head = HEAD + "blocks:\n  b: {reads: [side], body: {sum: {add: [input, side]}}}\nstages:\n"
    sources = (f"{'input' if i == 0 else f'b{i - 1}'}, input" for i in range(n))
    return head + "".join(f"  b{i}: {{b: , from: [{both}], repeat: 3}}\n" for i, both in enumerate(sources))


COMPILED: dict[str, tuple[Growing, int]] = {
    "values alive": (alive, 250),
    "values of a sum": (joined, 500),
    "outputs": (outputs, 500),
    "inputs": (inputs, 500),
}
"""What a forward can have many of at once -> its generator, and a size that takes long enough to be measured."""


COSTLY: tuple[Growing, ...] = (
    *(unknown_names, rules, large_variants, large_aliases, long_expressions, same_lines),
    *(similar_names, similar_parameters, similar_blocks, similar_keys, wildcards, stars, deep_stars),
    *(empty_variants, brought),
    *(repeated_variants, broken_variants, nested_repeats, doubling, doubling_left_out, laughs, brackets),
    *(deep_values("[", "]"), deep_values("{a: ", "}")),
    *(chains, long_line, folded_text, anchors, many_inputs, large_numbers, outputs, initial, duplicates),
    *(digits, powers, choices, list_parameters, inputs_of_blocks),
)
"""What would cost much if anything were done for each pair of things, or as often as a number says."""
HOSTILE = (*(growing for growing, _ in CONSTRUCTS.values()), *COSTLY)
"""What is measured as large as ``LARGEST`` allows."""


def largest(growing: Growing, most: int = LARGEST) -> str:
    """The largest text of ``growing`` that has at most ``most`` bytes."""

    def fits(n: int) -> bool:
        return len(growing(n).encode()) <= most

    high = 1
    while fits(2 * high):
        high *= 2
    return growing(bisect_left(range(high, 2 * high), x=True, key=lambda n: not fits(n)) + high - 1)


ENDED = "ended"


class TooLong(BaseException):
    """A command was ended; nothing that catches exceptions may hold it back."""


class Run(NamedTuple):
    """Processor time of a command in this process, and how it ended."""

    seconds: float
    ending: str


LONG_ENOUGH = 0.1
"""Seconds in which the clock of a processor ticks often enough: some tick every 4 ms, longer than a check may take."""


def run(command: str, file: Path, most: float = 60.0, *options: str) -> Run:
    """``netspec COMMAND FILE`` with ``options`` of netspec, ended after ``most`` seconds of processor time.

    What other tests have left is not looked through for garbage meanwhile.
    """
    gc.disable()
    before = time.process_time()
    try:
        with _within(most):
            result = CliRunner().invoke(main, [*options, *COMMANDS[command], str(file)])
    except TooLong:
        return Run(time.process_time() - before, ENDED)
    finally:
        gc.enable()
    seconds = time.process_time() - before
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return Run(seconds, f"{type(result.exception).__name__}: {result.exception}")
    return Run(seconds, f"exit code {result.exit_code}")


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    def end(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def best(command: str, file: Path, runs: int) -> float:
    """The least processor time of a few runs; endless where one of them was ended."""
    return min(_steady(command, file) for _ in range(runs))


def _steady(command: str, file: Path) -> float:
    """The processor time of one of as many runs as a coarse clock can measure together."""
    together, count = 0.0, 0
    while together < LONG_ENOUGH:
        found = run(command, file)
        if found.ending == ENDED:
            return inf
        together, count = together + found.seconds, count + 1
    return together / count


def compiling(text: str) -> float:
    """Processor time of building the module of a spec, without memory and without looking for garbage."""
    network = netspec.read(text)
    gc.disable()
    before = time.process_time()
    network.compile(device="meta")
    seconds = time.process_time() - before
    gc.enable()
    return seconds


class Measure:
    """What a file may cost: ``TIMES`` checks of resnet50 in this process, and what its own operations cost there.

    An operation costs what it does in inception-v4, which is written layer by layer in the language.
    """

    TIMES = 200

    def __init__(self, folder: Path) -> None:
        small, large = (self._copied(name, folder) for name in ("resnet50.yaml", "inception-v4.yaml"))
        self.base = best("check", small, 5)
        """Seconds of checking resnet50."""
        count = len(netspec.read(large).graph.operations)
        self._each = {command: best(command, large, 3) / count for command in COMMANDS}

    def _copied(self, name: str, folder: Path) -> Path:
        (folder / name).write_bytes((SPECS / name).read_bytes())
        return folder / name

    def ratio(self, command: str, file: Path) -> tuple[float, float, str]:
        """What ``command`` takes and what it may take, as multiples of checking resnet50, and how it ended."""
        found = run(command, file, 3 * self.TIMES * self.base)
        took, may = found.seconds / self.base, float(self.TIMES)
        if took > may and found.ending != ENDED:
            may += self._each[command] * operations(command, file) / self.base
        return took, may, found.ending


def operations(command: str, file: Path) -> int:
    """How many operations ``command`` makes of ``file``, those of networks that are refused in the end among them.

    A network is refused for its size when so many are made as the largest one may have, and has cost as much as that.
    """
    try:
        spec, _ = catalogue.spec(str(file))
    except SpecError:
        return 0
    family = spec.family() or [None]
    work = Work(spec.limits)
    for variant in [None] if None in family and command != "check" else family:
        with suppress(SpecError):
            api.network(spec, variant, {}, work=work)
    return 0 if command == "fmt" else work.operations
