"""Follows a page of the documentation as a reader would: follow_page.py PAGE TOOLS FOLDER

In FOLDER, where `build/bin` leads to TOOLS and text.txt is a small text, every block of MLIR is saved under the name that
the text before it gives in "Save this as `NAME`", and every command of a block without a language is run. A training is
shortened: --steps and what counts in steps are divided by 250.
"""

import pathlib
import re
import subprocess
import sys

page, tools, folder = (pathlib.Path(argument) for argument in sys.argv[1:])
shortened = re.compile(r"(--steps|--lr-warmup-iters|--save-interval) (\d+)")

(folder / "build").mkdir(parents=True)
(folder / "build/bin").symlink_to(tools)
(folder / "text.txt").write_text("In the beginning was the deep sea, and the sea was dark. " * 400)

commands = models = 0
blocks = re.split(r"^```(\w*)\n(.*?)^```\n", page.read_text(), flags=re.MULTILINE | re.DOTALL)
for before, language, block in zip(blocks[0::3], blocks[1::3], blocks[2::3]):
    if language == "mlir":
        names = re.findall(r"Save this as `([\w.]+)`", before)
        if not names:
            sys.exit(f"{page}: no name for the model that begins with\n{block[:200]}")
        (folder / names[-1]).write_text(block)
        models += 1
        continue
    for command in block.replace("\\\n", " ").splitlines():
        short = shortened.sub(lambda match: f"{match[1]} {max(1, int(match[2]) // 250)}", command)
        run = subprocess.run(short, shell=True, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        print(f"$ {short}\n{run.stdout}")
        if run.returncode:
            sys.exit(f"exit code {run.returncode}")
        commands += 1
print(f"{models} models, {commands} commands")
