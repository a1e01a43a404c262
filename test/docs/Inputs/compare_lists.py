"""Holds the lists of fixture cases against each other: compare_lists.py REPOSITORY

The cases of oracle/cases.py are the folders that the tests read, with the same configuration and flags, and as many as
the top README says.
"""
import json
import pathlib
import re
import sys

repository = pathlib.Path(sys.argv[1])
fixtures = repository / "test" / "fixtures"
sys.path.insert(0, str(fixtures / "oracle"))  # not as a package, whose other modules need PyTorch
from cases import CASES  # noqa: E402

folders = {folder.name for folder in (fixtures / "cases").iterdir()}
names = [case.name for case in CASES]
assert len(names) == len(set(names)), f"a name twice: {names}"
assert folders == set(names), f"only a folder or only in oracle/cases.py: {sorted(folders ^ set(names))}"
for case in CASES:
    folder = fixtures / "cases" / case.name
    config = json.loads((folder / "config.json").read_text())
    assert config == case.config, f"{case.name}: config.json is not the case's"
    expected = json.loads((folder / "expected.json").read_text())
    assert (expected["summary"], expected["import_flags"]) == (case.summary, case.import_flags), \
        f"{case.name}: expected.json is not the case's"
said = re.search(r"^(\d+) small models", (repository / "README.md").read_text(), re.MULTILINE)
assert said and int(said[1]) == len(names), f"README.md says {said and said[1]} small models, there are {len(names)}"
print(f"{len(names)} cases in every list")
