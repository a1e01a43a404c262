//===- LayoutReport.cpp - what was decided about layouts, and why -------------------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Layout/LayoutReport.h"
#include "dialect/IR/Encoding.h"
#include "passes/Fusion/KernelPrice.h"
#include "passes/Memory/MemoryPlan.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace hadal;

/// The most sets of forms that are told of beside the one that is taken.
static constexpr size_t mostOthers = 4;
/// The most tensors whose choices are repeated as an assignment.
static constexpr size_t mostNamed = 64;

/// `bf16 in rows`, `f32 in <outer = ...>`.
static std::string describe(RankedTensorType form) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << form.getElementType() << " in ";
  if (LayoutAttr layout = getLayout(form)) {
    stream << "<outer = [";
    llvm::interleaveComma(layout.getOuter(), stream);
    if (!layout.getInner().empty()) {
      stream << "], inner = [";
      llvm::interleaveComma(layout.getInner(), stream);
      stream << "], tiles = [";
      llvm::interleaveComma(layout.getTiles(), stream);
    }
    stream << "]>";
  } else {
    stream << "rows";
  }
  return text;
}

static std::string describe(const StoredTensor &tensor, unsigned forms) {
  SmallVector<std::string> names;
  for (auto [number, form] : llvm::enumerate(tensor.forms))
    if (forms >> number & 1)
      names.push_back(describe(form.type));
  return names.empty() ? "rows alone" : llvm::join(names, " and ");
}

void LayoutReport::describeReaders(raw_ostream &stream, size_t number) const {
  const StoredTensor &tensor = graph.tensors[number];
  const TensorPlan &plan = plans[number][chosen[number]];
  auto add = [&](ArrayRef<Reading> readings, ArrayRef<int> forms) {
    for (auto [reading, form] : llvm::zip_equal(readings, forms)) {
      std::string how = form < 0 ? "rows" : describe(tensor.forms[form].type);
      StringRef kernel = LaunchOp(reading.launch).getKernel();
      stream << "    @" << kernel << " reads " << how << "\n";
    }
  };
  add(tensor.readings, plan.ofReading);
  for (auto [rounding, roundingPlan] : llvm::zip_equal(tensor.roundings, plan.roundings)) {
    if (!roundingPlan.stays)
      stream << "    @" << LaunchOp(rounding.launch).getKernel() << " is not launched\n";
    add(rounding.readings, roundingPlan.ofReading);
  }
}

void LayoutReport::describeMakers(raw_ostream &stream, size_t number) const {
  const StoredTensor &tensor = graph.tensors[number];
  const TensorPlan &plan = plans[number][chosen[number]];
  if (plan.forms == 0)
    return;
  stream << "    made";
  if (tensor.parameter)
    stream << " when it is loaded";
  for (auto [making, byLaunches] : llvm::zip_equal(tensor.makings, plan.byLaunches))
    stream << (tensor.parameter ? ", " : " ") << (byLaunches ? "by launches behind @" : "by @")
           << LaunchOp(making.launch).getKernel();
  if (!tensor.makings.empty()) {
    stream << " for ";
    printSeconds(stream, plan.makingSeconds);
  }
  if (tensor.parameter)
    stream << "; " << (plan.bytes < 0 ? "-" : "") << formatMiB(std::abs(plan.bytes)) << " of memory"
           << (plan.bytes <= 0 ? ", since rows are not kept" : " more");
  stream << "\n";
}

/// All that is said of a tensor but its name.
std::string LayoutReport::describeTensor(size_t number) const {
  const StoredTensor &tensor = graph.tensors[number];
  const std::vector<TensorPlan> &list = plans[number];
  const TensorPlan &plan = list[chosen[number]];
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << ", " << tensor.type << ": " << describe(tensor, plan.forms) << ", ";
  printSeconds(stream, plan.seconds);
  stream << "\n";
  describeReaders(stream, number);
  describeMakers(stream, number);
  size_t told = 0;
  for (auto [other, alternative] : llvm::enumerate(list)) {
    // What is more than what was chosen is dearer for no other reason.
    bool isMore = plan.forms != 0 && (plan.forms & alternative.forms) == plan.forms;
    if (other == chosen[number] || isMore)
      continue;
    // Rows alone are always told of.
    if (told++ >= mostOthers && alternative.forms != 0)
      continue;
    stream << "    turned down: " << describe(tensor, alternative.forms) << ", ";
    printSeconds(stream, alternative.seconds);
    if (alternative.seconds < plan.seconds)
      stream << ", for " << formatMiB(std::max<int64_t>(alternative.bytes, 0)) << " of memory";
    stream << "\n";
  }
  return text;
}

void LayoutReport::print(raw_ostream &stream) const {
  stream << "layouts for " << target.name() << ", seconds of a step of " << microBatches << " micro-batch"
         << (microBatches == 1 ? "" : "es") << ":\n";
  llvm::MapVector<StringRef, SmallVector<size_t>> groups;
  std::vector<std::string> texts;
  for (size_t tensor = 0; tensor < graph.tensors.size(); ++tensor)
    texts.push_back(describeTensor(tensor));
  for (auto [tensor, text] : llvm::enumerate(texts))
    groups[text].push_back(tensor);
  for (const auto &[text, tensors] : groups) {
    stream << "  " << graph.tensors[tensors.front()].describe();
    if (tensors.size() > 1)
      stream << " and " << tensors.size() - 1 << " more";
    stream << text;
  }
  // As the pass takes it; of large programs it would fill pages.
  if (texts.empty() || texts.size() > mostNamed)
    return;
  stream << "assignment: ";
  llvm::interleave(
      llvm::seq<size_t>(0, texts.size()), stream, [&](size_t tensor) { stream << plans[tensor][chosen[tensor]].forms; },
      ",");
  stream << "\n";
}
