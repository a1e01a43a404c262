//===- Reducer.h - the search for the smallest module that fails --------------------------------------------------===//
#ifndef HADAL_TOOLS_HADALREDUCE_REDUCER_H
#define HADAL_TOOLS_HADALREDUCE_REDUCER_H

#include "mlir/IR/OwningOpRef.h"
#include "tools/hadal-reduce/Reductions.h"
#include "llvm/Support/Error.h"
#include <string>

namespace hadal {

/// A module as it is written.
std::string textOf(mlir::ModuleOp module);

/// Asks a script whether a module still shows the fault: exit code 1 means yes, 0 no.
class Script {
public:
  Script(std::string program, std::vector<std::string> arguments)
      : program(std::move(program)), arguments(std::move(arguments)) {}

  /// Runs the script on a file.
  llvm::Expected<bool> run(llvm::StringRef file);
  /// Writes the module to a temporary file and runs the script on that.
  llvm::Expected<bool> run(mlir::ModuleOp module);
  unsigned getRuns() const { return runs; }

private:
  std::string program;
  std::vector<std::string> arguments;
  unsigned runs = 0;
};

class Reducer {
public:
  Reducer(mlir::OwningOpRef<mlir::ModuleOp> module, Script &script);

  /// Makes the module smaller until no reduction helps.
  llvm::Error run();
  mlir::ModuleOp getModule() { return *module; }

private:
  /// Tries the edits first to last of a reduction on a copy; keeps the copy if it is smaller and still fails.
  llvm::Expected<bool> tryEdits(EditLister list, size_t first, size_t last);
  llvm::Expected<bool> tryReduction(EditLister list);

  mlir::OwningOpRef<mlir::ModuleOp> module;
  Script &script;
  /// A module that was not valid to begin with may fail because it is not.
  bool isValid;
};

} // namespace hadal

#endif // HADAL_TOOLS_HADALREDUCE_REDUCER_H
