"""Run the trainings of ``docs/experiments.md`` and keep their figures, beside the parts of the page.

    python tools/experiments.py                  # all of which nothing is kept
    python tools/experiments.py --again plain56  # those that train this network, kept or not

Lines of the same options are one training of all their networks: each is trained as it would be alone. It takes minutes
on two free cores; ``--processes`` says how many networks at a time. Pictures go to ``docs/diagrams/experiments``.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import shlex
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from docs_experiments import RESULTS, ROOT, Training, name_of, specs_beside, trainings

from netspec import api

PICTURES = ROOT / "docs" / "diagrams" / "experiments"
SECONDS = "processor_seconds"


def wanted() -> dict[str, Training]:
    """Options -> all that are trained with them, each network once."""
    found: dict[str, Training] = {}
    for one in trainings():
        known = found.get(one.options, one)
        specs = tuple(dict.fromkeys((*known.specs, *one.specs)))
        found[one.options] = Training(specs, one.options, known.picture or one.picture)
    return found


def kept_of(folder: Path, specs: Iterable[str]) -> dict[str, Any]:
    """What is kept of a training that lies in ``folder``."""
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    last: dict[tuple[str, str], dict[str, Any]] = {}
    for row in csv.DictReader((folder / "history.csv").read_text(encoding="utf-8").splitlines()):
        run = (row["network"], row["seed"])
        last[run] = {**row, SECONDS: float(row[SECONDS]) + last.get(run, {}).get(SECONDS, 0.0)}
    classes = len(record["data"]["read"][0]["classes"])
    size = tuple(record["data"]["read"][0]["shape"])
    params = {name_of(spec): api.read(spec, input=size, classes=classes).stats().totals.params for spec in specs}
    rows = [
        {
            "network": row["network"],
            "params": params[row["network"]],
            "seed": int(row["seed"]),
            "epochs": int(row["epoch"]),
            **{key: float(row[key]) for key in ("train_loss", "train_accuracy", "held_out_loss", "held_out_accuracy")},
            SECONDS: round(row[SECONDS], 1),
        }
        for row in last.values()
    ]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "threads": record["settings"]["threads"],
        "machine": record["machine"],
        "rows": rows,
    }


def keep(one: Training, found: dict[str, Any], curves: Path) -> None:
    """Put what was found beside what is kept already."""
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    results[one.options] = found
    RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    if one.picture:
        PICTURES.mkdir(parents=True, exist_ok=True)
        (PICTURES / f"{one.picture}.svg").write_bytes(curves.read_bytes())


def main() -> int:
    """Train what is wanted; the exit code is that of a training that fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--again", action="append", default=[], metavar="NETWORK", help="train anew; repeatable")
    parser.add_argument("--processes", default="2", help="networks at a time")
    parser.add_argument("--folder", type=Path, help="where trainings are kept and gone on with; default: none are")
    arguments = parser.parse_args()
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    with specs_beside() as beside:
        for options, one in wanted().items():
            names = {name_of(spec) for spec in one.specs}
            known = {row["network"] for row in results.get(options, {}).get("rows", [])}
            if names <= known and not names & {*arguments.again}:
                continue
            digest = hashlib.sha256(options.encode()).hexdigest()[:8]
            folder = (arguments.folder or beside).resolve() / f"run-{digest}"
            words = ["train", *one.specs, *shlex.split(options), "--processes", arguments.processes, "-o", str(folder)]
            go_on = ["--resume"] if (folder / "run.json").is_file() else []
            print(" ".join(["netspec", *words, *go_on]), flush=True)
            done = subprocess.run([sys.executable, "-m", "netspec", *words, *go_on], check=False)
            if done.returncode:
                return done.returncode
            keep(one, kept_of(folder, one.specs), folder / "curves.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
