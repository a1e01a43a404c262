"""Drafts of compiled programs that generate, held against what they must be:

 - the probability that a draft gives a token is the one that training's prediction of further tokens has there. The oracle is the
   program that scores texts, of the same model with that prediction as its main loss;
 - with weights of zero every token is as likely as another, for the model and its prediction, so that every draft is right; with
   a coin that never, or always, falls on right, none is or all are. Passes are counted;
 - a text ends where it ends without drafts;
 - weights that were saved without the prediction generate the same text without drafts.

usage: generate_drafts.py GENERATE MOST_DRAFTS MODEL.mlir WEIGHTS SCRATCH_FOLDER   (the tools are found on PATH)
"""
import json
import pathlib
import subprocess
import sys

from evaluate_scores import read_tensors, run

# In f32. What stands in the caches may have been computed in another order than in the whole text.
TOLERANCE = 1e-4
PROMPTS = ("In the beginning God created the heaven", "Thou", "And the earth was without form, and void; and darkness was upon")
TOKENS = 26


def statistics(program, *options):
    """What a run says of itself, and its text."""
    done = subprocess.run([str(program), *map(str, options), "--stats", "json"], capture_output=True)
    assert done.returncode == 0, done.stderr
    lines = done.stderr.decode().splitlines()
    return json.loads(lines[-1]), lines[:-1], done.stdout


# Depth d as the main loss, written out: what hadal.mtp does before it. The operation stays, for the tokens that it looks ahead.
DEPTH = """
  %t{d} = hadal.tokens %window ahead {d} : !tokens -> !tokens
  %e{d} = hadal.embedding %t{d} "model.embed_tokens.weight" {{vocabulary = 256}} : !tokens -> !hidden
  %m{d} = hadal.mtp_merge {hidden}, %e{d} "{layer}.enorm.weight", "{layer}.hnorm.weight", "{layer}.eh_proj.weight" {{eps = 1.0e-6}} : !hidden
  %h{d}, %b{d} = hadal.layers %m{d} "model.layers" {number} to {end} {{@attention, @moe_ffn}} : !hidden, tensor<f32>
  %n{d} = hadal.rms_norm %h{d} "{layer}.shared_head.norm.weight" {{eps = 1.0e-6}} : !hidden
  %further{d} = hadal.tokens %window ahead {end_ahead} : !tokens -> !tokens
  %depth{d} = hadal.cross_entropy %n{d}, %further{d} "lm_head.weight" {{vocabulary = 256}} : !hidden, !tokens
"""
FIRST = 3  # the number of the first block's layer


def prediction(model, depth):
    """The model with the prediction of a depth as its main loss."""
    losses = "  hadal.losses main(%main) mtp(%mtp)"
    head, tail = model.split(losses)
    blocks = "".join(DEPTH.format(d=d, hidden=f"%n{d - 1}" if d > 1 else "%n", layer=f"model.layers.{FIRST + d - 1}",
                                  number=FIRST + d - 1, end=FIRST + d, end_ahead=d + 1) for d in range(1, depth + 1))
    return head + blocks + losses.replace("%main", f"%depth{depth}") + tail


def drafts_of_pass(tokens, drafts, most):
    """(place, which draft of its pass) for the tokens that something was drafted for."""
    number = 0
    for place, draft in enumerate(drafts):
        if draft < 0 or number == most:
            number = 0
            continue
        number += 1
        yield place, number
        if draft != tokens[place]:
            number = 0


