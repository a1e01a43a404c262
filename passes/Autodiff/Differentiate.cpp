//===- Differentiate.cpp - from losses to gradients ---------------------------------------------------------------===//
//
// Implements hadal-differentiate: @accumulate is a copy of @forward that also takes the gradients accumulated so far
// and returns them with the gradients of this micro-batch added, or these alone where the scalar `adds_to_gradients` is
// 0: in the first micro-batch of a step. The sweep starts from the parts of the loss: the main loss with loss_scale,
// the others with loss_scale times their weight.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "mlir/IR/Builders.h"
#include "passes/Autodiff/ReverseSweep.h"
#include "passes/Transforms/EntryPoint.h"
#include "passes/Transforms/Requirements.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace hadal;

namespace hadal {
#define GEN_PASS_DEF_DIFFERENTIATE
#include "passes/Passes.h.inc"
} // namespace hadal

namespace {
struct Differentiate : hadal::impl::DifferentiateBase<Differentiate> {
  using DifferentiateBase::DifferentiateBase;

  /// A part of the loss besides the main one, with the scalar that weighs it.
  struct WeightedLoss {
    Value loss;
    Value weight;
  };

  /// @forward as hadal-bind-parameters leaves it.
  LogicalResult checkInput(func::FuncOp forward) {
    if (failed(requireStraightLine(forward)) || failed(requireBoundParameters(forward)) ||
        failed(requireClosedShapes(forward)) || failed(requireSymbols(forward)) || failed(requireTies(forward)) ||
        failed(requireFreeName(getOperation(), stringifyEntryRole(EntryRole::Accumulate))))
      return failure();
    auto scalar = RankedTensorType::get({}, Float32Type::get(&getContext()));
    bool hasLoss = false;
    for (unsigned index = 0; index < forward.getNumResults(); ++index) {
      StringAttr name = getResultName(forward, index);
      if (!name && !getTiedArgument(forward, index))
        return forward.emitError("@forward has a result #")
               << index << " without " << resultAttrName << " or " << tiedAttrName;
      if (!name || !name.getValue().starts_with("loss."))
        continue;
      hasLoss |= name.getValue() == results::mainLoss;
      if (forward.getResultTypes()[index] != scalar)
        return forward.emitError("@forward yields ")
               << name << " as " << forward.getResultTypes()[index] << "; a loss is " << scalar;
    }
    if (!hasLoss)
      return forward.emitError("@forward has no result 'loss.main': run hadal-bind-parameters on a model");
    return success();
  }

  /// Adds a gradient argument for every trainable parameter; answers with the pairs (parameter, gradient).
  SmallVector<std::pair<BlockArgument, BlockArgument>> addGradientArguments(EntryPoint &entry, SymbolTable &symbols) {
    SmallVector<std::pair<BlockArgument, BlockArgument>> pairs;
    for (BlockArgument argument : llvm::to_vector(entry.getBody().getArguments())) {
      FlatSymbolRefAttr name = entry.getParameter(argument);
      if (name && symbols.lookup<ParameterOp>(name.getValue()).getTrainable())
        pairs.emplace_back(argument,
                           entry.addArgument(argument.getType(), ArgumentRole::Gradient, name, argument.getLoc()));
    }
    return pairs;
  }

  /// loss = main + Σ weight · part, unscaled.
  Value addTotal(OpBuilder &builder, Location loc, Value main, ArrayRef<WeightedLoss> parts) {
    Value total = main;
    for (const WeightedLoss &part : parts) {
      Value weighted = arith::MulFOp::create(builder, loc, part.weight, part.loss);
      total = arith::AddFOp::create(builder, loc, total, weighted);
    }
    return total;
  }

  LogicalResult differentiate(func::FuncOp forward) {
    SymbolTable symbols(forward->getParentOfType<ModuleOp>());
    func::FuncOp accumulate = forward.clone();
    accumulate.setName(stringifyEntryRole(EntryRole::Accumulate));
    symbols.insert(accumulate, std::next(Block::iterator(forward)));
    EntryPoint entry(accumulate);
    LogicalResult swept = addBackwardPass(entry, symbols);
    entry.finish();
    return swept;
  }

  LogicalResult addBackwardPass(EntryPoint &entry, SymbolTable &symbols) {
    Location loc = entry.getFunction().getLoc();
    OpBuilder builder = entry.getBuilder();
    auto pairs = addGradientArguments(entry, symbols);
    Value adds = pairs.empty() ? Value() : entry.addScalar("adds_to_gradients", loc);
    Value scale = entry.addScalar("loss_scale", loc), main = entry.findResult(results::mainLoss);
    SmallVector<WeightedLoss> parts;
    if (Value loss = entry.findResult(results::mtpLoss))
      parts.push_back({loss, entry.addScalar("mtp_loss_weight", loc)});
    if (Value loss = entry.findResult(results::balanceLoss))
      parts.push_back({loss, entry.addScalar("balance_loss_weight", loc)});

    ReverseSweep sweep(entry.getBody());
    for (auto [parameter, gradient] : pairs)
      sweep.addTarget(parameter, gradient, adds);
    sweep.addSeed(main, scale);
    for (const WeightedLoss &part : parts)
      sweep.addSeed(part.loss, arith::MulFOp::create(builder, loc, scale, part.weight));
    if (failed(sweep.run()))
      return failure();

    builder = entry.getBuilder();
    Value total = addTotal(builder, loc, main, parts);
    entry.addResult(results::loss, total);
    // A parameter on which no loss depends keeps no gradient here.
    for (auto [parameter, gradient] : pairs)
      if (Value sum = sweep.getGradient(parameter))
        entry.addUpdate(gradient, sum);
    entry.eraseUnusedArguments(
        [&](BlockArgument argument) { return argument == adds || entry.getRole(argument, ArgumentRole::Gradient); });
    return success();
  }

  void runOnOperation() override {
    func::FuncOp forward = findEntry(getOperation(), EntryRole::Forward);
    if (!forward || forward.isExternal()) {
      getOperation().emitError("holds no function @forward: run hadal-bind-parameters first");
      return signalPassFailure();
    }
    if (failed(checkInput(forward)) || failed(differentiate(forward)))
      signalPassFailure();
  }
};
} // namespace
