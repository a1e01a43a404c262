"""Scores the tokens of fixtures with compiled programs and compares them with those of transformers, and the main loss with what
training says of the same batches.

usage: evaluate_scores.py CASES_FOLDER SCRATCH_FOLDER [--target=NAME] [CASE...]   (the tools are found on PATH)
"""
import array
import concurrent.futures
import json
import pathlib
import subprocess
import sys

TOLERANCE = 1e-5
# Cases that training is run for as well, which takes longer to compile.
TRAINED = ("mtp2",)


def read_tensors(path):
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    codes = {"F64": "d", "F32": "f", "I32": "i", "I64": "q"}
    return {name: list(array.array(codes[entry["dtype"]], data[8 + size:][slice(*entry["data_offsets"])]))
            for name, entry in header.items() if name != "__metadata__"}


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def compile_case(case, work, program, precision, target):
    expected = json.loads((case / "expected.json").read_text())
    output = work / f"{case.name}-{program}-{precision}"
    flags = [f"--target={target}", "--emulate"] if target != "cpu" else []
    run("hadal-import", case, *expected["import_flags"], "-o", f"{output}.mlir")
    run("hadalc", f"{output}.mlir", f"--program={program}", f"--precision={precision}", *flags, *expected["compile_flags"],
        "-o", output)
    return output


def compare_scores(case, work, target):
    """f32 against transformers."""
    expected, exact = json.loads((case / "expected.json").read_text()), read_tensors(case / "scores.safetensors")
    program, scores, log = compile_case(case, work, "evaluate", "f32", target), work / f"{case.name}.safetensors", work / f"{case.name}.jsonl"
    printed = run(program, "--load", case, "--data", case / "tokens.u16", "--per-token", scores, "--log", log)
    got, line = read_tensors(scores), json.loads(log.read_text())
    tokens = exact["log_probabilities"]
    error = max(abs(a - b) for a, b in zip(got["log_probabilities"], tokens, strict=True))
    loss = -sum(tokens) / len(tokens)
    fits = (error <= max(TOLERANCE, 4 * expected["scores_float32_difference"]) and got["targets"] == exact["targets"]
            and got["documents"] == [0, len(tokens)] and abs(line["loss"] - loss) < TOLERANCE
            and abs(line["loss_whole_batches"] - expected["initial_validation_loss"]) < TOLERANCE
            and line["tokens"] == len(tokens) and "perplexity" in printed and line["bits_per_byte"] is None)
    return f"{case.name}: largest difference {error:.1e}{'' if fits else ' WRONG'}"


def compare_with_training(case, work, precision):
    """What `accumulate` and validation say of the same batches, by bits."""
    evaluate = compile_case(case, work, "evaluate", precision, "cpu")
    train = compile_case(case, work, "train", precision, "cpu")
    tokens, expected = case / "tokens.u16", json.loads((case / "expected.json").read_text())
    log, train_log, gradients = (work / f"{case.name}-{precision}{suffix}" for suffix in (".log", ".train", ".gradients"))
    run(train, "--load", case, "--data", tokens, "--valid", tokens, "--steps", 1, "--lr", 0, "--router-bias-rate", 0,
        "--log", train_log, "--save-gradients", gradients)
    run(evaluate, "--load", case, "--data", tokens, "--log", log)
    # The first micro-batch alone: its windows, and the tokens behind them.
    first = work / f"{case.name}-{precision}-first.u16"
    count = expected["micro_batch_size"] * expected["sequence_length"] + 1 + expected["mtp_depth"]
    first.write_bytes(tokens.read_bytes()[:2 * count])
    first_log = work / f"{case.name}-{precision}-first.log"
    run(evaluate, "--load", case, "--data", first, "--log", first_log)
    whole, validation = (json.loads(path.read_text())[name]
                         for path, name in ((log, "loss_whole_batches"), (train_log, "validation_loss")))
    accumulated = read_tensors(gradients)["loss.main"][0]
    alone = json.loads(first_log.read_text())["loss_whole_batches"]
    agrees = whole == validation and alone == accumulated
    return f"{case.name} {precision}: " + ("training agrees to the bit" if agrees else
                                           f"WRONG: {whole} and {validation}, {alone} and {accumulated}")


def main():
    options = [argument for argument in sys.argv[3:] if argument.startswith("--")]
    names = [argument for argument in sys.argv[3:] if not argument.startswith("--")]
    target = options[0].split("=")[1] if options else "cpu"
    cases, work = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    work.mkdir(parents=True, exist_ok=True)
    chosen = [cases / name for name in names] or sorted(cases.iterdir())
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as workers:
        lines = list(workers.map(lambda case: compare_scores(case, work, target), chosen))
        if target == "cpu":
            pairs = [(case, precision) for case in chosen if case.name in TRAINED for precision in ("f32", "bf16")]
            lines += workers.map(lambda pair: compare_with_training(pair[0], work, pair[1]), pairs)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
