//===- RowPlan.cpp - how threads share the rows of a rowwise kernel -----------------------------------------------===//
//
// Selection. Without a row reduction threads need not know one another: any power of two of them shares a row, and a
// block of 256 takes several rows. With one, a row belongs to a warp (shuffles alone) or to a block (shared memory and
// a barrier per pass) of no more threads than its sums have lanes for. Of all these shapes the cheapest by `cost` is
// taken.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/GPU/RowPlan.h"
#include "codegen/Anatomy/Elementwise.h"
#include "codegen/Selection/GPU/Threads.h"
#include "codegen/Target/Arithmetic.h"
#include "llvm/ADT/MapVector.h"
#include <cmath>

using namespace mlir;
using namespace hadal;

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

int64_t RowLoop::lanesOf(std::pair<int64_t, int64_t> piece, int64_t mostLanes) const {
  if (reductions.empty())
    return commonLanes(mostLanes, {piece.second - piece.first});
  int64_t lanes = mostLanes;
  for (auto [begin, end] : space.pieces())
    lanes = commonLanes(lanes, {begin, end});
  return lanes;
}

int64_t RowLoop::vectors(int64_t mostLanes) const {
  int64_t count = 0;
  for (auto piece : space.pieces())
    count += space.heads * (piece.second - piece.first) / lanesOf(piece, mostLanes);
  return count;
}

int64_t RowLoop::skipped(std::pair<int64_t, int64_t> piece, int64_t mostLanes, int64_t threadsPerRow) const {
  return reductions.empty() ? 0 : piece.first / lanesOf(piece, mostLanes) % threadsPerRow;
}

int64_t RowLoop::rounds(int64_t mostLanes, int64_t threadsPerRow) const {
  int64_t count = 0;
  for (auto piece : space.pieces()) {
    int64_t vectors = space.heads * (piece.second - piece.first) / lanesOf(piece, mostLanes);
    count += llvm::divideCeil(skipped(piece, mostLanes, threadsPerRow) + vectors, threadsPerRow);
  }
  return count;
}

int64_t RowLoop::accumulators(int64_t mostLanes, int64_t threadsPerRow) const {
  return arithmetic::hopper::lanes / (threadsPerRow * lanesOf(space.pieces().front(), mostLanes));
}

SmallVector<RowLoop> hadal::getRowLoops(KernelOp kernel, const RowProgram &program, unsigned phase) {
  llvm::MapVector<int64_t, RowLoop> loops;
  for (RowReductionOpInterface reduction : program.reductions[phase])
    if (!isOnePerRow(reduction.getInput()))
      loops[RowProgram::columns(reduction.getInput())].reductions.push_back(reduction);
  if (phase + 1 == program.phases)
    for (OpOperand &operand : kernel.getBody().front().getTerminator()->getOpOperands())
      if (!isOnePerRow(operand.get()))
        loops[RowProgram::columns(operand.get())].stores.push_back(&operand);

  SmallVector<RowLoop> result;
  for (auto &[columns, loop] : loops) {
    SmallVector<Value> computed;
    for (RowReductionOpInterface reduction : loop.reductions)
      computed.push_back(reduction.getInput());
    for (OpOperand *store : loop.stores)
      computed.push_back(store->get());
    loop.columns = columns;
    loop.space = ColumnSpace::find(columns, computed, /*sums=*/!loop.reductions.empty());
    result.push_back(std::move(loop));
  }
  return result;
}

//===----------------------------------------------------------------------===//
// The choice
//===----------------------------------------------------------------------===//

int64_t RowPlan::lanesFor(KernelOp kernel) {
  int64_t widest = 2;
  auto visit = [&](Value tensor) {
    auto type = cast<RankedTensorType>(tensor.getType());
    if (!isOnePerRow(tensor) && !RowProgram::holdsPositions(tensor))
      widest = std::max<int64_t>(widest, type.getElementTypeBitWidth() / 8);
  };
  llvm::for_each(kernel.getBody().getArguments(), visit);
  llvm::for_each(kernel.getBody().front().getTerminator()->getOperands(), visit);
  return 16 / widest;
}

