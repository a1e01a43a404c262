"""Generates with compiled programs from the models of fixtures, and compares

 - the logits behind every prefix of a text with those of transformers;
 - the log-probabilities of what was generated with those that the program which scores texts gives the same tokens: by bits where
   the program is exact to training, else (f32) but for rounding.

usage: generate_fixtures.py CASES_FOLDER SCRATCH_FOLDER [--target=NAME] [--precision=NAME] CASE...   (the tools are found on PATH)
"""
import array
import concurrent.futures
import json
import pathlib
import subprocess
import sys

from evaluate_scores import read_tensors, run

TOLERANCE = 1e-4
# Of log-probabilities of a program that attends on latents.
ABSORBED = 1e-5
PROMPTS, GENERATED = 5, 20


def compile_case(case, work, name, program, precision, target, *flags):
    expected = json.loads((case / "expected.json").read_text())
    if target != "cpu":
        flags += (f"--target={target}", "--emulate")
    output = work / f"{case.name}-{name}-{precision}"
    run("hadal-import", case, *expected["import_flags"], "-o", f"{output}.mlir")
    run("hadalc", f"{output}.mlir", f"--program={program}", f"--precision={precision}", *flags, "-o", output)
    return output


def write_prompts(path, prompts, most):
    path.write_text("".join(json.dumps({"id": i, "prompt": prompt, "max_tokens": most}) + "\n"
                            for i, prompt in enumerate(prompts)))
    return path


def compare_with_transformers(case, work, program):
    """The logits behind all prefixes of the sequences whose logits are known."""
    known = read_tensors(case / "logits.safetensors")
    shape = json.loads((case / "expected.json").read_text())
    length = shape["sequence_length"]
    vocabulary = len(known["logits"]) // len(known["tokens"])
    sequences = [known["tokens"][i:i + length] for i in range(0, len(known["tokens"]), length)]
    prefixes = [sequence[:end] for sequence in sequences for end in range(1, length + 1)]
    prompts, logits = write_prompts(work / f"{case.name}.jsonl", prefixes, 1), work / f"{case.name}.logits"
    run(program, "--load", case, "--prompts", prompts, "--logits", logits, "--ignore-eos", "-o", work / f"{case.name}.out")
    got = read_tensors(logits)
    error = max(abs(a - b) for i in range(len(prefixes))
                for a, b in zip(got[f"{i}.logits"], known["logits"][i * vocabulary:(i + 1) * vocabulary], strict=True))
    return f"{case.name}: largest difference of {len(prefixes)} rows of logits {error:.1e}{'' if error <= TOLERANCE else ' WRONG'}"


def compare_with_scores(case, work, precision, kind, program, evaluate, tolerance):
    """What was generated, scored by `evaluate`: prompts of 3, 6, ... tokens, in one batch."""
    text = array.array("H", (case / "tokens.u16").read_bytes()).tolist()
    starts = [text[17 * i:17 * i + 3 * i + 3] for i in range(PROMPTS)]
    name = work / f"{case.name}-{precision}-{kind}-scores"
    prompts, logits, out = write_prompts(name.with_suffix(".jsonl"), starts, GENERATED), name.with_suffix(".logits"), name.with_suffix(".out")
    run(program, "--load", case, "--prompts", prompts, "--logits", logits, "--ignore-eos", "-o", out)
    got, lines = read_tensors(logits), [json.loads(line) for line in out.read_text().splitlines()]
    differences = []
    for i, (start, line) in enumerate(zip(starts, lines, strict=True)):
        tokens, scores = name.with_suffix(".u16"), name.with_suffix(".safetensors")
        tokens.write_bytes(array.array("H", start + line["tokens"]).tobytes())
        scores.unlink(missing_ok=True)
        run(evaluate, "--load", case, "--data", tokens, "--per-token", scores)
        expected = read_tensors(scores)["log_probabilities"][len(start) - 1:]
        differences += [abs(a - b) for a, b in zip(got[f"{i}.log_probabilities"], expected, strict=True)]
        assert line["id"] == i and line["finish_reason"] == "length" and got[f"{i}.tokens"] == line["tokens"], line
    # The first token of each follows a prompt, which is computed as training does.
    firsts, wrong = differences[::GENERATED], sum(not difference <= tolerance for difference in differences)
    if wrong or any(firsts):
        return f"{case.name} {precision} {kind}: WRONG: {wrong} log-probabilities are off by up to {max(differences):.1e}, {sum(map(bool, firsts))} of first tokens"
    return f"{case.name} {precision} {kind}: scoring agrees " + (f"within {tolerance:.0e}" if tolerance else "to the bit")


def check(case, work, precision, target):
    # Pages of 64 positions: the prompts of the scores fill one, and begin another.
    flags = ("--max-sequence=100", "--max-batch=3", "--prefill-chunk=7")
    evaluate = compile_case(case, work, "evaluate", "evaluate", precision, target, "--micro-batch-size=1", "--seq-length=48")
    exact = compile_case(case, work, "exact", "generate", precision, target, "--exact=train", *flags)
    lines = [compare_with_scores(case, work, precision, "exact", exact, evaluate, 0.0)]
    if precision == "f32":
        program = compile_case(case, work, "generate", "generate", precision, target, *flags)
        lines += [compare_with_transformers(case, work, program),
                  compare_with_scores(case, work, precision, "absorbed", program, evaluate, ABSORBED)]
    return lines


def main():
    cases, work = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    work.mkdir(parents=True, exist_ok=True)
    flags = dict(flag.removeprefix("--").split("=") for flag in sys.argv[3:] if flag.startswith("--"))
    names, target = [name for name in sys.argv[3:] if not name.startswith("--")], flags.get("target", "cpu")
    precisions = (flags["precision"],) if "precision" in flags else ("f32", "bf16")
    jobs = [(cases / name, precision) for name in names for precision in precisions]
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as workers:
        for lines in workers.map(lambda job: check(job[0], work, job[1], target), jobs):
            print("\n".join(lines))


if __name__ == "__main__":
    main()
