"""Checks a log of JSON lines: check_log.py FILE STEPS EVALUATION_INTERVAL

One line per step; all fields are numbers, the validation loss is there every so many steps and after the last, the
weighted losses add up, and the learning rate rises during its two steps of warm-up.
"""

import json
import math
import pathlib
import sys

steps, interval = int(sys.argv[2]), int(sys.argv[3])
lines = [json.loads(line) for line in pathlib.Path(sys.argv[1]).read_text().splitlines()]
fields = {"step", "loss", "loss_main", "loss_mtp", "loss_balance", "learning_rate", "gradient_norm", "tokens_per_second"}
if [line["step"] for line in lines] != list(range(1, steps + 1)):
    sys.exit(f"the steps are {[line['step'] for line in lines]}")
for line in lines:
    evaluated = line["step"] % interval == 0 or line["step"] == steps
    if line.keys() != fields | ({"validation_loss"} if evaluated else set()):
        sys.exit(f"the fields are {sorted(line)}")
    if not all(isinstance(value, (int, float)) and math.isfinite(value) for value in line.values()):
        sys.exit(f"not all are numbers: {line}")
    loss = line["loss_main"] + 0.3 * line["loss_mtp"] + 1e-4 * line["loss_balance"]
    if abs(line["loss"] - loss) > 1e-5 * loss:
        sys.exit(f"the losses do not add up to {loss}: {line}")
rates = [line["learning_rate"] for line in lines]
if not 0 < rates[0] < rates[-1] or any(abs(rate - 0.01) > 1e-9 for rate in rates[1:]):
    sys.exit(f"the learning rates are {rates}")
