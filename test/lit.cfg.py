"""The lit suite: every .mlir and .test file under test/ whose folder holds neither inputs nor fixtures.

RUN lines may use the tools of build/bin and LLVM's FileCheck, not, count and split-file by name, %python, %hadal (the top
of the repository), %tools (the folder of the tools), and lit's own %s, %S and %t. The feature `qemu-user` says that an
emulator of other CPUs is there, `avx512` that this CPU runs programs for x86-64-v4.
"""
import os
import shutil

import lit.formats

config.name = "hadal"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "fixtures", "benchmark"]
config.test_source_root = os.path.join(config.hadal_source, "test")
config.test_exec_root = os.path.join(config.hadal_build, "test")

path = [os.path.join(config.hadal_build, "bin"), config.llvm_tools, config.environment["PATH"]]
config.environment["PATH"] = os.pathsep.join(path)
for variable in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "HOME", "CCACHE_DIR"):
    if variable in os.environ:
        config.environment[variable] = os.environ[variable]

config.substitutions.append(("%hadal", config.hadal_source))
config.substitutions.append(("%python", config.python))
config.substitutions.append(("%tools", path[0]))
config.substitutions.append(("%outside", "--load-dialect-plugin=" + os.path.join(config.hadal_build, "lib/outside.so")))

if shutil.which("qemu-x86_64"):
    config.available_features.add("qemu-user")
with open("/proc/cpuinfo") as file:
    flags = next((line for line in file if line.startswith("flags")), "").split()
if all(f"avx512{part}" in flags for part in ("f", "bw", "cd", "dq", "vl")):
    config.available_features.add("avx512")
if config.sanitize:
    config.available_features.add("sanitize")
