"""Named strengths grow from nothing to strong, and every field is told in the docs."""

from dataclasses import fields

from bonefrac import schema
from bonefrac.data.augment import NONE, STRENGTHS, Strength

FIELDS = [field.name for field in fields(Strength)]


def test_none_has_no_strength_in_any_field():
    assert not any(getattr(NONE, field) for field in FIELDS)


def test_the_names_are_those_of_the_command_line():
    assert tuple(STRENGTHS) == schema.AUGMENTATIONS
    assert STRENGTHS["none"] == NONE
    assert STRENGTHS["default"] == Strength()


def test_each_strength_is_at_least_the_one_before():
    for weaker, stronger in zip(STRENGTHS.values(), list(STRENGTHS.values())[1:], strict=False):
        assert weaker != stronger
        for field in FIELDS:
            assert getattr(weaker, field) <= getattr(stronger, field), field


def test_chances_are_chances_and_bends_do_not_fold():
    for strength in STRENGTHS.values():
        for field in FIELDS:
            if "chance" in field or field in ("flip", "invert", "marker", "paste"):
                assert 0 <= getattr(strength, field) <= 1
        assert strength.elastic < 0.05
        assert strength.scale < 1
        assert strength.jpeg < 100


def test_every_field_is_documented():
    for field in FIELDS:
        assert f"        {field}: " in Strength.__doc__
