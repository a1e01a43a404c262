"""Runs passes one by one, each alone, on files whose parts (split at `// -----`) are of every level and of odd structure: each
run ends in a result or in a diagnostic.

usage: every_pass.py HADAL_OPT FOLDER FILE...
"""
import concurrent.futures
import os
import subprocess
import sys

# Without options a pass takes its defaults; `llvm.func` passes are nested.
PASSES = """
--hadal-bind-parameters --hadal-build-host --hadal-build-host=target=sm_90a --hadal-build-evaluation --hadal-build-generation --hadal-build-training-step
--hadal-check-decompositions --hadal-check-gradients --hadal-check-model --hadal-check-training-step
--hadal-close-shapes=micro-batch-size=1#seq-length=4 --hadal-close-shapes --hadal-count-parameters --hadal-cpu-to-llvm
--hadal-decide-roundings=precision=bf16 --hadal-decompose --hadal-differentiate --hadal-eliminate-dead-operations --hadal-emit-ptx --hadal-emulator-to-llvm
--hadal-evaluate --hadal-expand-layers --hadal-export-config --hadal-fuse --hadal-gpu-to-nvvm
--hadal-keep-full-precision --hadal-launch-kernels --hadal-lower-kernels=cpu=x86-64-v3
--hadal-lower-kernels=target=sm_90a --hadal-lower-precision=precision=bf16 --hadal-lower-tiles
--hadal-model-to-program=micro-batch-size=1#seq-length=4
--hadal-model-to-program=program=evaluate#micro-batch-size=1#seq-length=4 --hadal-model-to-program=program=generate --hadal-plan-memory --hadal-ptx-to-emulator
--hadal-model-to-program=program=generate#weights=int4 --hadal-quantize-weights=weights=int8 --hadal-quantize-weights=weights=fp8
--hadal-choose-layouts --hadal-choose-layouts=cpu=x86-64-v4+emulated-amx#memory-limit=4096#print-layouts --hadal-choose-layouts=target=sm_90a --hadal-rematerialize --hadal-rematerialize=memory-limit=4096 --hadal-print-anatomy --hadal-ptx-to-nvvm --hadal-select-strategies=cpu=x86-64-v3 --hadal-select-strategies=target=sm_90a
--hadal-share-losses --hadal-verify-memory-plan --pass-pipeline=builtin.module(llvm.func(hadal-lower-to-llvm))
""".split()


def registered(tool):
    """The passes that the tool offers under this project's name."""
    text = subprocess.run([tool, "--help-hidden"], capture_output=True, text=True, check=True).stdout
    return {word.split("=")[0] for word in text.split() if word.startswith("--hadal-")}


def run(tool, name, file):
    command = [tool, file, "--split-input-file", "--allow-unregistered-dialect", name.replace("#", " "), "-o", os.devnull]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=60)
    except subprocess.TimeoutExpired:
        return "does not end"
    if done.returncode not in (0, 1):
        lines = done.stderr.strip().splitlines()
        return f"ends with {done.returncode}: " + next((line for line in lines if "ssert" in line), lines[-1] if lines else "")
    if done.returncode == 1 and "error:" not in done.stderr:
        return "fails without a word"
    return None


def main():
    tool, files = sys.argv[1], sys.argv[2:]
    run_here = {name.split("=")[0] for name in PASSES} | {"--hadal-lower-to-llvm"}
    # Needs an assembler, which a test of its own brings along.
    missing = registered(tool) - run_here - {"--hadal-assemble-kernels"}
    faults = [f"{name} is not run by this test" for name in sorted(missing)]
    jobs = [(name, file) for name in PASSES for file in files]
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as workers:
        for (name, file), fault in zip(jobs, workers.map(lambda job: run(tool, *job), jobs)):
            if fault:
                faults.append(f"{name} on {file} {fault}")
    print("\n".join(faults) or f"{len(PASSES)} passes end in a result or a diagnostic")
    return bool(faults)


sys.exit(main())
