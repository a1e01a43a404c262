"""Imports and exports each fixture: the exported config.json means what the original means, and importing it again gives
the same model.

usage: compare_configs.py FIXTURES FOLDER
"""
import json
import os
import pathlib
import subprocess
import sys

fixtures, folder = (pathlib.Path(argument) for argument in sys.argv[1:])
sys.path.insert(0, str(fixtures))
from random_models.meaning import READERS, differences, meaning  # noqa: E402


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, (command, result.stderr)
    return result.stdout


def go_round(case, flags):
    again, model = folder / case.name, folder / (case.name + ".mlir")
    again.mkdir(parents=True, exist_ok=True)
    run("hadal-import", case, "-o", model, *flags)
    if "--excluded-groups=zero" in flags:  # which config.json cannot say
        refused = subprocess.run(["hadal-opt", model, "--hadal-export-config", "-o", os.devnull], capture_output=True)
        assert refused.returncode == 1 and b"experts in excluded groups" in refused.stderr, refused
        return 0
    text = run("hadal-opt", model, "--hadal-export-config", "-o", os.devnull)
    (again / "config.json").write_text(text)
    original = json.loads((case / "config.json").read_text())
    for reader in READERS:
        different = differences(meaning(original, "hadal"), meaning(json.loads(text), reader))
        assert not different or (reader == "family" and "attention_factor" in str(original)), (case, reader, different)
    # The heading names the model type: Kimi-K2 comes back as DeepSeek-V3.
    assert run("hadal-import", again, *flags).splitlines()[1:] == model.read_text().splitlines()[1:], case
    return 1


count = sum(go_round(case, json.loads((case / "expected.json").read_text())["import_flags"])
            for case in sorted((fixtures / "cases").iterdir()))
print(f"{count} configurations came back")
