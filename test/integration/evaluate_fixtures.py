"""Imports every fixture, evaluates the model in float64 and compares its losses with those of transformers.

usage: evaluate_fixtures.py CASES_FOLDER SCRATCH_FILE   (hadal-import and hadal-opt are found on PATH)
"""
import json
import pathlib
import subprocess
import sys

TOLERANCE = 1e-12


def evaluate(case, expected, scratch):
    """The model's losses: main, those of MTP if there is any, the balance losses of layers and MTP blocks."""
    subprocess.run(["hadal-import", *expected["import_flags"], case, "-o", scratch], check=True)
    length = expected["sequence_length"]
    weights = ",".join(str(file) for file in sorted(case.glob("model*.safetensors")))
    options = (f"batch={expected['micro_batch_size']} positions={length + 1 + expected['mtp_depth']} stride={length} "
               f"digits=17 weights={weights} tokens={case / 'tokens.u16'}")
    run = subprocess.run(["hadal-opt", scratch, "-o", "/dev/null", f"--hadal-evaluate={options}"], check=True,
                         stdout=subprocess.PIPE, text=True)
    return [float(line.split()[-1]) for line in run.stdout.splitlines()]


def main():
    cases, scratch = pathlib.Path(sys.argv[1]), sys.argv[2]
    for case in sorted(cases.iterdir()):
        expected = json.loads((case / "expected.json").read_text())
        values = evaluate(case, expected, scratch)
        losses = {"loss.main": values.pop(0)}
        if expected["mtp_depth"]:
            losses["loss.mtp"] = values.pop(0)
        losses["loss.balance"] = sum(values)
        error = max(abs(value - expected["losses"].get(name, 0.0)) for name, value in losses.items())
        print(f"{case.name}: largest difference {error:.1e}{'' if error <= TOLERANCE else ' IS TOO LARGE'}")


if __name__ == "__main__":
    main()
