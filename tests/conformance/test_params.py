"""Promise: every preset has the parameter count on record."""

import numpy as np

from bonefrac.models.presets import PRESETS


def test_trainable_count_is_the_one_on_record(preset, build):
    model = build(preset)
    counted = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert counted == PRESETS[preset].params
