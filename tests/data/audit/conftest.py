"""A folder of made-up radiographs."""

import pytest
from made_up import Folder


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)
