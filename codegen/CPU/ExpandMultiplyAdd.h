//===- ExpandMultiplyAdd.h - fused multiply-adds on CPUs without them ---------------------------------------------===//
//
// Every product is a chain of fused multiply-adds, on every level of CPU (docs/rationale/arithmetic.md). Where the CPU
// has no such instruction, LLVM would call fmaf for each lane; here it becomes arithmetic in f64 on whole vectors, with
// the same result.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_CPU_EXPANDMULTIPLYADD_H
#define HADAL_CODEGEN_CPU_EXPANDMULTIPLYADD_H

namespace llvm {
class Module;
} // namespace llvm

namespace hadal {

/// Replaces llvm.fma on f32 and vectors of it by arithmetic that every CPU has.
void expandMultiplyAdds(llvm::Module &module);

} // namespace hadal

#endif // HADAL_CODEGEN_CPU_EXPANDMULTIPLYADD_H
