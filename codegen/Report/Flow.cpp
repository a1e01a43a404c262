//===- Flow.cpp - from which kernel to which kernel tensors go ----------------------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Report/Flow.h"
#include "llvm/ADT/BitVector.h"

using namespace mlir;
using namespace hadal;

/// What a value is that no launch has made.
static std::string findRole(func::FuncOp entry, BlockArgument argument) {
  std::optional<ArgumentMeaning> meaning = getArgumentMeaning(entry, argument.getArgNumber());
  return meaning ? stringifyArgumentRole(meaning->role).str() : "argument";
}

static void addTied(LaunchOp launch, KernelFlow &flow, bool isFirst) {
  for (size_t result = 0; result < flow.tied.size(); ++result) {
    int64_t tied = launch.getTied() ? (*launch.getTied())[result] : -1;
    flow.tied[result] = isFirst || flow.tied[result] == tied ? tied : -1;
  }
}

static void readEntry(const EntryFacts &entry, std::vector<KernelFlow> &flows, llvm::BitVector &seen) {
  func::FuncOp function = entry.plan.entry;
  DenseMap<Value, FlowEnd> made;
  for (const LaunchFacts &facts : entry.launches) {
    LaunchOp launch = facts.launch;
    KernelFlow &flow = flows[facts.kernel];
    for (OpOperand &operand : launch.getArgumentsMutable()) {
      unsigned number = operand.getOperandNumber();
      auto argument = dyn_cast<BlockArgument>(operand.get());
      FlowEnd from = argument ? FlowEnd{-1, 0, findRole(function, argument)} : made.lookup(operand.get());
      ++flow.operands[number][from];
      if (from.kernel >= 0)
        ++flows[from.kernel].results[from.number][FlowEnd{int64_t(facts.kernel), int64_t(number), ""}];
    }
    for (OpResult result : launch->getResults())
      made[result] = {int64_t(facts.kernel), int64_t(result.getResultNumber()), ""};
    addTied(launch, flow, !seen.test(facts.kernel));
    seen.set(facts.kernel);
  }
  for (Value value : function.getBody().front().getTerminator()->getOperands())
    if (auto from = made.find(value); from != made.end())
      ++flows[from->second.kernel].results[from->second.number][FlowEnd{-1, 0, "result"}];
}

std::vector<KernelFlow> hadal::readFlow(const ProgramFacts &program) {
  std::vector<KernelFlow> flows(program.kernels.size());
  for (auto [flow, facts] : llvm::zip_equal(flows, program.kernels)) {
    KernelOp kernel = facts.kernel;
    flow.operands.resize(kernel.getArgumentTypes().size());
    flow.results.resize(kernel.getResultTypes().size());
    flow.tied.assign(kernel.getResultTypes().size(), -1);
  }
  llvm::BitVector seen(program.kernels.size());
  for (const EntryFacts &entry : program.entries)
    readEntry(entry, flows, seen);
  return flows;
}
