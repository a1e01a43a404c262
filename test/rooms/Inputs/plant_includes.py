"""Copies the sources of a repository and adds a file that includes upwards and sideways: plant_includes.py REPOSITORY COPY"""

import pathlib
import shutil
import sys

repository, copy = map(pathlib.Path, sys.argv[1:])
for part in ("dialect", "passes", "codegen", "runtime", "tools"):
    shutil.copytree(repository / part, copy / part)
(copy / "codegen/CPU/Planted.cpp").write_text("""#include "codegen/CPU/Packing.h"
#include "codegen/Emit/KernelBuilder.h"
#include "codegen/GPU/Frames/GPUStage.h"
#include "codegen/NVPTX/Assemble.h"
#include "codegen/Driver/Compiler.h"
#include "tools/Mains.h"
#include "runtime/include/hadal/program.h"
#include "runtime/core/Session.h"
""")
(copy / "runtime/core/Planted.h").write_text('#include "runtime/io/File.h"\n#include "dialect/IR/Hadal.h"\n')
(copy / "passes/Attic").mkdir()
(copy / "passes/Attic/Planted.cpp").write_text('#include "passes/Passes.h"\n')
