"""`bonefrac`: the same verbs under one name."""

import click

from bonefrac.cli.data import data
from bonefrac.cli.evaluate import evaluate
from bonefrac.cli.export import export
from bonefrac.cli.models import models
from bonefrac.cli.options import version_option
from bonefrac.cli.predict import predict
from bonefrac.cli.serve import serve
from bonefrac.cli.train import train


@click.group()
@version_option
def main() -> None:
    """Find and outline bone fractures in X-rays. Research use only, not a medical device."""


main.add_command(data)
main.add_command(train)
main.add_command(evaluate)
main.add_command(export)
main.add_command(predict)
main.add_command(serve)
main.add_command(models)
