// The passes from kernels to machine code, in the order in which a program goes through them. Each is in a file named after
// it, or after the pipeline it begins. What hadalc runs between two phases stands in codegen/Driver/Compiler.cpp.
#ifndef HADAL_CODEGEN_PASSES_TD
#define HADAL_CODEGEN_PASSES_TD

include "mlir/Pass/PassBase.td"

// The options that name a target.
defvar targetOptions = [
  Option<"targetName", "target", "std::string", "\"cpu\"", "cpu or sm_90a">,
  Option<"cpu", "cpu", "std::string", "\"host\"", "LLVM's name of the CPU, or host">,
  Option<"gpu", "gpu", "std::string", "\"\"", "the GPU that sizes are chosen for: h100-sxm, h200, ...">
];

def PrintAnatomy : Pass<"hadal-print-anatomy", "::mlir::ModuleOp"> {
  let summary = "prints what every kernel is made of, or warns why it is refused";
  let description = [{
    Reads every `hadal.kernel` as selection and the lowerings do (codegen/Anatomy/KernelAnatomy.h) and prints its kind,
    anchor, prologue and epilogue, how each argument is read, and the extents and operand accesses of a product. Changes
    nothing. Test: test/codegen/Anatomy/parts.mlir.
  }];
}

def ChooseLayouts : Pass<"hadal-choose-layouts", "::mlir::ModuleOp"> {
  let summary = "chooses in which layouts tensors are kept, and who makes them";
  let description = [{
    For every tensor that some kernel can read in another form than rows (a CPU's products read a right-hand side in the
    panels of their register tiles, or in tiles of AMX; a parameter may be kept rounded), all sets of forms are priced by the
    predicted times of the kernels that read and make it, and by the memory that they take, and the cheapest is taken. Forms of a parameter become arguments of
    entry points (`hadal.packed`); the kernel that writes the parameter writes them as well, and an entry point is added that the
    runtime runs whenever the parameter has been loaded (`hadal.loads`). Rows that nothing else reads are then not kept.
    `print-layouts` says what was chosen and what was not. Test: test/codegen/Layout/choose-layouts.mlir.
  }];
  let dependentDialects = ["::hadal::choices::KernelDialect", "::mlir::arith::ArithDialect"];
  let options = !listconcat(targetOptions, [
    Option<"microBatches", "micro-batches", "int64_t", "1", "micro-batches that a step is expected to have">,
    Option<"memoryLimit", "memory-limit", "int64_t", "0",
           "bytes that parameters, their forms and the arena may take (0: any number)">,
    Option<"worth", "worth", "double", "0.4", "share of a step's seconds that a share of the memory is worth">,
    Option<"rowsOnly", "rows-only", "bool", "false", "keep every tensor in rows alone">,
    Option<"printLayouts", "print-layouts", "bool", "false", "report every decision on stderr">,
    Option<"assignment", "assignment", "std::string", "\"\"",
           "what is kept of each tensor, instead of what is cheapest: sums of 1, 2, 4, ..., one for each of its forms">,
    Option<"tryAll", "try-all", "bool", "false", "price all assignments, and say how far the choice is from the best">
  ]);
}

def SelectStrategies : Pass<"hadal-select-strategies", "::mlir::ModuleOp"> {
  let summary = "chooses strategy, tile sizes and stages of every kernel";
  let description = [{
    Leaves a configuration and the bytes of workspace on every `hadal.kernel`: the cheapest that any strategy proposes, or
    what `config` names. A kernel that nothing serves on the target is an error with the reasons. `print-config=text`
    prints choice, predicted time and what lost on stderr, `=json` one document on stdout, which `config` reads. Tests: test/codegen/CPU/config-products.mlir, test/codegen/GPU/config-threads.mlir.
  }];
  let dependentDialects = ["::hadal::choices::KernelDialect"];
  let options = !listconcat(targetOptions, [
    Option<"printConfig", "print-config", "std::string", "\"\"", "print the choices: text on stderr, json on stdout",
           "::llvm::cl::ValueOptional">,
    Option<"config", "config", "std::string", "\"\"", "a file of choices, as print-config=json prints them">,
    Option<"multiprocessors", "multiprocessors", "int64_t", "0",
           "of the GPU that tiles are chosen for (0: those of `gpu`)">
  ]);
}

