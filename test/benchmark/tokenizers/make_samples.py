#!/usr/bin/env python3
"""Writes the small tokenizers and the expectations of test/tools/hadal-tokenize.

  test/benchmark/tokenizers/make_samples.py [--folder build/tokenizers] [--output test/tools/hadal-tokenize/Inputs]

The tokenizers are those of V2 and V3 with their first merges, V3's in the form of Kimi's, and V2's with tokens of every
flag. Expectations are what tokenizers and tiktoken make of the lines. Needs what compare.py needs, and its folder.
"""
import argparse
import base64
import json
import pathlib

import tiktoken
from compare import KIMI, byte_characters, fetch, make_lines
from tokenizers import Tokenizer

MERGES = 400
FLAGS = ["single_word", "lstrip", "rstrip", "normalized", "special"]


def cut_down(source, added):
    """A description with the first merges, ids renumbered, and these added tokens: (content, flags)."""
    description = json.loads((source / "tokenizer.json").read_text())
    merges = description["model"]["merges"][:MERGES]
    contents = list(byte_characters()) + ["".join(merge.split(" ")) for merge in merges]
    vocabulary = {content: number for number, content in enumerate(contents)}
    description["model"] |= {"vocab": vocabulary, "merges": merges}
    description["added_tokens"] = [
        {"id": len(vocabulary) + number, "content": content} | {flag: flag in flags for flag in FLAGS}
        for number, (content, flags) in enumerate(added)]
    return description


def lines_of(added):
    """Few lines of every kind."""
    lines = [line[:70] for line in make_lines(6000, added, seed=3)[4600:]]
    return sorted(set(lines), key=lines.index)[::8]


def write(folder, lines, special, plain):
    for name, values in (("lines", lines), ("special", special), ("plain", plain)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(value, separators=(",", ":")) + "\n" for value in values))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("build/tokenizers"))
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("test/tools/hadal-tokenize/Inputs"))
    arguments = parser.parse_args()
    folders = fetch(arguments.folder)
    begin, end = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
    tokenizers = {
        "v2": cut_down(folders["V2"], [(begin, ["normalized", "special"]), (end, ["normalized", "special"]),
                                       ("<strip>", ["lstrip", "rstrip", "special"]), ("sea", ["single_word", "normalized"]),
                                       ("<str", ["normalized"]), ("<left>", ["lstrip"]), ("éé", ["normalized"])]),
        "v3": cut_down(folders["V3"], [(begin, ["special"]), (end, ["special"]), ("<think>", ["normalized"]),
                                       ("</think>", ["normalized"]), ("<｜User｜>", ["normalized"])]),
    }
    for name, description in tokenizers.items():
        folder = arguments.output / name
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(description, ensure_ascii=False, indent=0)
        (folder / "tokenizer.json").write_text(text)
        (folder / "tokenizer_config.json").write_text(json.dumps({"bos_token": begin, "eos_token": end, "add_bos_token": name == "v2"}))
        lines = lines_of([token["content"] for token in description["added_tokens"]])
        bare = Tokenizer.from_str(json.dumps(description | {"added_tokens": []}))
        write(folder, lines, *([e.ids for e in tokenizer.encode_batch(lines, add_special_tokens=False)]
                               for tokenizer in (Tokenizer.from_str(text), bare)))
    table = byte_characters()
    ranks = {bytes(table[c] for c in content): number for content, number in tokenizers["v3"]["model"]["vocab"].items()}
    folder = arguments.output / "kimi"
    folder.mkdir(exist_ok=True)
    (folder / "tiktoken.model").write_bytes(b"".join(base64.b64encode(token) + b" %d\n" % rank for token, rank in ranks.items()))
    named = {len(ranks): "[BOS]", len(ranks) + 1: "[EOS]", len(ranks) + 2: "<|im_end|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(
        {"added_tokens_decoder": {str(number): {"content": content, "special": True} for number, content in named.items()},
         "bos_token": "[BOS]", "eos_token": "[EOS]"}))
    special = {named.get(i, f"<|reserved_token_{i}|>"): i for i in range(len(ranks), len(ranks) + 256)}
    oracle = tiktoken.Encoding("kimi", pat_str=KIMI, mergeable_ranks=ranks, special_tokens=special)
    lines = lines_of(list(special)[:4])
    write(folder, lines, *([oracle.encode(line, allowed_special=allowed, disallowed_special=()) for line in lines]
                           for allowed in ("all", set())))


if __name__ == "__main__":
    main()
