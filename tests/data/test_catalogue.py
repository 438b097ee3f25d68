"""What a catalogue says of a radiograph decides its stratum."""

from pathlib import Path

import pytest

from bonefrac.data.catalogue import Entry


@pytest.mark.parametrize(
    ("known", "stratum"),
    [
        ({"fracture": 1, "body_part": "hand"}, "fractured hand"),
        ({"fracture": 0, "abnormality": 1}, "intact"),
        ({"abnormality": 1, "body_part": "wrist"}, "abnormal wrist"),
        ({"abnormality": 0}, "normal"),
        ({"bone_age_months": 23.9, "body_part": "hand"}, "0 to 1 years hand"),
        ({"bone_age_months": 24.0}, "2 to 3 years"),
        ({"body_part": "leg"}, "leg"),
        ({}, ""),
    ],
)
def test_the_stratum_is_the_class_and_the_body_part(known, stratum):
    assert Entry("a", Path("a.png"), **known).stratum == stratum
