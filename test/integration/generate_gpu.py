"""A program for a GPU, emulated, says what the CPU's says, and the same however it is asked.

usage: generate_gpu.py CPU_PROGRAM GPU_PROGRAM WEIGHTS SCRATCH_FOLDER TOLERANCE DRAFTS

Logits differ by at most TOLERANCE as long as the texts agree, which they do where the CPU's two best logits differ by more than twice
that. Prompts alone, in other chunks, with and without drafts, with other threads and pages have the same bits of logits.
"""
import json
import pathlib
import sys

from evaluate_scores import read_tensors, run

# Longer than a chunk and than a page.
PROMPTS = ["In the beginning God created the heaven and the earth. And the earth was without form, and void", "And God said"]
TOKENS = 6


def generate(program, weights, folder, prompts, *options):
    """Logits and tokens of each prompt."""
    lines, logits = folder / "prompts.jsonl", folder / "logits"
    lines.write_text("".join(json.dumps({"prompt": prompt, "max_tokens": TOKENS}) + "\n" for prompt in prompts))
    run(program, "--load", weights, "--prompts", lines, "-o", folder / "out.jsonl", "--logits", logits, "--ignore-eos", *options)
    tensors = read_tensors(logits)
    return [(tensors[f"{i}.logits"], tensors[f"{i}.tokens"]) for i in range(len(prompts))]


def compare(actual, expected, tolerance):
    """How many tokens agree, and the worst difference of logits up to there."""
    vocabulary, worst = len(expected[0]) // len(expected[1]), 0.0
    for position, (token, wanted) in enumerate(zip(actual[1], expected[1])):
        rows = [logits[position * vocabulary:][:vocabulary] for logits in (actual[0], expected[0])]
        worst = max(worst, *(abs(a - e) for a, e in zip(*rows)))
        assert worst <= tolerance, f"logits of token {position} differ by {worst:.1e}"
        first, second = sorted(rows[1])[-1:-3:-1]
        if token != wanted:
            assert first - second <= 2 * tolerance, f"token {position} is {token} instead of {wanted}"
            return position, worst
    return len(expected[1]), worst


def main():
    cpu, gpu, weights, folder = (pathlib.Path(argument).resolve() for argument in sys.argv[1:5])
    tolerance, drafts = float(sys.argv[5]), sys.argv[6]
    folder.mkdir(parents=True, exist_ok=True)
    expected = generate(cpu, weights, folder, PROMPTS, "--speculate", 0)
    actual = generate(gpu, weights, folder, PROMPTS, "--speculate", 0, "--prefill-chunk", 16)
    agreed = [compare(one, other, tolerance) for one, other in zip(actual, expected)]
    print(f"{sum(count for count, _ in agreed)} of {TOKENS * len(PROMPTS)} tokens agree, logits within "
          f"{max(worst for _, worst in agreed):.1e}")
    alone = generate(gpu, weights, folder, PROMPTS[:1], "--speculate", drafts, "--prefill-chunk", 7, "--threads", 1, "--page-seed", 5)
    assert alone == actual[:1], "the bits depend on company, chunks, drafts, threads or pages"
    print("the same bits alone")


main()
