#!/usr/bin/env python3
"""Kills a training program at random instants while it saves, and checks that it always resumes.

  kill_during_save.py PROGRAM DATA FOLDER [--times 10] [--seed 1]

The program saves after every step and is killed (SIGKILL) at a random instant after its first save of this start began.
Each time the next start must resume from the newest complete checkpoint, which must be no older than the newest one
seen before. Then it trains to a fixed step, and its last checkpoint must equal, byte for byte, the one of a run that
was never killed. Uses only Python's standard library.
"""
import argparse
import filecmp
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time


def complete_steps(folder):
    """The steps of the folders with a checkpoint's final name."""
    return [int(path.name[5:]) for path in folder.glob("step-*")] if folder.exists() else []


def unfinished(folder):
    """What a kill in the middle of a save or of a removal leaves: entries under temporary names."""
    return [path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("step-")]


def start(program, data, folder, steps):
    return subprocess.Popen(
        [program, "--data", data, "--lr", "0.001", "--shuffle", "--steps", str(steps), "--save", folder,
         "--save-interval", "1", "--resume", "--threads", "1"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def kill_once(arguments, folder, generator):
    """One start and its end by SIGKILL. Returns the error when it did not resume as it should."""
    before = max(complete_steps(folder), default=0)
    process = start(arguments.program, arguments.data, folder, 10**9)
    # The first file system change of this start tells that it trains and saves.
    deadline = time.monotonic() + 60
    while max(complete_steps(folder), default=0) <= before and process.poll() is None:
        if time.monotonic() > deadline:
            break
        time.sleep(0.001)
    time.sleep(generator.uniform(0, 0.03))
    process.kill()
    messages = process.communicate()[1]
    if process.returncode != -9:
        return f"ended by itself with exit code {process.returncode}:\n{messages}"
    if before and not re.search(rf"step-{before}\b", messages):
        return f"did not resume from step-{before}:\n{messages}"
    if max(complete_steps(folder), default=0) <= before:
        return f"no checkpoint after step-{before}:\n{messages}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.program = arguments.program.resolve()
    generator = random.Random(arguments.seed)
    shutil.rmtree(arguments.folder, ignore_errors=True)
    killed, whole = arguments.folder / "killed", arguments.folder / "whole"
    arguments.folder.mkdir(parents=True)
    during_save = 0
    for kill in range(arguments.times):
        problem = kill_once(arguments, killed, generator)
        if problem:
            sys.exit(f"kill {kill + 1}: {problem}")
        during_save += bool(unfinished(killed))
    last = max(complete_steps(killed)) + 3
    for folder in killed, whole:
        process = start(arguments.program, arguments.data, folder, last)
        messages = process.communicate()[1]
        if process.returncode != 0:
            sys.exit(f"{folder}: exit code {process.returncode}:\n{messages}")
    for file in "config.json", "model.safetensors", "optimizer.safetensors", "trainer.json":
        if not filecmp.cmp(killed / f"step-{last}" / file, whole / f"step-{last}" / file, shallow=False):
            sys.exit(f"step-{last}/{file} differs from the run that was never killed")
    if unfinished(killed):
        sys.exit(f"left behind: {unfinished(killed)}")
    print(f"killed {arguments.times} times, {during_save} of them with a save unfinished; resumed always; step {last} "
          "has the same bits as without kills")
    if during_save == 0:
        sys.exit("no kill met a save: the test proves nothing")


if __name__ == "__main__":
    main()
