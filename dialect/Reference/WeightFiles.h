//===- WeightFiles.h - parameters from safetensors files ----------------------------------------------------------===//
//
// Reads parameters of float types by their Hugging Face names, so that the evaluator can be held against what other
// implementations compute from the same files. (Generated programs have their own reader in the runtime, which
// maps files of any size; this one is for models small enough to be evaluated.)
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_DIALECT_REFERENCE_WEIGHTFILES_H
#define HADAL_DIALECT_REFERENCE_WEIGHTFILES_H

#include "dialect/Reference/Tensor.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

namespace hadal::reference {

class WeightFiles {
public:
  /// Adds the tensors of a file.
  llvm::Error add(llvm::StringRef path);

  /// The tensor of this name and shape. With `{e}` in the name, the tensors numbered 0, 1, ... in its place are stacked
  /// along dimension 0. Failure when one is missing or has another shape.
  llvm::FailureOr<Tensor> read(llvm::StringRef name, llvm::ArrayRef<int64_t> shape) const;

private:
  struct Entry {
    const llvm::fltSemantics *type;
    llvm::SmallVector<int64_t> shape;
    llvm::StringRef bytes;
  };
  llvm::StringMap<Entry> entries;
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> buffers;
};

} // namespace hadal::reference

#endif // HADAL_DIALECT_REFERENCE_WEIGHTFILES_H
