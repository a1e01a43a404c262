"""The same bits however a text was generated: a table of runs in which every pair of ways occurs is compared with one run, logits
and tokens.

usage: generate_bits.py PROGRAM WEIGHTS SCRATCH_FOLDER MOST_DRAFTS
"""
import itertools
import json
import pathlib
import random
import sys

from evaluate_scores import read_tensors, run

# How many prompts go together, tokens of a prompt at a time, threads, and where pages lie and who shares them.
COMPANY, CHUNKS, THREADS, PAGES = (1, 2, 7), (1, 5, 64), (1, 2, 3), ((), ("--page-seed", 7), ("--no-shared-prefixes",))
# How the next token is chosen.
DRAWS = ((), ("--temperature", 0.9, "--top-p", 0.95, "--seed", 3, "--frequency-penalty", 0.2))
TOKENS = 24


def pairwise(*ways):
    """Rows in which every pair of values of two columns occurs, greedily."""
    left = {(a, x, b, y) for a, b in itertools.combinations(range(len(ways)), 2) for x in ways[a] for y in ways[b]}
    def covers(row):
        return {(a, row[a], b, row[b]) for a, b in itertools.combinations(range(len(ways)), 2)} & left
    while left:
        best = max(itertools.product(*ways), key=lambda row: len(covers(row)))
        left -= covers(best)
        yield best


def generate(program, weights, folder, prompts, chunk, threads, pages, drafts, draw):
    """Logits and tokens of each prompt."""
    lines = folder / "prompts.jsonl"
    lines.write_text("".join(json.dumps({"prompt": prompt, "max_tokens": TOKENS}) + "\n" for prompt in prompts))
    out, logits = folder / "out.jsonl", folder / "logits"
    run(program, "--load", weights, "--prompts", lines, "-o", out, "--logits", logits, "--ignore-eos", "--prefill-chunk", chunk,
        "--threads", threads, "--speculate", drafts, *draw, *pages)
    tensors = read_tensors(logits)
    return [(tensors[f"{i}.logits"], tensors[f"{i}.tokens"]) for i in range(len(prompts))]


def main():
    program, weights, folder = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])
    speculation = (*range(int(sys.argv[4]) + 1), "auto")
    folder.mkdir(parents=True, exist_ok=True)
    source = random.Random(1)
    # Shorter and longer than a chunk and than a page; two of them share a beginning, two others a page.
    texts = ["In the beginning God created the heaven and the earth.", "I", "In the beginning was the Word, and the Word was with God, and",
             "".join(chr(source.randrange(32, 127)) for _ in range(130)), "Thou", "And God said, Let there be light: and", "x" * 64]
    texts.append(texts[3][:100] + "And")
    prompts = dict(enumerate(texts))
    expected = {draw: dict(enumerate(generate(program, weights, folder, texts, CHUNKS[-1], 2, (), 0, draw))) for draw in DRAWS}
    for drawn in expected.values():
        assert len({tuple(tokens) for _, tokens in drawn.values()}) > 3, "the model says the same whatever the prompt is"
    runs = faults = 0
    for company, chunk, threads, pages, drafts, draw in pairwise(COMPANY, CHUNKS, THREADS, PAGES, speculation, DRAWS):
        order = source.sample(sorted(prompts), company)
        got = generate(program, weights, folder, [prompts[i] for i in order], chunk, threads, pages, drafts, draw)
        wrong = [i for i, result in zip(order, got) if result != expected[draw][i]]
        runs += 1
        if wrong:
            faults += 1
            print(f"WRONG: prompts {wrong} among {order}, chunks of {chunk}, {threads} threads, pages {pages}, {drafts} drafts, {draw}")
    print(f"{runs - faults} of {runs} runs agree to the bit")


if __name__ == "__main__":
    main()
