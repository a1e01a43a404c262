"""Holds two configurations to be one model: hadal-import writes the same but for names and the padding token.

usage: same_models.py DIR DIR
"""
import re
import subprocess
import sys


def model(folder):
    text = subprocess.run(["hadal-import", folder], capture_output=True, text=True, check=True).stdout
    return re.sub(r"hadal.model @\w+", "hadal.model", text[text.index("!tokens"):]).replace(", pad = unit", "")


first, second = sys.argv[1:]
assert model(first) == model(second), "the models differ"
