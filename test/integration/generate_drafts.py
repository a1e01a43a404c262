"""Drafts of compiled programs that generate, held against what they must be:

 - the probability that a draft gives a token is the one that training's prediction of the token after the next has there. The
   oracle is the program that scores texts, of the same model with that prediction as its main loss;
 - with weights of zero every token is as likely as another, for the model and its prediction, so that every draft is right; with
   a coin that never, or always, falls on right, none is or all are. Passes are counted;
 - weights that were saved without the prediction generate the same text without drafts.

usage: generate_drafts.py GENERATE MOST_DRAFTS MODEL.mlir WEIGHTS SCRATCH_FOLDER   (the tools are found on PATH)
"""
import json
import pathlib
import subprocess
import sys

from evaluate_scores import read_tensors, run

TOLERANCE = 1e-5
PROMPTS = ("In the beginning God created the heaven", "Thou", "And the earth was without form, and void; and darkness was upon")
TOKENS = 26


def statistics(program, *options):
    """What a run says of itself, and its text."""
    done = subprocess.run([str(program), *map(str, options), "--stats", "json"], capture_output=True)
    assert done.returncode == 0, done.stderr
    lines = done.stderr.decode().splitlines()
    return json.loads(lines[-1]), lines[:-1], done.stdout


def scores_of_prediction(model, weights, folder, text):
    """Logarithms of the probabilities of a text's tokens, from the third one on, two before each. The last is of another text."""
    program = folder / "evaluate"
    if not program.exists():
        source, changed = model.read_text(), folder / "prediction.mlir"
        assert source.count("losses main(%main) mtp(%mtp)") == 1
        changed.write_text(source.replace("losses main(%main) mtp(%mtp)", "losses main(%mtp)"))
        run("hadalc", changed, "--program=evaluate", "--micro-batch-size=1", "--seq-length=128", "--cpu=x86-64-v3", "-o", program)
    data, scores = folder / "text.txt", folder / "scores"
    data.write_bytes(text)
    scores.unlink(missing_ok=True)
    run(program, "--load", weights, "--data", data, "--per-token", scores)
    return read_tensors(scores)["log_probabilities"]


def check_numbers(program, model, weights, folder):
    lines, logits = folder / "prompts.jsonl", folder / "logits"
    lines.write_text("".join(json.dumps({"prompt": prompt, "max_tokens": TOKENS}) + "\n" for prompt in PROMPTS))
    # Drawn hot, so that drafts are wrong in many ways.
    run(program, "--load", weights, "--prompts", lines, "-o", folder / "out", "--logits", logits, "--temperature", 1.3, "--speculate", 1)
    tensors = read_tensors(logits)
    compared, error, right = 0, 0, 0
    for i, prompt in enumerate(PROMPTS):
        tokens, drafts, said = (tensors[f"{i}.{name}"] for name in ("tokens", "drafts", "draft_log_probabilities"))
        scores = scores_of_prediction(model, weights, folder, prompt.encode() + bytes(tokens) + b"  ")
        for place, draft in enumerate(drafts):
            if draft < 0:
                continue
            compared += 1
            right += draft == tokens[place]
            error = max(error, abs(said[place] - scores[len(prompt) + place - 2]))
    fits = error <= TOLERANCE and compared > TOKENS and 0 < right < compared
    print(f"{compared} drafts, {right} of them right: off by at most {error:.1e}{'' if fits else ' WRONG'}")


def write_tensors(source, target, change):
    """A copy of a directory whose tensors are as `change` says of (name, bytes): None for left out."""
    target.mkdir(exist_ok=True)
    (target / "config.json").write_bytes((source / "config.json").read_bytes())
    data = (source / "model.safetensors").read_bytes()
    size = int.from_bytes(data[:8], "little")
    header, tensors, offset = json.loads(data[8:8 + size]), [], 0
    for name, entry in list(header.items()):
        if name == "__metadata__":
            continue
        contents = change(name, data[8 + size:][slice(*entry["data_offsets"])])
        if contents is None:
            del header[name]
            continue
        entry["data_offsets"] = [offset, offset + len(contents)]
        offset += len(contents)
        tensors.append(contents)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (target / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + b"".join(tensors))
    return target


def check_counts(program, most, weights, folder):
    zero = write_tensors(weights, folder / "zero", lambda name, contents: bytes(len(contents)))
    for drafts in range(most + 1):
        # The prompt says one token; every pass adds a draft more than it verifies, the last one what is left.
        passes = -(-(TOKENS - 1) // (drafts + 1))
        ways = {"zero weights": (zero, passes, ())}
        if drafts:
            ways["a coin that is always right"] = (weights, passes, ("--synthetic-acceptance", 1))
            ways["a coin that is never right"] = (weights, TOKENS - 1, ("--synthetic-acceptance", 0))
        for name, (load, expected, options) in ways.items():
            said, messages, _ = statistics(program, "--load", load, "--prompt", "In the", "--max-tokens", TOKENS, "--ignore-eos",
                                           "--speculate", drafts, *options)
            acceptance = [1.0 if expected == passes else 0.0] * drafts
            fits = (said["decode_steps"] == expected and said["acceptance_by_position"] == acceptance
                    and said["generated_tokens"] == TOKENS and said["tokens_per_pass"] == (TOKENS - 1) / expected
                    and any("the text means nothing" in line for line in messages) == bool(options))
            print(f"{drafts} drafts, {name}: {said['decode_steps']} passes{'' if fits else f' WRONG {said}'}")


def check_missing(program, weights, folder):
    prefix = "model.layers.3."
    bare = write_tensors(weights, folder / "bare", lambda name, contents: None if name.startswith(prefix) else contents)
    options = ("--prompt", "In the", "--max-tokens", TOKENS)
    _, messages, text = statistics(program, "--load", bare, *options)
    whole, _, expected = statistics(program, "--load", weights, *options, "--speculate", 1)
    fits = (text == expected and whole["drafted_tokens"] > 0
            and any(line.startswith("no tokens are drafted: ") for line in messages))
    print(f"weights without the prediction: {'the same text' if fits else f'WRONG {messages}'}")


def main():
    program, model, weights, folder = (pathlib.Path(argument).resolve() for argument in sys.argv[1:2] + sys.argv[3:])
    most = int(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    check_numbers(program, model, weights, folder)
    check_counts(program, most, weights, folder)
    check_missing(program, weights, folder)


if __name__ == "__main__":
    main()
