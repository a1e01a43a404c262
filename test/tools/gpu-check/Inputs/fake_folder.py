"""A folder whose programs behave badly: fake_folder.py FOLDER RUN.

Its set `hangs` never ends, `crashes` fails under the sanitizer, `races` has findings there; the training program writes no
JSON, and the interpreter for PyTorch hangs. FOLDER/start COMMAND runs a command that finds the sanitizer.
"""
import gzip
import json
import pathlib
import shutil
import sys

folder, run = map(pathlib.Path, sys.argv[1:])
for name in ("bin", "data", "tools"):
    (folder / name).mkdir(parents=True)
PROGRAMS = {
    "kernels": """case "$*" in
  *--time*) ;;
  *hangs__*) sleep 1000 & wait ;;
  *) echo "1 of 1 kernels pass" ;;
esac
""",
    "tiny-cpu": """while [ "$1" != --log ]; do shift; done
echo "no JSON" > "$2"
""",
}
for name, text in PROGRAMS.items():
    (folder / f"bin/{name}.gz").write_bytes(gzip.compress(f"#!/bin/sh\n{text}".encode()))
SANITIZER = """#!/bin/sh
echo "========= ERROR SUMMARY: 0 errors"
case "$*" in
  *crashes__*) echo "error: the driver is gone" >&2; exit 1 ;;
  *races__*) echo "========= RACECHECK SUMMARY: 3 hazards displayed"; exit 77 ;;
esac
"""
for name, text in (("tools/compute-sanitizer", SANITIZER), ("tools/python", "#!/bin/sh\nsleep 1000\n"),
                   ("start", f'#!/bin/sh\nPATH={folder.resolve()}/tools:$PATH exec "$@"\n')):
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)
(folder / "manifest.json").write_text(json.dumps(
    {"sets": ["crashes", "hangs", "races"], "parts": ["kernels", "tiny", "step"], "missing": {}}))
shutil.copy(run, folder)
