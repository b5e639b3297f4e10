"""What ``netspec train`` says in the end: what came out of each training, and every epoch as a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from netspec.report.page import Page
from netspec.report.table import Column, Table
from netspec.training.history import History

MINUTE = 60


class TrainingReport(NamedTuple):
    """The histories of all trainings of one call."""

    histories: Sequence[History]

    def pages(self, width: int | None) -> list[Page]:  # noqa: ARG002 - it is narrow
        """A row for each training: where it ended, and where it was best."""
        rows = [_row(one) for one in self.histories]
        titles = ("seed", "epochs", "training loss", "accuracy", "held-out loss", "accuracy", "best", "time")
        table = Table((Column("network", words=True), *map(Column, titles)), tuple(rows), ruled=True)
        stopped = [(one.name, one.stopped) for one in self.histories if one.stopped]
        return [Page(tables=(table,), notes=tuple(stopped))]

    def records(self) -> list[dict[str, Any]]:
        """A row for each epoch of each training."""
        return [record for one in self.histories for record in one.records()]


def _row(history: History) -> tuple[str, ...]:
    if not history.epochs or not history.best:
        return (history.network, str(history.seed), "0", "", "", "", "", "", "")
    last, best = history.epochs[-1], history.best
    return (
        history.network,
        str(history.seed),
        str(last.number),
        loss_text(last.train_loss),
        percent(last.train_accuracy),
        loss_text(last.loss),
        percent(last.accuracy),
        f"{percent(best.accuracy)} (epoch {best.number})",
        duration(sum(epoch.seconds for epoch in history.epochs)),
    )


def percent(part: float) -> str:
    """A share of one, in percent."""
    return f"{100 * part:.2f} %"


def loss_text(loss: float) -> str:
    """A loss with as many digits as say something."""
    return f"{loss:.4f}" if loss >= 0.001 else f"{loss:.2e}"  # noqa: PLR2004 - four digits would be zeros


def duration(seconds: float) -> str:
    """A time in words: ``8 s``, ``3 min 20 s``, ``2 h 5 min``."""
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    minutes, rest = divmod(whole, MINUTE)
    if minutes < MINUTE:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, MINUTE)
    return f"{hours} h {minutes} min"
