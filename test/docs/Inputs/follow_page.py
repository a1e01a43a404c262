"""Follows a page of the documentation as a reader would after tools/demo: follow_page.py PAGE REPOSITORY TOOLS FOLDER [all]

In FOLDER, `build/bin` holds those of TOOLS that REPOSITORY/tools/demo builds and no others, `models` leads to the
repository's, and text.txt is a small text. With `all`, for pages that want the build of tools/check, all of TOOLS are there,
`build/lib`, and the repository's `test`. Every block of MLIR is saved under the name that the text before it gives in
"Save this as `NAME`"; the lines of a block of C++ stand one after the other in the file that the text before it links
last; every command of a block without a language is run, and so is every `build/bin/...` within the text, with a Hugging
Face directory in the place of DIR. A training is shortened: --steps and what counts in steps are divided by 250.
"""

import pathlib
import re
import subprocess
import sys

page, repository, tools, folder = (pathlib.Path(argument) for argument in sys.argv[1:5])
wants_all = sys.argv[5:] == ["all"]
shortened = re.compile(r"(--steps|--lr-warmup-iters|--save-interval) (\d+)")

demo = (repository / "tools/demo").read_text()
built = re.search(r"^build .* -- (.+)$", demo, flags=re.MULTILINE)[1].split()
if wants_all:
    built = [path.name for path in tools.iterdir() if path.name.startswith("hadal")]

(folder / "build/bin").mkdir(parents=True)
for tool in built:
    if (tools / tool).exists():
        (folder / "build/bin" / tool).symlink_to(tools / tool)
(folder / "models").symlink_to(repository / "models")
if wants_all:
    (folder / "build/lib").symlink_to(tools.parent / "lib")
    (folder / "test").symlink_to(repository / "test")
(folder / "text.txt").write_text("In the beginning was the deep sea, and the sea was dark. " * 400)

text = page.read_text()
known = {path.name for path in tools.iterdir() if path.name.startswith("hadal")}
missing = sorted(known & set(re.findall(r"hadal[\w-]*", text)) - set(built))
if missing:
    sys.exit(f"{page} names {', '.join(missing)}, which tools/demo does not build")


def run(command):
    print(f"$ {command}")
    result = subprocess.run(command, shell=True, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(result.stdout)
    if result.returncode:
        sys.exit(f"exit code {result.returncode}")


def commands_within(prose):
    for command in re.findall(r"`(build/bin/[^`]+ [^`]+)`", prose):
        yield re.sub(r"\bDIR\b", str(repository / "test/fixtures/cases/v3_like"), command)


def bare(code):
    """Code without indentation."""
    return "\n".join(line.strip() for line in code.splitlines())


commands = models = 0
blocks = re.split(r"^```(\w*)\n(.*?)^```\n", text, flags=re.MULTILINE | re.DOTALL) + ["", ""]
for prose, language, block in zip(blocks[0::3], blocks[1::3], blocks[2::3]):
    for command in commands_within(prose):
        run(command)
        commands += 1
    if language == "mlir":
        names = re.findall(r"Save this as `([\w.]+)`", prose)
        if not names:
            sys.exit(f"{page}: no name for the model that begins with\n{block[:200]}")
        (folder / names[-1]).write_text(block)
        models += 1
        continue
    if language == "cpp":
        source = re.findall(r"\]\(([\w./-]+\.(?:cpp|h|td))\)", prose)[-1]
        if bare(block) not in bare((page.parent / source).read_text()):
            sys.exit(f"{page}: {source} does not say\n{block}")
        continue
    if language == "text":  # what a program prints
        continue
    for command in block.replace("\\\n", " ").splitlines():
        run(shortened.sub(lambda match: f"{match[1]} {max(1, int(match[2]) // 250)}", command))
        commands += 1
print(f"{models} models, {commands} commands")
