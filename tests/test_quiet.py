"""What TensorFlow is told before it is imported."""

import os
import platform
import subprocess
import sys

import pytest

TOLD = """
import os
from bonefrac.quiet import set_up_tensorflow
set_up_tensorflow()
print(os.environ.get("TF_ENABLE_ONEDNN_OPTS"))
"""


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="not an x86 processor")
@pytest.mark.parametrize("said, heard", [(None, "1"), ("0", "0")])
def test_onednn_is_on_for_every_x86_processor_unless_somebody_says_no(said, heard):
    env = {k: v for k, v in os.environ.items() if not k.startswith("TF_")}
    if said is not None:
        env["TF_ENABLE_ONEDNN_OPTS"] = said
    done = subprocess.run(
        [sys.executable, "-c", TOLD], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [heard]
