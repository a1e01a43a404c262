"""Compares the models of this repository with what hadal-import makes of the released configurations.

usage: compare_models.py RELEASED MODELS
"""
import difflib
import os
import re
import subprocess
import sys

released, models = sys.argv[1:]


def comparable(text):
    """The model without the comment at the top, and with one value of initializer_std."""
    text = text[text.index("!tokens"):]
    return re.sub(r"initializer_std = [0-9.]+", "initializer_std = X", text).splitlines()


for name in sorted(os.listdir(models)):
    case = name.removesuffix(".mlir")
    if not os.path.isdir(os.path.join(released, case)):
        continue
    imported = subprocess.run(["hadal-import", os.path.join(released, case)], capture_output=True, text=True, check=True)
    assert not imported.stderr, imported.stderr
    with open(os.path.join(models, name)) as file:
        difference = list(difflib.unified_diff(comparable(imported.stdout), comparable(file.read()), "imported", name,
                                               lineterm=""))
    print(f"{case}:", "\n".join(difference) or "equal")
