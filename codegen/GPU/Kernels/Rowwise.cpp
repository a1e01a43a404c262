//===- Rowwise.cpp - kernels along rows on NVIDIA GPUs ------------------------------------------------------------===//
//
// Rows are shared by as many threads as RowPlan chooses: part of a warp, a warp, or a block; RowEmitter says what each
// thread does. A kernel that is purely elementwise has no rows to respect: its elements are spread over the grid.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/Emit/ElementwiseEmitter.h"
#include "codegen/Emit/RotaryTable.h"
#include "codegen/GPU/Frames/RowEmitter.h"
#include "codegen/GPU/GPUStrategies.h"

using namespace mlir;
using namespace hadal;

namespace {

class GPURowwiseStrategy : public KernelStrategy {
public:
  GPURowwiseStrategy() : KernelStrategy(TargetKind::NVPTX, KernelKind::Rowwise, "rows_by_threads") {}

  bool serves(const KernelAnatomy &anatomy, Refusals &refusals) const override {
    return anatomy.rows() && succeeded(checkPairs(anatomy.expanded(), *anatomy.rows(), refusals));
  }

  SmallVector<Candidate> propose(const KernelAnatomy &anatomy, const TargetDescription &target,
                                 Refusals &) const override {
    KernelOp kernel = anatomy.kernel();
    if (!anatomy.rows()->elementwise)
      return proposeRowPlans(anatomy.expanded(), *anatomy.rows(), target);
    int64_t perThread = chooseItemsPerThread(elementsOf(kernel) / lanesOf(kernel), mostPerThread, target);
    return {{choices::ShareAttr::get(kernel.getContext(), perThread), predictStream(kernel, target, /*launches=*/1)}};
  }

  LogicalResult configure(const KernelAnatomy &anatomy, const TargetDescription &target,
                          KernelConfiguration &configuration, EmitError emitError) const override {
    KernelOp kernel = anatomy.kernel();
    if (anatomy.rows()->elementwise) {
      auto choice = expectChoice<choices::ShareAttr>(configuration, emitError);
      if (!choice || failed(checkField(emitError, "items", choice.getItems(), 1, mostPerThread)))
        return failure();
      addItemStage(configuration, "elements", elementsOf(kernel) / lanesOf(kernel));
      return success();
    }
    auto choice = expectChoice<choices::RowPlanAttr>(configuration, emitError);
    if (!choice)
      return failure();
    FailureOr<RowPlan> plan = checkRowPlan(choice, anatomy.expanded(), *anatomy.rows(), emitError);
    if (failed(plan))
      return failure();
    configuration.addGPUStage("rows", llvm::divideCeil(anatomy.rows()->rows, plan->rowsPerBlock), plan->threads(),
                              plan->sharedBytes());
    return success();
  }

  LogicalResult lower(const KernelAnatomy &anatomy, const KernelConfiguration &configuration,
                      const TargetDescription &target, OpBuilder &builder) const override {
    KernelOp kernel = anatomy.kernel(), expanded = anatomy.expanded();
    const RowProgram *program = anatomy.rows();
    GPUStage stage(builder, kernel, configuration, 0, target);
    RowEmitter::Tables tables = createTables(stage, expanded, *program);
    if (program->elementwise) {
      RowPlan plan;
      plan.lanes = lanesOf(kernel);
      RowEmitter(stage, expanded, *program, plan, tables).emitElements(elementsOf(kernel), configuration.share());
      return success();
    }
    RowPlan plan = RowPlan::of(configuration.chosen<choices::RowPlanAttr>(), expanded, *program);
    lowerRows(stage, expanded, *program, plan, tables);
    return success();
  }

private:
  /// Vectors of a thread that are under way together, at most.
  static constexpr int64_t mostPerThread = 4;

  /// Elements of a vector where elements are all that there is.
  static int64_t lanesOf(KernelOp kernel) { return commonLanes(RowPlan::lanesFor(kernel), {elementsOf(kernel)}); }

  /// Channels that are rotated with their neighbour are exchanged within a vector, and columns that are summed have the
  /// same vectors in every piece: none of a single column, then.
  static LogicalResult checkPairs(KernelOp expanded, const RowProgram &program, Refusals &refusals) {
    for (unsigned phase = 0; phase < program.phases; ++phase)
      for (const RowLoop &loop : getRowLoops(expanded, program, phase)) {
        if (loop.reductions.empty() || loop.lanesOf(loop.space.pieces().front(), 2) > 1)
          continue;
        DenseSet<Value> seen;
        bool rotates = llvm::any_of(loop.stores, [&](OpOperand *store) { return rotatesPairs(store->get(), seen); });
        for (RowReductionOpInterface reduction : loop.reductions)
          if (rotates || rotatesPairs(reduction.getInput(), seen))
            return refusals.add(reduction, "sums channels that are rotated with their neighbours beside a part that "
                                           "ends at an odd column: sum them in a kernel of its own");
      }
    return success();
  }

  static bool rotatesPairs(Value tensor, DenseSet<Value> &seen) {
    Operation *op = tensor.getDefiningOp();
    if (!op || isOnePerRow(tensor) || !seen.insert(tensor).second)
      return false;
    auto rotation = dyn_cast<RotationOpInterface>(op);
    return (rotation && rotation.getRope().getLayout() != RopeLayout::Half) ||
           llvm::any_of(op->getOperands(), [&](Value operand) { return rotatesPairs(operand, seen); });
  }

  static int64_t elementsOf(KernelOp kernel) {
    return cast<RankedTensorType>(kernel.getResultTypes().front()).getNumElements();
  }

  static RowEmitter::Tables createTables(GPUStage &stage, KernelOp expanded, const RowProgram &program) {
    KernelBuilder &k = stage.k;
    RowEmitter::Tables tables;
    expanded->walk([&](RotationOpInterface rotation) {
      Value &table = tables[rotation.getRope()];
      if (!table)
        table = LLVM::AddressOfOp::create(
            k.builder, k.loc,
            createSplitRotaryTable(k.builder, k.loc, rotation.getRope(), program.angles.lookup(rotation.getRope())));
    });
    return tables;
  }

  static void lowerRows(GPUStage &stage, KernelOp expanded, const RowProgram &program, const RowPlan &plan,
                        const RowEmitter::Tables &tables) {
    KernelBuilder &k = stage.k;
    Value row = stage.block(), member = stage.thread();
    if (plan.rowsPerBlock > 1) {
      row = k.add(k.mul(row, plan.rowsPerBlock), k.div(stage.thread(), plan.threadsPerRow));
      member = k.rem(stage.thread(), plan.threadsPerRow);
    }
    auto emit = [&] { RowEmitter(stage, expanded, program, plan, tables).emitRow(row, member); };
    // Threads that shuffle with one another share a row, so they leave together.
    if (program.rows % plan.rowsPerBlock == 0)
      emit();
    else
      k.ifThen(k.less(row, k.i64(program.rows)), emit);
  }
};

} // namespace

void hadal::registerGPURowwiseStrategies() { registerStrategy(std::make_unique<GPURowwiseStrategy>()); }