def LowerKernels : Pass<"hadal-lower-kernels", "::mlir::ModuleOp"> {
  let summary = "emits the functions of every kernel's stages";
  let description = [{
    Each strategy emits one function per stage, named `KERNEL.STAGE`, from the kernel's body and the configuration that
    hadal-select-strategies left on it: for the CPU beside the kernels, for a GPU in a `gpu.module`. A configuration that
    selection would not leave is refused. Tests: test/codegen/CPU, test/codegen/GPU.
  }];
  let options = targetOptions;
}

def LowerTiles : Pass<"hadal-lower-tiles", "::mlir::ModuleOp"> {
  let summary = "tiles, rings and products of the tile dialect to single instructions";
  let description = [{
    Every operation of the dialect `tile` becomes operations of `ptx` and of MLIR's own dialects. What is left serves both
    the assembler and the emulator. Test: test/codegen/Tile/lower-tiles.mlir.
  }];
  let dependentDialects = ["::hadal::ptx::PTXDialect", "::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def LowerToLLVM : Pass<"hadal-lower-to-llvm", "::mlir::LLVM::LLVMFuncOp"> {
  let summary = "lowers the body of a kernel's function to LLVM's dialect";
  let description = [{
    Elementary functions become arithmetic and vectors those of one dimension, loops become branches, then everything
    becomes operations of `llvm`. Test: test/codegen/CPU/math.mlir.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
                           "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::mlir::ub::UBDialect", "::mlir::vector::VectorDialect"];
  let options = [
    Option<"isGPU", "gpu", "bool", "false", "the target has instructions for bf16 and no math library">
  ];
}

def PTXToNVVM : Pass<"hadal-ptx-to-nvvm", "::mlir::gpu::GPUModuleOp"> {
  let summary = "lowers the ptx dialect to NVVM and inline PTX";
  let description = [{
    Special registers, shuffles and barriers become operations of `nvvm`, which LLVM understands; all other instructions
    become inline PTX. Declares the module's shared memory. Test: test/codegen/NVPTX/ptx-ops.mlir.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect"];
}

def PTXToEmulator : Pass<"hadal-ptx-to-emulator", "::mlir::ModuleOp"> {
  let summary = "makes host functions of GPU kernels, for the emulator";
  let description = [{
    Moves the functions of every `gpu.module` to the module, with each instruction of `ptx` a call of the runtime's
    emulator (runtime/devices/emulator/calls.h) and a check before each access of memory. Test:
    test/codegen/Emulator/ptx-to-emulator.mlir.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect", "::hadal::ptx::PTXDialect"];
}

def EmitPTX : Pass<"hadal-emit-ptx", "::mlir::ModuleOp"> {
  let summary = "prints the PTX of GPU modules on standard output";
  let description = [{
    The modules must be of the dialects `llvm` and `nvvm` (the pipeline hadal-gpu-to-nvvm). Changes nothing. Test:
    test/codegen/GPU/threads-ptx.mlir.
  }];
  let options = [Option<"targetName", "target", "std::string", "\"sm_90a\"", "the GPU's architecture">];
}

def AssembleKernels : Pass<"hadal-assemble-kernels", "::mlir::ModuleOp"> {
  let summary = "assembles GPU modules with ptxas to a cubin";
  let description = [{
    Every `gpu.module` becomes a `gpu.binary` with its cubin and its PTX. Needs NVIDIA's assembler. Test:
    test/codegen/NVPTX/assembler.test.
  }];
  let options = [
    Option<"targetName", "target", "std::string", "\"sm_90a\"", "the GPU's architecture">,
    Option<"printUsage", "print-usage", "bool", "false", "print registers and spills of every kernel on stderr">
  ];
}

def BuildHost : Pass<"hadal-build-host", "::mlir::ModuleOp"> {
  let summary = "writes entry points and parameters as the runtime's tables";
  let description = [{
    What the runtime must know of a program becomes constants of the module, in the structures of
    runtime/include/hadal/program.h. Kernels, parameters and entry points then go. Test: test/codegen/Host/tables.mlir.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
  let options = !listconcat(targetOptions, [
    Option<"checkMemory", "check-memory", "bool", "false", "give every buffer its own guarded mapping">
  ]);
}

#endif // HADAL_CODEGEN_PASSES_TD
