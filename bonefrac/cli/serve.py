"""`bonefrac-serve`: the diagnosis page and the HTTP interface."""

import os
from pathlib import Path

import click

from bonefrac.cli.options import Command, load_tensorflow, version_option
from bonefrac.inference import shipped

_TOKEN = "BONEFRAC_TOKEN"


@click.command(cls=Command)
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    default=[shipped.DEFAULT],
    show_default=True,
    type=click.Path(path_type=Path),
    help="As bonefrac-predict takes it; several are served side by side, the first is the default.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--public-host",
    default="",
    metavar="NAME",
    help="Name by which a proxy in front of it is called.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 for any."
)
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"File with the token that callers must show; or the variable {_TOKEN}.",
)
@click.option("--no-auth", is_flag=True, help="Let anybody who reaches it ask.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=os.cpu_count() or 1,
    help="Radiographs at a time.  [default: one a processor]",
)
@click.option(
    "--waiting",
    type=click.IntRange(0),
    default=32,
    show_default=True,
    help="Requests that may wait; more are told to come back.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1),
    default=30.0,
    show_default=True,
    help="Seconds for one request.",
)
@click.option(
    "--max-megabytes",
    type=click.IntRange(1),
    default=64,
    show_default=True,
    help="Of one request.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0),
    default=10.0,
    show_default=True,
    help="Requests a second from one caller, 0 for any number.",
)
@version_option
def serve(
    models: tuple[Path, ...],
    host: str,
    public_host: str,
    port: int,
    token_file: Path | None,
    no_auth: bool,
    workers: int,
    waiting: int,
    timeout: float,
    max_megabytes: int,
    rate: float,
) -> None:
    """Serve the diagnosis page, and an interface for programs, until Ctrl-C.

    Only this machine can call it unless --host says otherwise; then callers must show a token.
    Nothing that is sent is kept. Research use only, not a medical device.

    \b
    bonefrac-serve
    bonefrac-serve --model runs/unet --model unet_tiny.fracatlas --port 8080
    BONEFRAC_TOKEN=secret bonefrac-serve --host 0.0.0.0
    """
    from bonefrac.web.settings import Settings

    settings = Settings(
        tuple(models),
        host=host,
        public_host=public_host,
        token="" if no_auth else _token(token_file),
        workers=workers,
        waiting=waiting,
        seconds=timeout,
        body=max_megabytes * 2**20,
        rate=rate,
    )
    if not (settings.is_loopback or settings.token or no_auth):
        raise click.UsageError(
            f"--host {host} {public_host} lets others call: set {_TOKEN}, or give --token-file or "
            "--no-auth."
        )
    if any(map(shipped.needs_tensorflow, settings.models)):
        load_tensorflow()
    from bonefrac.web.run import run

    run(settings, port=port)


def _token(path: Path | None) -> str:
    if path is None:
        return os.environ.get(_TOKEN, "").strip()
    token = path.read_text(encoding="utf-8").strip()
    if not token:
        raise click.UsageError(f"--token-file {path} is empty.")
    return token