namespace {

/// What the choice hangs on.
struct Demand {
  int64_t rows = 1;
  SmallVector<RowLoop> loops;
  /// Vectors of the longest loop, and vectors of all that a thread reads for one of them.
  int64_t vectors = 1, operands = 0;
  int64_t reductions = 0;

  Demand(KernelOp kernel, const RowProgram &program, int64_t lanes) : rows(program.rows) {
    for (unsigned phase = 0; phase < program.phases; ++phase)
      loops.append(getRowLoops(kernel, program, phase));
    for (const RowLoop &loop : loops) {
      vectors = std::max(vectors, loop.vectors(lanes));
      reductions += loop.reductions.size();
    }
    for (Value argument : kernel.getBody().getArguments())
      operands += isOnePerRow(argument) || RowProgram::holdsPositions(argument) ? 0 : 1;
  }

  /// Vectors that a thread goes through in the longest loop.
  int64_t perThread(const RowPlan &plan) const {
    int64_t most = 1;
    for (const RowLoop &loop : loops)
      most = std::max(most, loop.rounds(plan.lanes, plan.threadsPerRow));
    return most;
  }
};

constexpr int64_t mostUnrolled = 8, unrolledInLoops = 4;

/// Fills in what follows from the threads of a row.
void complete(RowPlan &plan, const Demand &demand) {
  constexpr int64_t registersOfMultiprocessor = 1 << 16, registersForTheRest = 40;
  int64_t perThread = demand.perThread(plan);
  // Two blocks to a multiprocessor, so that one computes while the other waits for memory.
  int64_t registers = std::min<int64_t>(255, registersOfMultiprocessor / (2 * std::max<int64_t>(plan.threads(), 256)));
  registers = std::max<int64_t>(registers, 64);
  plan.inRegisters = perThread <= mostUnrolled &&
                     perThread * plan.lanes * demand.operands <= std::max<int64_t>(registers - registersForTheRest, 16);
  plan.unroll = plan.inRegisters ? perThread : std::min(perThread, unrolledInLoops);
  plan.blockReductions = plan.threadsPerRow > warpSize ? demand.reductions : 0;
}

/// Lower is better: 0 would be a kernel that only moves its bytes.
double cost(const RowPlan &plan, const Demand &demand, const TargetDescription &target) {
  int64_t perThread = demand.perThread(plan);
  // Threads whose last vector does not exist.
  double result = double(perThread * plan.threadsPerRow) / double(demand.vectors) - 1.0;
  // What is not kept is read again from the caches, in a loop that the row's threads make shorter.
  if (!plan.inRegisters)
    result += (demand.reductions > 0 ? 2.0 : 0.5) + 0.15 * std::log2(double(perThread) / double(plan.unroll));
  // Few loads under way leave memory idle; many make the first result late.
  if (plan.unroll < 2)
    result += 0.15;
  if (plan.unroll > 4)
    result += 0.05 * double(plan.unroll - 4);
  // A barrier waits for the slowest warp, and the more so the more warps there are.
  if (plan.blockReductions > 0)
    result += 0.2 + 0.1 * double(plan.threadsPerRow) / 512.0;
  // Of such blocks only one fits a multiprocessor, and nothing moves while it waits.
  if (plan.blockReductions > 0 && plan.threads() > 640)
    result += 0.3;
  // A warp that reads less than 128 bytes of one row at a time.
  if (plan.threadsPerRow < 8 && demand.vectors > plan.threadsPerRow)
    result += 0.3;
  // Rows that do not fill the GPU are better spread over more threads.
  double wanted = double(target.multiprocessors) * 1024.0, threads = double(demand.rows * plan.threadsPerRow);
  if (threads < wanted)
    result += 1.0 - threads / wanted;
  return result;
}

} // namespace

