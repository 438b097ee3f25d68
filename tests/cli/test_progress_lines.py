"""A log shows how far a job is, now and then."""

import click

from bonefrac.cli.options import option_group
from bonefrac.cli.progress import ProgressLines, duration, rate_text


def test_a_line_now_and_then_with_rate_and_time_left():
    said, seconds = [], iter(range(0, 10_000, 10))
    lines = ProgressLines(said.append, every=30, clock=lambda: next(seconds))
    for done in range(1, 11):
        lines("images", done, 10)
    assert said == [
        "images: 3 of 10, 0.15/s, 47 s left",
        "images: 6 of 10, 0.12/s, 33 s left",
        "images: 9 of 10, 0.11/s, 9 s left",
    ]


def test_a_short_job_says_nothing():
    said = []
    lines = ProgressLines(said.append, clock=lambda: 0.0)
    for done in range(5):
        lines("images", done, 5)
    assert not said


def test_durations_and_rates_are_short():
    assert [duration(s) for s in (5, 300, 9000)] == ["5 s", "5 min", "2.5 h"]
    assert [rate_text(r) for r in (0.123, 4.56, 123.4)] == ["0.12/s", "4.6/s", "123/s"]


def test_options_reach_a_command_as_one_argument():
    from click.testing import CliRunner

    group = option_group("pair", lambda a, b: (a, b), click.option("--a"), click.option("--b"))

    @click.command()
    @click.option("--c")
    @group
    @click.option("--d")
    def command(c, pair, d):
        click.echo(f"{c} {pair} {d}")

    done = CliRunner().invoke(command, ["--a", "1", "--b", "2", "--c", "3", "--d", "4"])
    assert done.output == "3 ('1', '2') 4\n"
    shown = CliRunner().invoke(command, ["--help"]).output
    assert [w for w in shown.split() if w.startswith("--")] == [
        "--c",
        "--a",
        "--b",
        "--d",
        "--help",
    ]
