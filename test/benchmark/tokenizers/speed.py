#!/usr/bin/env python3
"""Times the encoding of a text on one core, hadal-tokenize and its opponents in turns; prints medians in MB/s.

  test/benchmark/tokenizers/speed.py TEXT [--folder build/tokenizers] [--tool build/bin/hadal-tokenize]

The folder is compare.py's. Of hadal-tokenize the whole run counts, printing included, less a run on one letter, which reads
the tokenizer; of the others the call that encodes. Run it on a quiet machine.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
import tiktoken  # noqa: E402
from compare import KIMI, fetch, make_kimi  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

ROUNDS = 5


def seconds_of(action):
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=pathlib.Path)
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("build/tokenizers"))
    parser.add_argument("--tool", default="build/bin/hadal-tokenize")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    folders = fetch(arguments.folder)
    kimi = arguments.folder / "Kimi"
    ranks, special = make_kimi(folders["V3"], kimi)
    opponents = {name: Tokenizer.from_file(str(folder / "tokenizer.json")).encode for name, folder in folders.items()}
    opponents["Kimi"] = tiktoken.Encoding("kimi", pat_str=KIMI, mergeable_ranks=ranks, special_tokens=special).encode_ordinary
    text = arguments.text.read_text()
    size = len(text.encode()) / 1e6
    with tempfile.TemporaryDirectory() as scratch:
        letter = pathlib.Path(scratch) / "letter"
        letter.write_text("a")
        for name, folder in {**folders, "Kimi": kimi}.items():
            def encode(path):
                subprocess.run([arguments.tool, folder, path, "--ids"], check=True, stdout=subprocess.DEVNULL)
            loads, ours, theirs = [], [], []
            for _ in range(ROUNDS):
                loads.append(seconds_of(lambda: encode(letter)))
                ours.append(seconds_of(lambda: encode(arguments.text)))
                theirs.append(seconds_of(lambda: opponents[name](text)))
            load, our, their = map(statistics.median, (loads, ours, theirs))
            print(f"{name}: hadal {size / (our - load):.1f} MB/s (reads its tokenizer in {load:.2f} s), "
                  f"{'tiktoken' if name == 'Kimi' else 'tokenizers'} {size / their:.1f} MB/s")


if __name__ == "__main__":
    main()
