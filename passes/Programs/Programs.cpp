//===- Programs.cpp - the programs that a model can be compiled to ------------------------------------------------===//
//
// The list of the builders, and what it says of entry points.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "passes/Programs/Programs.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace hadal;

ArrayRef<ProgramBuilder> hadal::getProgramBuilders() {
  static const ProgramBuilder builders[] = {getTrainProgram(), getEvaluateProgram(), getGenerateProgram()};
  return builders;
}

StepPart hadal::findStepPart(func::FuncOp entry) {
  if (getLoadedParameter(entry))
    return StepPart::None;
  auto name = entry->getParentOfType<ModuleOp>()->getAttrOfType<StringAttr>(programAttrName);
  std::optional<EntryRole> role = symbolizeEntryRole(entry.getSymName());
  for (const ProgramBuilder &program : getProgramBuilders()) {
    if (!name || !role || program.getName() != name.getValue())
      continue;
    const EntryRole *found = llvm::find(program.step, *role);
    return found == program.step.end()     ? StepPart::None
           : found == program.step.begin() ? StepPart::MicroBatch
                                           : StepPart::Once;
  }
  return StepPart::Once;
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
