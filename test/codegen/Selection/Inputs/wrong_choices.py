"""Runs a command on documents of choices that are wrong in every way, each made from a right one, and prints what the
command says of them: wrong_choices.py RIGHT.json WRONG.json COMMAND..."""

import copy
import json
import pathlib
import subprocess
import sys

right, wrong, *command = sys.argv[1:]
document = json.loads(pathlib.Path(right).read_text())
wrong_file = pathlib.Path(wrong)
refused = tried = 0


def attempt(text):
    global refused, tried
    wrong_file.write_text(text)
    ran = subprocess.run(command, capture_output=True, text=True)
    errors = [line for line in ran.stderr.splitlines() if "error:" in line]
    tried += 1
    refused += ran.returncode == 1 and len(errors) == 1
    print(*errors, sep="\n")


def change(name, alter):
    """The document with one kernel's entry altered."""
    changed = copy.deepcopy(document)
    (entry,) = (kernel for kernel in changed["kernels"] if kernel["name"] == name)
    alter(entry, changed["kernels"])
    attempt(json.dumps(changed, indent=1))


def tiles(**fields):
    return lambda entry, _: entry["choice"].update(fields)


attempt("truth")
attempt("{}")
attempt('{"kernels": [{}]}')
change("product", lambda entry, _: entry.pop("strategy"))
change("product", lambda entry, _: entry.pop("choice"))
change("product", lambda entry, kernels: kernels.append(entry))
change("product", lambda entry, _: entry.update(strategy="rows_in_vectors"))
change("product", lambda entry, _: entry.update(form="tiles"))
change("product", lambda entry, _: entry.update(form="share", choice={"items": 1}))
change("product", lambda entry, _: entry["choice"].pop("rows"))
change("product", tiles(rows="six"))
change("product", tiles(columns=1))
change("product", tiles(row_block=7))
change("product", tiles(rows=14, vectors=2, row_block=14, column_block=32))
change("product", tiles(row_block=60000, column_block=16))
change("norm", lambda entry, _: entry.update(choice={"items": 65}))
change("head", lambda entry, _: entry["choice"].update(chunk=100))
change("head", lambda entry, _: entry["choice"].pop("logits"))
change("squared_norm", lambda entry, _: entry.update(form="share", choice={"items": 1}))
print(f"{refused} of {tried} are refused")
