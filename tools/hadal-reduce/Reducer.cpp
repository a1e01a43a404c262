//===- Reducer.cpp - the search for the smallest module that fails ------------------------------------------------===//
//
// Greedy, in the manner of delta debugging: of what a reduction lists, all is taken away at once, then halves, quarters
// and so on down to single edits; whatever is smaller, valid and still fails is kept and is where the search goes on.
// When a whole round over all reductions brings nothing, the module is the result. Smaller means fewer bytes of text or
// fewer layers, so that the search ends.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/hadal-reduce/Reducer.h"
#include "codegen/Support/OutputFile.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/Program.h"

using namespace mlir;
using namespace hadal;

static bool isValidModule(ModuleOp module) {
  ScopedDiagnosticHandler silent(module.getContext(), [](Diagnostic &) { return success(); });
  return succeeded(verify(module));
}

std::string hadal::textOf(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream);
  return text + "\n";
}

static size_t sizeOf(ModuleOp module) {
  size_t size = textOf(module).size();
  module.walk([&](StackOpInterface stack) { size += stack.getEnd() - stack.getStart(); });
  return size;
}

llvm::Expected<bool> Script::run(StringRef file) {
  SmallVector<StringRef> command = {program};
  command.append(arguments.begin(), arguments.end());
  command.push_back(file);
  std::string message;
  ++runs;
  // What the script prints would hide what the reducer says.
  int code = llvm::sys::ExecuteAndWait(program, command, std::nullopt, {StringRef(), StringRef(), StringRef()}, 0, 0,
                                       &message);
  if (code != 0 && code != 1)
    return llvm::createStringError(
        "the script " + program + (message.empty() ? " ended with exit code " + std::to_string(code) : ": " + message) +
        "; expected 1 where the fault is there and 0 where it is not");
  return code == 1;
}

llvm::Expected<bool> Script::run(ModuleOp module) {
  llvm::Expected<TemporaryFile> file = TemporaryFile::create("mlir");
  if (!file)
    return file.takeError();
  if (llvm::Error error = file->write(textOf(module)))
    return std::move(error);
  return run(file->getPath());
}

Reducer::Reducer(OwningOpRef<ModuleOp> module, Script &script)
    : module(std::move(module)), script(script), isValid(isValidModule(*this->module)) {}

llvm::Expected<bool> Reducer::tryEdits(EditLister list, size_t first, size_t last) {
  OwningOpRef<ModuleOp> copy = module->clone();
  std::vector<Edit> edits = list(*copy);
  bool isEdited = false;
  {
    Editor editor(*copy);
    for (size_t index = first; index < last; ++index)
      isEdited |= succeeded(edits[index](editor));
  }
  if (!isEdited || (isValid && !isValidModule(*copy)) || sizeOf(*copy) >= sizeOf(*module))
    return false;
  llvm::Expected<bool> fails = script.run(*copy);
  if (!fails || !*fails)
    return fails;
  module = std::move(copy);
  return true;
}

llvm::Expected<bool> Reducer::tryReduction(EditLister list) {
  bool isSmaller = false;
  size_t count = list(*module).size();
  for (size_t part = count; part > 0; part /= 2) {
    for (size_t first = 0; first < count;) {
      llvm::Expected<bool> kept = tryEdits(list, first, std::min(first + part, count));
      if (!kept)
        return kept;
      isSmaller |= *kept;
      if (*kept)
        count = list(*module).size();
      else
        first += part;
    }
  }
  return isSmaller;
}

llvm::Error Reducer::run() {
  for (bool isSmaller = true; isSmaller;) {
    isSmaller = false;
    for (EditLister list : getReductions()) {
      llvm::Expected<bool> kept = tryReduction(list);
      if (!kept)
        return kept.takeError();
      isSmaller |= *kept;
    }
  }
  return llvm::Error::success();
}
