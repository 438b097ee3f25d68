"""`bonefrac-data`: audit data sets, build data folders and look into them; a verb a file."""

import click

from bonefrac.cli.data_audit import audit
from bonefrac.cli.data_build import build
from bonefrac.cli.data_compare import compare
from bonefrac.cli.data_deidentify import deidentify
from bonefrac.cli.data_info import info
from bonefrac.cli.data_show import show
from bonefrac.cli.data_verify import verify
from bonefrac.cli.options import Group, version_option


@click.group(cls=Group)
@version_option
def data() -> None:
    """Audit data sets, build data folders of TFRecord shards, and look into them."""


for verb in (audit, build, info, show, verify, compare, deidentify):
    data.add_command(verb)
