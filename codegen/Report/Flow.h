//===- Flow.h - from which kernel to which kernel tensors go ------------------------------------------------------===//
//
// The launches of a program as a graph of kernels. An edge says how often a result of one kernel is an operand of
// another; what no launch makes comes from an argument of the entry point (a parameter, a gradient, the tokens), and
// what none reads is a result of it.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_REPORT_FLOW_H
#define HADAL_CODEGEN_REPORT_FLOW_H

#include "codegen/Report/ProgramFacts.h"
#include <map>

namespace hadal {

/// The other end of an edge: a result or an operand of a kernel, or (kernel -1) what an entry point is given or gives.
struct FlowEnd {
  int64_t kernel = -1, number = 0;
  std::string role;

  auto operator<=>(const FlowEnd &) const = default;
};

/// Of one operand or result of a kernel: what is at the other end, and how many launches it is so for.
using FlowEnds = std::map<FlowEnd, int64_t>;

struct KernelFlow {
  std::vector<FlowEnds> operands, results;
  /// Of each result: the operand in whose place it is written in every launch, or -1.
  std::vector<int64_t> tied;
};

/// One for each kernel.
std::vector<KernelFlow> readFlow(const ProgramFacts &program);

} // namespace hadal

#endif // HADAL_CODEGEN_REPORT_FLOW_H
