"""A training augments as strongly as it was asked to."""

from dataclasses import replace

import pytest
from click.testing import CliRunner

from bonefrac.cli.train import train
from bonefrac.data.augment import STRENGTHS
from bonefrac.schema import AUGMENTATIONS
from bonefrac.training import fit as fit_module
from bonefrac.training import loop as loop_module


class ReachedError(Exception):
    """The pipeline was asked for batches."""


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_the_named_strength_reaches_the_pipeline(
    name, phantom_data, run_settings, tmp_path, monkeypatch
):
    def ask(*_, strength, **__):
        raise ReachedError(strength)

    monkeypatch.setattr(loop_module, "mixed_batches", ask)
    with pytest.raises(ReachedError) as reached:
        fit_module.fit(
            replace(run_settings, augment=name),
            data=phantom_data,
            workdir=tmp_path / "run",
            resume=False,
            command="",
        )
    assert reached.value.args == (STRENGTHS[name],)


def test_an_unknown_strength_is_a_usage_error():
    done = CliRunner().invoke(train, ["--augment", "wild"])
    assert done.exit_code == 2
    assert all(name in done.output for name in AUGMENTATIONS)
