//===- Assemble.h - from PTX to the code of a GPU
//------------------------------------------------------------------===//
//
// NVIDIA's assembler ptxas, started as a process: where it is looked for, what it says about each kernel, and which of
// its remarks are faults of a kernel.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_NVPTX_ASSEMBLE_H
#define HADAL_CODEGEN_NVPTX_ASSEMBLE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace hadal {

/// That ptxas is missing, does not fit, or ended by a signal: nothing that a model or a kernel could cause, so tools
/// give it an exit code of its own.
class AssemblerError : public llvm::ErrorInfo<AssemblerError> {
public:
  static char ID;
  static constexpr int exitCode = 3;
  explicit AssemblerError(std::string message) : message(std::move(message)) {}
  void log(llvm::raw_ostream &stream) const override { stream << message; }
  std::error_code convertToErrorCode() const override { return llvm::inconvertibleErrorCode(); }

private:
  std::string message;
};

/// What ptxas says about one kernel.
struct KernelUsage {
  std::string name;
  int64_t registers = 0, stackBytes = 0, spillStoreBytes = 0, spillLoadBytes = 0;
  /// Remarks on lost performance, "(C7510) Potential Performance Loss: ...": the kernel is wrong in a way that only
  /// costs time.
  std::vector<std::string> remarks;
};

struct AssembledKernels {
  std::string cubin;
  /// In the order in which ptxas names them.
  std::vector<KernelUsage> kernels;
  /// Remarks that name no kernel.
  std::vector<std::string> remarks;
};

/// The path of a ptxas that assembles for `gpu`. Looked for in $CUDA_HOME/bin, $CUDA_PATH/bin, PATH,
/// /usr/local/cuda/bin and where tools/scripts/setup.sh has put one; the first that is new enough is taken. The error
/// says what was found.
llvm::Expected<std::string> findAssembler(llvm::StringRef gpu);

/// Assembles PTX for a GPU ("sm_90a"). Fails when ptxas is missing (an AssemblerError) or refuses the PTX.
llvm::Expected<AssembledKernels> assemblePTX(llvm::StringRef ptx, llvm::StringRef gpu);

/// Reads the output of `ptxas -v`.
void readAssemblerOutput(llvm::StringRef text, AssembledKernels &result);

} // namespace hadal

#endif // HADAL_CODEGEN_NVPTX_ASSEMBLE_H