def check_numbers(program, model, weights, folder, most, depths):
    """Drafts behind drafts that were right count as well where a depth of its own has made them."""
    lines, logits, data, scores = (folder / name for name in ("prompts.jsonl", "logits", "text.txt", "scores"))
    lines.write_text("".join(json.dumps({"prompt": prompt, "max_tokens": TOKENS}) + "\n" for prompt in PROMPTS))
    # Drawn hot, so that drafts are wrong in many ways.
    run(program, "--load", weights, "--prompts", lines, "-o", folder / "out", "--logits", logits, "--temperature", 1.3, "--speculate", most)
    tensors, compared, right, error = read_tensors(logits), [0] * depths, [0] * depths, 0
    for depth in range(1, depths + 1):
        evaluate, source = folder / f"evaluate-{depth}", folder / f"prediction-{depth}.mlir"
        if not evaluate.exists():
            source.write_text(prediction(model, depth))
            run("hadalc", source, "--program=evaluate", "--micro-batch-size=1", "--seq-length=128", "--cpu=x86-64-v3", "-o", evaluate)
        for i, prompt in enumerate(PROMPTS):
            tokens, drafts, said = (tensors[f"{i}.{name}"] for name in ("tokens", "drafts", "draft_log_probabilities"))
            data.write_bytes(prompt.encode() + bytes(tokens) + b" " * (depth + 1))
            scores.unlink(missing_ok=True)
            run(evaluate, "--load", weights, "--data", data, "--per-token", scores)
            # What this program takes for the score of the next token is that of the one `depth` behind it.
            expected = read_tensors(scores)["log_probabilities"]
            for place, number in drafts_of_pass(tokens, drafts, most):
                if number == depth:
                    compared[depth - 1] += 1
                    right[depth - 1] += drafts[place] == tokens[place]
                    error = max(error, abs(said[place] - expected[len(prompt) + place - 1 - depth]))
    fits = error <= TOLERANCE and all(compared) and 0 < right[0] < compared[0] and compared[0] > TOKENS
    print(f"{most} drafts by {depths} depths: right {right} of {compared}, off by at most {error:.1e}{'' if fits else ' WRONG'}")


def check_depths(model, weights, folder):
    """Two depths, the second with the weights of the first. What is drafted by each is the prediction of training."""
    folder.mkdir(exist_ok=True)
    source, program = folder / "model.mlir", folder / "generate"
    one, two = f"{FIRST} to {FIRST + 1} {{", f"{FIRST} to {FIRST + 2} {{"
    assert model.count(one) == 1
    source.write_text(model.replace(one, two))
    run("hadalc", source, "--program=generate", "--max-sequence=128", "--max-batch=1", "--prefill-chunk=16", "--cpu=x86-64-v3", "-o", program)
    first, second = (f"model.layers.{FIRST + i}." for i in (0, 1))
    both = write_tensors(weights, folder / "weights", lambda name, contents: contents,
                         lambda name: [name, name.replace(first, second)] if name.startswith(first) else [name])
    check_numbers(program, source.read_text(), both, folder, 2, 2)


def write_tensors(source, target, change, names=lambda name: [name]):
    """A copy of a directory whose tensors are as `change` says of (name, bytes), None for left out, under the given names."""
    target.mkdir(exist_ok=True)
    (target / "config.json").write_bytes((source / "config.json").read_bytes())
    data = (source / "model.safetensors").read_bytes()
    size = int.from_bytes(data[:8], "little")
    former = json.loads(data[8:8 + size])
    header, tensors, offset = {"__metadata__": former.pop("__metadata__")}, [], 0
    for name, entry in former.items():
        contents = change(name, data[8 + size:][slice(*entry["data_offsets"])])
        for copy in names(name) if contents is not None else []:
            header[copy] = {**entry, "data_offsets": [offset, offset + len(contents)]}
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


def check_ends(program, most, weights, folder):
    """A text that a stop text, its own limit or the length of a sequence ends within a pass."""
    lines, said = folder / "ends.jsonl", {}
    lines.write_text("".join(json.dumps(line) + "\n" for line in (
        {"prompt": "In the", "max_tokens": 12}, {"prompt": [97] * 249, "max_tokens": 100}, {"prompt": "And", "max_tokens": 60})))
    for load in (weights, folder / "zero"):
        for drafts in (0, most):
            said[load.name, drafts] = run(program, "--load", load, "--prompts", lines, "--speculate", drafts, "--temperature", 1,
                                          "--stop", "e ", "--stop", "\x01")
    ended = [json.loads(line)["finish_reason"] for text in said.values() for line in text.splitlines()]
    fits = all(said[load, 0] == said[load, most] for load, _ in said) and {"stop", "length"} <= set(ended)
    print(f"ends within a pass: {'the same texts' if fits else f'WRONG {said}'}")


def check_missing(program, weights, folder):
    prefix = f"model.layers.{FIRST}."
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
    for drafts in (1, 3):
        check_numbers(program, model.read_text(), weights, folder, drafts, 1)
    check_depths(model.read_text(), weights, folder / "two")
    check_counts(program, most, weights, folder)
    check_ends(program, most, weights, folder)
    check_missing(program, weights, folder)


if __name__ == "__main__":
    main()
