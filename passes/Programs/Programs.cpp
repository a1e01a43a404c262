//===- Programs.cpp - the programs that a model can be compiled to ------------------------------------------------===//
//
// The list of the builders.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "passes/Programs/Programs.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace hadal;

ArrayRef<ProgramBuilder> hadal::getProgramBuilders() {
  static const ProgramBuilder builders[] = {getTrainProgram(), getEvaluateProgram()};
  return builders;
}

std::string hadal::listPrograms() {
  return llvm::join(llvm::map_range(getProgramBuilders(), [](const auto &builder) { return builder.getName(); }), ", ");
}

llvm::Expected<const ProgramBuilder *> hadal::findProgram(StringRef name) {
  for (const ProgramBuilder &builder : getProgramBuilders())
    if (builder.getName() == name)
      return &builder;
  return llvm::createStringError("unknown program '" + name + "'; known programs: " + listPrograms());
}
