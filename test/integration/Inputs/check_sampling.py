"""What `generate` draws, by its files: check_sampling.py PROGRAM WEIGHTS FOLDER"""
import json
import math
import pathlib
import subprocess
import sys

program, weights, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
PROMPTS = ["In the beginning", "And God said, Let there be", "the", "unto Moses"]


def generate(prompts, *options, tokens=24):
    lines = folder / "prompts.jsonl"
    lines.write_text("".join(json.dumps(line if isinstance(line, dict) else {"prompt": line}) + "\n" for line in prompts))
    run = subprocess.run([program, "--load", weights, "--prompts", lines, "--max-tokens", str(tokens), *map(str, options)],
                         capture_output=True, text=True, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def stream(prompt, *options, tokens=24):
    return subprocess.run([program, "--load", weights, "--prompt", prompt, "--max-tokens", str(tokens), *map(str, options)],
                          capture_output=True, text=True, check=True).stdout[:-1]


warm = ["--temperature", 1.2, "--top-p", 0.98]
texts = generate(PROMPTS, *warm, "--seed", 3)
tokens = {prompt: line["tokens"] for prompt, line in zip(PROMPTS, texts)}
# Company, order, threads, and a single text on standard output.
for order in (PROMPTS[::-1], PROMPTS[2:], PROMPTS[1:2] * 5):
    again = generate(order, *warm, "--seed", 3, "--threads", 1)
    assert [line["tokens"] for line in again] == [tokens[prompt] for prompt in order], order
assert stream(PROMPTS[0], *warm, "--seed", 3) == texts[0]["text"]
# Seeds, of the run or of a line, and samples.
others = generate(PROMPTS, *warm, "--seed", 4)
assert all(a["tokens"] != b["tokens"] for a, b in zip(texts, others))
assert generate([{"prompt": prompt, "seed": 3} for prompt in PROMPTS], *warm, "--seed", 9) == texts
samples = generate(PROMPTS[:2], *warm, "--seed", 3, "--samples", 3)
assert [line["sample"] for line in samples] == [0, 1, 2] * 2
assert samples[0]["tokens"] == texts[0]["tokens"] and len({tuple(line["tokens"]) for line in samples}) == 6
# Nothing to draw from is the likeliest token.
greedy = generate(PROMPTS)
assert greedy == generate(PROMPTS, "--temperature", 1, "--top-k", 1, "--seed", 5)
assert greedy == generate(PROMPTS, "--temperature", 1, "--top-p", 0) and greedy != texts
# Log-probabilities: the likeliest token is the greedy one, and all of them sum to 1.
told = generate(PROMPTS[:1], "--top-logprobs", 700, tokens=3)[0]
assert told["tokens"] == greedy[0]["tokens"][:3]
for token, logprob, best in zip(told["tokens"], told["logprobs"], told["top_logprobs"]):
    assert best[0] == {"token": token, "logprob": logprob}, best[0]
    assert abs(sum(math.exp(one["logprob"]) for one in best) - 1) < 1e-5
# A banned token is not drawn; a penalty keeps what repeats from coming again.
first = greedy[0]["tokens"][0]
assert first not in generate(PROMPTS[:1], "--logit-bias", f"{first}=-inf")[0]["tokens"]
assert generate(PROMPTS[:1], "--logit-bias", "7=100", tokens=4)[0]["tokens"] == [7] * 4
penalized = generate(PROMPTS[:1], "--presence-penalty", 100)[0]["tokens"]
assert len(set(penalized)) == len(penalized)
# A stop string ends a text before it, in tokens' midst as well.
stop = texts[0]["text"][5:8]
stopped = generate(PROMPTS[:1], *warm, "--seed", 3, "--stop", "no such text", "--stop", stop)[0]
assert stopped["finish_reason"] == "stop" and stopped["text"] == texts[0]["text"].split(stop)[0], stopped
assert stream(PROMPTS[0], *warm, "--seed", 3, "--stop", stop) == stopped["text"]
