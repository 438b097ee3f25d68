"""Promise: every preset has the parameter count on record."""

import numpy as np

from bonefrac.models.presets import PRESETS


def test_trainable_count_is_the_one_on_record(any_preset, build):
    model = build(any_preset)
    counted = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert counted == PRESETS[any_preset].params
