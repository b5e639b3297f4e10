"""Mutations of the shipped specs, each ending in success or in problems with places, in bounded time and memory.

    python tools/fuzz.py --cases 20000 --seed 1 --workers 2
    python tools/fuzz.py --texts --cases 5000
    python tools/fuzz.py --random --cases 5000

With ``--texts``, random YAML goes through ``netspec fmt`` twice instead: data and comments stay, the second run changes
nothing. With ``--random`` the cases are random specs (``tests/random_specs.py``), each held against the network that it
is written for.

What is checked is also counted, drawn, and read back from its resolved spec. Workers are processes of their own; a case
that hangs is ended and told. Failing cases are kept, and repeated by number: ``--first 1234 --cases 1``. Exit code 1 if
anything escapes a bound.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tools")]

from mutations import mutated  # noqa: E402 - found by the path above
from random_specs import different, random_spec  # noqa: E402 - as above
from runners import Outcome, Runner, ended, results  # noqa: E402 - as above
from yaml_texts import fault as fault_of_form  # noqa: E402 - as above
from yaml_texts import random_text  # noqa: E402 - as above

from netspec import api, catalogue  # noqa: E402 - as above
from netspec.errors.problem import Problem, SpecError  # noqa: E402 - as above
from netspec.language.extends import spec_of  # noqa: E402 - as above

SECONDS = 8.0
"""Processor time for reading and checking one spec; a family that grows to all the operations allowed takes a few."""
MEGABYTES = 300


def content_of(case: int, seed: int, specs: list[Path]) -> tuple[Path, bytes]:
    """The spec that ``case`` starts from, and what the mutations make of it."""
    random = Random(f"{seed}/{case}")  # noqa: S311 - to be repeated, not to be secret
    path = random.choice(specs)
    return path, mutated(path.read_bytes(), random)


def checked(file: Path, case: int) -> api.Network:
    """One network of the spec in ``file``."""
    spec = spec_of(catalogue.text(file), catalogue.parents(file, None))
    family = spec.family() or [None]
    return api.network(spec, family[case % len(family)], {})


def used(network: api.Network) -> str:
    """What is wrong with the use of a network that was checked; empty if nothing is."""
    totals = network.stats().totals
    network.diagram()
    again = api.read(network.to_yaml()).stats().totals
    return "" if again == totals else "the resolved spec is another network"


def faults(problem: Problem) -> Iterator[str]:
    """Whether a problem has a place inside its text, and says nothing that a terminal would obey."""
    span = problem.span
    if not span:
        yield f"no place: {problem.message}"
    elif not 1 <= span.line <= len(span.source.lines):
        yield f"there is no line {span.line}: {problem.message}"
    elif not 1 <= span.column <= len(span.source.line(span.line)) + 1:
        yield f"there is no column {span.column} in line {span.line}: {problem.message}"
    if not problem.text().replace("\n", "").replace("\t", "").isprintable():
        yield "what is said is not printable"


def outcome(case: int, seed: int, specs: list[Path], keep: Path) -> Outcome:
    """Run one case; a failing one is kept. Without ``specs`` it is a text to be formatted."""
    path, content = content_of(case, seed, specs) if specs else (Path("text"), random_text(f"{seed}/{case}").encode())
    file = keep / f"{case}.yaml"
    file.write_bytes(content)
    started, fault, ending, seconds = time.process_time(), "", "escaped", 0.0
    try:
        if specs:
            network = checked(file, case)
            ending, seconds = "ok", time.process_time() - started
            fault = used(network)
        else:
            fault, ending = fault_of_form(content.decode()), "ok"
    except SpecError as error:
        seconds = seconds or time.process_time() - started
        fault = next((text for problem in error.problems for text in faults(problem)), "")
        fault = fault or ("" if ending != "ok" else f"checked, but not used: {error.problems[0].message}")
        ending = error.problems[0].code
    except BaseException as error:  # noqa: BLE001 - that nothing escapes is the question
        last = traceback.extract_tb(error.__traceback__)[-1]
        fault = f"{type(error).__name__}: {str(error)[:200]} ({last.filename}:{last.lineno})"
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if not fault:
        fault = "too slow" if seconds > SECONDS else "too much memory" if megabytes > MEGABYTES else ""
    if not fault:
        file.unlink()
    return Outcome(case, path.name, ending, fault, seconds, megabytes)


def drawn(case: int, seed: int, keep: Path) -> Outcome:
    """What becomes of one random spec; its folder is kept if it makes another network than it is written for."""
    folder = keep / f"random-{case}"
    folder.mkdir(exist_ok=True)
    started, ending = time.process_time(), "ok"
    try:
        fault = different(random_spec(f"{seed}/{case}"), folder)
    except SpecError as error:
        ending = error.problems[0].code
        fault = f"refused: {error.problems[0].message} ({error.problems[0].span})"
    except BaseException as error:  # noqa: BLE001 - that nothing escapes is the question
        ending, fault = "escaped", f"{type(error).__name__}: {str(error)[:200]}"
    if not fault:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
    return Outcome(case, folder.name, ending, fault, time.process_time() - started, 0)


def main() -> int:
    """Run the cases and tell what was found; 1 if anything escaped a bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--random", action="store_true", help="compile random specs, in place of reading broken ones")
    kinds.add_argument("--texts", action="store_true", help="format random YAML, in place of reading broken specs")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"))
    arguments = parser.parse_args()
    arguments.keep.mkdir(exist_ok=True, parents=True)
    specs = [] if arguments.texts else sorted(catalogue.shipped().values())
    start = partial(Runner, outcome, arguments.seed, specs, arguments.keep)
    if arguments.random:
        start = partial(Runner, drawn, arguments.seed, arguments.keep)
    runners = [start() for _ in range(arguments.workers)]
    endings: Counter[str] = Counter()
    slowest, largest, escaped = 0.0, 0.0, 0
    for found in results(range(arguments.first, arguments.first + arguments.cases), runners, ended):
        endings[found.ending] += 1
        slowest, largest = max(slowest, found.seconds), max(largest, found.megabytes)
        if found.fault:
            escaped += 1
            print(f"case {found.case} ({found.what}): {found.fault}", flush=True)
    whose = "random specs" if arguments.random else f"{len(specs)} specs" if specs else "random texts"
    print(f"{arguments.cases} cases of {whose}, seed {arguments.seed}: {escaped} escaped")
    print(f"slowest {slowest:.2f} s, largest process {largest:.0f} MB")
    print(", ".join(f"{name} {count}" for name, count in endings.most_common()))
    return 1 if escaped else 0


if __name__ == "__main__":
    sys.exit(main())
