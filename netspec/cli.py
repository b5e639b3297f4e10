"""The command line: a table of commands, each imported when it is called."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from netspec.commands.options import fail
from netspec.commands.output import legible_errors, replace_unencodable
from netspec.errors.missing_package import MissingPackage
from netspec.errors.problem import Problem, SpecError
from netspec.errors.text import exception_text

COMMANDS = {
    "check": "netspec.commands.check:check",
    "stats": "netspec.commands.stats:stats",
    "show": "netspec.commands.show:show",
    "explain": "netspec.commands.explain:explain",
    "build": "netspec.commands.build:build",
    "weights": "netspec.commands.weights:weights",
    "train": "netspec.commands.train:train",
    "diagram": "netspec.commands.diagram:diagram",
    "diff": "netspec.commands.diff:diff",
    "rf": "netspec.commands.rf:rf",
    "see": "netspec.commands.see:see",
    "signal": "netspec.commands.signal:signal",
    "fmt": "netspec.commands.fmt:fmt",
    "schema": "netspec.commands.schema:schema",
    "list": "netspec.commands.list:list_",
}
"""Name -> where the command is defined."""


class Commands(click.Group):
    """Finds commands in the table; shows what is wrong with a spec, or not installed, and leaves with exit code 2."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click has it
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as click has it
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command = getattr(import_module(module), name)
        return command if isinstance(command, click.Command) else None

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line, on streams that take every character."""
        replace_unencodable()
        return super().main(*args, **kwargs)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the options that stand before the command."""
        with legible_errors():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> object:
        """Run the chosen command."""
        try:
            with legible_errors():
                return super().invoke(ctx)
        except SpecError as error:
            fail(error.problems)
        except MissingPackage as error:
            fail([Problem("missing-package", error.reason, hint=error.hint)])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="netspec", prog_name="netspec")
@click.option("--plugin", multiple=True, metavar="MODULE", help="Import a module that registers blocks. Repeatable.")
@click.option("--root", type=click.Path(file_okay=False, exists=True, path_type=Path), help="Folder for 'extends'.")
@click.option("--max-nodes", type=click.IntRange(1), metavar="N", help="Operations that a network may have.")
def main(plugin: tuple[str, ...], root: Path | None, max_nodes: int | None) -> None:  # noqa: ARG001 - read by the commands
    """Convolutional networks as YAML: checked, described, drawn and compiled.

    SPEC is a path, path@variant, or the name of a shipped network (see netspec list).
    """
    if plugin:
        sys.path.insert(0, "")  # as `python -m`: a plug-in may lie in the current folder
    for name in plugin:
        _imported(name)


def _imported(plugin: str) -> None:
    """Import a plug-in; whatever it does instead of being imported is told with its name."""
    try:
        import_module(plugin)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - it is the caller's code, and may even leave
        what = str(error) if isinstance(error, ImportError) else exception_text(error)
        raise SpecError([Problem("missing-plugin", f"the plugin '{plugin}' cannot be imported: {what}")]) from None
