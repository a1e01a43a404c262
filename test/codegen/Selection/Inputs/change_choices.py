"""Changes fields of a document of choices: change_choices.py FROM TO [--keep=NAME] NAME.FIELD[.FIELD]=VALUE..."""

import json
import pathlib
import sys

source, target, *changes = sys.argv[1:]
document = json.loads(pathlib.Path(source).read_text())
if changes and changes[0].startswith("--keep="):
    kept = changes.pop(0).removeprefix("--keep=")
    document["kernels"] = [kernel for kernel in document["kernels"] if kernel["name"] == kept]
for change in changes:
    path, value = change.split("=")
    name, *fields = path.split(".")
    (place,) = (kernel for kernel in document["kernels"] if kernel["name"] == name)
    for field in fields[:-1]:
        place = place[field]
    place[fields[-1]] = json.loads(value)
pathlib.Path(target).write_text(json.dumps(document, indent=1))
