"""What the commands share: one-line errors, a quiet TensorFlow, a progress bar."""

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bonefrac import __version__
from bonefrac.cli.progress import ProgressLines, rate_text
from bonefrac.errors import BonefracError, in_one_line
from bonefrac.quiet import load_tensorflow as load_tensorflow

if TYPE_CHECKING:
    from rich.progress import ProgressColumn

    from bonefrac.data.builder import Progress

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

FOLDER = click.Path(file_okay=False, path_type=Path)
version_option = click.version_option(__version__, package_name="bonefrac")


class Command(click.Command):
    """A command that ends a user's mistake in one line on stderr and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the body."""
        try:
            return super().invoke(ctx)
        except BonefracError as error:
            raise click.ClickException(in_one_line(error)) from error
        except BrokenPipeError:  # `... | head` has seen enough; click ends in silence
            raise
        except OSError as error:
            raise click.ClickException(
                f"{error}. Check the path, the permissions and the disk."
            ) from error


class Group(click.Group):
    """A group whose commands are `Command`s."""

    command_class = Command


def add_options(command: Callable[..., Any], *options: Decorator) -> Callable[..., Any]:
    """Give a command click options, shown by `--help` in this order."""
    return functools.reduce(lambda inner, option: option(inner), reversed(options), command)


def option_group(
    argument: str, make: Callable[..., Any], *options: Callable[[Any], Any]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Options that reach the command as one argument, so that a module can bring its own.

    Args:
        argument: of the command.
        make: called with what the options were given, by their names; makes the argument.
        options: of `click.option`.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def command(*args: Any, **values: Any) -> Any:
            own = {name: values.pop(name) for name in names}
            return function(*args, **values, **{argument: make(**own)})

        before = len(getattr(command, "__click_params__", []))
        add_options(command, *options)
        names = [option.name for option in getattr(command, "__click_params__", [])[before:]]
        return command

    return decorate


@contextlib.contextmanager
def progress_bar(*, transient: bool = False) -> Iterator["Progress"]:
    """A progress bar on stderr, with rate and time left, fed by (what, done, total).

    Where stderr is no terminal, a line every half minute.

    Args:
        transient: leave nothing behind.
    """
    lines = ProgressLines(lambda line: click.echo(line, err=True))
    if transient and not sys.stderr.isatty():
        yield lines
        return
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    # Results that go into a file must not be drawn above the bar instead.
    shared = sys.stdout.isatty()
    bar = Progress(*_columns(), console=console, transient=transient, redirect_stdout=shared)
    with bar:
        tasks: dict[str, Any] = {}

        def update(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total, rate="")
            speed = bar.tasks[tasks[what]].speed
            rate = rate_text(speed) if speed else ""
            bar.update(tasks[what], completed=done, total=total, rate=rate)
            if not console.is_terminal:
                lines(what, done, total)

        yield update


def _columns() -> "list[ProgressColumn]":
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return [
        TextColumn("{task.description:<9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    ]


def command_line() -> str:
    """How the program was called, for cards and reports."""
    import shlex

    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
