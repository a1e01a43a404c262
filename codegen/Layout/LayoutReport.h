//===- LayoutReport.h - what was decided about layouts, and why ---------------------------------------------------===//
//
// Tensors about which the same was decided for the same reasons (the weights of 61 layers) are told of once.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_LAYOUT_LAYOUTREPORT_H
#define HADAL_CODEGEN_LAYOUT_LAYOUTREPORT_H

#include "codegen/Layout/LayoutPlan.h"

namespace hadal {

class LayoutReport {
public:
  /// `plans` are those of each tensor, the cheapest first, and `chosen` the number of the one that is taken.
  LayoutReport(const LayoutGraph &graph, llvm::ArrayRef<std::vector<TensorPlan>> plans, llvm::ArrayRef<unsigned> chosen,
               const TargetDescription &target, int64_t microBatches)
      : graph(graph), plans(plans), chosen(chosen), target(target), microBatches(microBatches) {}

  void print(llvm::raw_ostream &stream) const;

private:
  std::string describeTensor(size_t tensor) const;
  void describeReaders(llvm::raw_ostream &stream, size_t tensor) const;
  void describeMakers(llvm::raw_ostream &stream, size_t tensor) const;

  const LayoutGraph &graph;
  llvm::ArrayRef<std::vector<TensorPlan>> plans;
  llvm::ArrayRef<unsigned> chosen;
  const TargetDescription &target;
  int64_t microBatches;
};

} // namespace hadal

#endif // HADAL_CODEGEN_LAYOUT_LAYOUTREPORT_H