/// Calls `consider` with every shape, and what it costs besides.
static void forEachPlan(KernelOp kernel, const RowProgram &program,
                        function_ref<void(const RowPlan &plan, const Demand &demand, double extra)> consider) {
  auto tryShape = [&](const Demand &demand, int64_t lanes, int64_t threadsPerRow, int64_t rowsPerBlock, double extra) {
    RowPlan plan;
    plan.lanes = lanes;
    plan.threadsPerRow = threadsPerRow;
    plan.rowsPerBlock = rowsPerBlock;
    complete(plan, demand);
    consider(plan, demand, extra);
  };
  constexpr int64_t threads = 256;
  int64_t widest = RowPlan::lanesFor(kernel);
  Demand demand(kernel, program, widest);
  if (demand.reductions == 0) {
    for (int64_t share = 1; share <= threads; share *= 2)
      tryShape(demand, widest, share, threads / share, 0.0);
    return;
  }
  auto trySums = [&](const Demand &demand, int64_t lanes, double extra) {
    tryShape(demand, lanes, warpSize, threads / warpSize, extra);
    for (int64_t share = 2 * warpSize; share * lanes <= arithmetic::hopper::lanes; share *= 2)
      tryShape(demand, lanes, share, 1, extra);
  };
  trySums(demand, widest, 0.0);
  // Narrower vectors than could be: more threads to a long row.
  if (widest > 4)
    trySums(Demand(kernel, program, widest / 2), widest / 2, 0.1);
}

SmallVector<Candidate> hadal::proposeRowPlans(KernelOp kernel, const RowProgram &program,
                                              const TargetDescription &target) {
  PredictedTime stream = predictStream(kernel, target, /*launches=*/1);
  SmallVector<Candidate> candidates;
  forEachPlan(kernel, program, [&](const RowPlan &plan, const Demand &demand, double extra) {
    double waiting = (cost(plan, demand, target) + extra) * stream.memory;
    candidates.push_back({plan.toChoice(kernel.getContext()),
                          {0, stream.memory, stream.overhead + waiting, stream.memory + stream.overhead + waiting}});
  });
  return candidates;
}

FailureOr<RowPlan> hadal::checkRowPlan(choices::RowPlanAttr choice, KernelOp kernel, const RowProgram &program,
                                       EmitError emitError) {
  std::optional<RowPlan> found;
  forEachPlan(kernel, program, [&](const RowPlan &plan, const Demand &, double) {
    if (plan.toChoice(kernel.getContext()) == choice)
      found = plan;
  });
  if (found)
    return *found;
  InFlightDiagnostic diagnostic = emitError() << "rows are not shared like that here; possible are";
  forEachPlan(kernel, program, [&](const RowPlan &plan, const Demand &, double) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    printChoice(stream, plan.toChoice(kernel.getContext()));
    diagnostic << " {" << text << "}";
  });
  return diagnostic;
}

int64_t RowPlan::sharedBytes() const {
  return reductionBytes(blockReductions, threadsPerRow, lanes * int64_t(sizeof(float)));
}

choices::RowPlanAttr RowPlan::toChoice(MLIRContext *context) const {
  return choices::RowPlanAttr::get(context, lanes, threadsPerRow, rowsPerBlock, unroll, inRegisters);
}

RowPlan RowPlan::of(choices::RowPlanAttr choice, KernelOp kernel, const RowProgram &program) {
  RowPlan plan;
  plan.lanes = choice.getLanes();
  plan.threadsPerRow = choice.getThreadsPerRow();
  plan.rowsPerBlock = choice.getRowsPerBlock();
  plan.unroll = choice.getUnroll();
  plan.inRegisters = choice.getInRegisters();
  if (plan.threadsPerRow > warpSize)
    plan.blockReductions = Demand(kernel, program, plan.lanes).reductions;
  return plan;
}
