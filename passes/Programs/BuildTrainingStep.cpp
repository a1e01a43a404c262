//===- BuildTrainingStep.cpp - the rest of a training program -----------------------------------------------------===//
//
// Implements hadal-build-training-step: the load of every router with a bias is gathered over the micro-batches of a
// step, @gradient_norm measures the gradients, @update turns gradients and loads into new parameters, and @evaluate is
// what @forward needs for the main loss. The norm has an entry point of its own so that the runtime sees a gradient
// that is not finite before anything is overwritten.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "mlir/IR/Builders.h"
#include "passes/Transforms/EntryPoint.h"
#include "passes/Transforms/Requirements.h"

using namespace mlir;
using namespace hadal;

namespace hadal {
#define GEN_PASS_DEF_BUILDTRAININGSTEP
#include "passes/Passes.h.inc"
} // namespace hadal

namespace {

/// A router's selection bias and the state that gathers the load of its experts.
struct BalancedRouter {
  ParameterOp bias;
  StateOp load;
};

class TrainingStep {
public:
  explicit TrainingStep(ModuleOp module) : module(module), symbols(module), builder(module.getContext()) {}

  void addLoads(func::FuncOp accumulate);
  void buildGradientNorm(func::FuncOp accumulate);
  void buildUpdate();
  void buildEvaluate(func::FuncOp forward);

private:
  /// The scalars of AdamW, in the order in which hadal.adamw takes them before the gradient's scale.
  static constexpr const char *adamwScalars[] = {"learning_rate", "weight_decay",     "beta1",           "beta2",
                                                 "epsilon",       "bias_correction1", "bias_correction2"};

  /// Parameters with a gradient, in the order of the module.
  SmallVector<ParameterOp> trainableParameters();
  StateOp createLoad(ParameterOp bias, Type type, Location loc);
  void updateParameters(EntryPoint &update);
  void updateBiases(EntryPoint &update);

  ModuleOp module;
  SymbolTable symbols;
  OpBuilder builder;
  SmallVector<BalancedRouter> routers;
};

SmallVector<ParameterOp> TrainingStep::trainableParameters() {
  auto parameters = module.getOps<ParameterOp>();
  return llvm::to_vector(llvm::make_filter_range(parameters, [](ParameterOp op) { return op.getTrainable(); }));
}

StateOp TrainingStep::createLoad(ParameterOp bias, Type type, Location loc) {
  // States follow the parameters, in the order of their routers.
  Operation *last = bias;
  if (!routers.empty())
    last = routers.back().load;
  else
    for (ParameterOp parameter : module.getOps<ParameterOp>())
      last = parameter;
  builder.setInsertionPointAfter(last);
  auto load = StateOp::create(builder, loc, builder.getStringAttr(bias.getSymName() + ".load"), TypeAttr::get(type));
  symbols.insert(load);
  routers.push_back({bias, load});
  return load;
}

// A bias that several routers share gathers the load of all of them.
void TrainingStep::addLoads(func::FuncOp accumulate) {
  EntryPoint entry(accumulate);
  struct Load {
    BlockArgument argument;
    Value sum;
  };
  llvm::MapVector<StringAttr, Load> loads;
  accumulate.walk([&](RouterOp router) {
    // A bias that is no parameter is not updated.
    auto bias = router.getWeights().empty() ? BlockArgument() : dyn_cast<BlockArgument>(router.getWeights().front());
    auto name = bias ? entry.getParameter(bias) : FlatSymbolRefAttr();
    if (!name)
      return;
    Load &load = loads[name.getAttr()];
    if (!load.sum) {
      Type type = router.getLoad().getType();
      StateOp state = createLoad(symbols.lookup<ParameterOp>(name.getValue()), type, router.getLoc());
      load.argument =
          entry.addArgument(type, ArgumentRole::State, FlatSymbolRefAttr::get(state.getSymNameAttr()), router.getLoc());
      load.sum = load.argument;
    }
    OpBuilder after(router->getBlock(), std::next(Block::iterator(router)));
    load.sum = arith::AddFOp::create(after, router.getLoc(), load.sum, router.getLoad());
  });
  for (auto &[name, load] : loads)
    entry.addUpdate(load.argument, load.sum);
  entry.finish();
}

// Weights are decayed, gains are not: what counts is the single matrix, so a stack of vectors is not decayed either.
static bool isDecayed(ParameterOp parameter) {
  int64_t rank = cast<RankedTensorType>(parameter.getType()).getRank();
  return rank - int64_t(parameter.getSymName().contains("{e}")) >= 2;
}

void TrainingStep::updateParameters(EntryPoint &update) {
  struct Trained {
    ParameterOp parameter;
    BlockArgument value, gradient, firstMoment, secondMoment;
  };
  SmallVector<Trained> trained;
  for (ParameterOp parameter : trainableParameters())
    trained.push_back({parameter, {}, {}, {}, {}});
  auto addArguments = [&](ArgumentRole role, BlockArgument Trained::*member) {
    for (Trained &entry : trained)
      entry.*member =
          update.addArgument(entry.parameter.getType(), role, FlatSymbolRefAttr::get(entry.parameter.getSymNameAttr()),
                             entry.parameter.getLoc());
  };
  addArguments(ArgumentRole::Parameter, &Trained::value);
  addArguments(ArgumentRole::Gradient, &Trained::gradient);
  addArguments(ArgumentRole::FirstMoment, &Trained::firstMoment);
  addArguments(ArgumentRole::SecondMoment, &Trained::secondMoment);
  Location loc = update.getFunction().getLoc();
  SmallVector<Value> scalars;
  for (StringRef name : adamwScalars)
    scalars.push_back(update.addScalar(name, loc));
  Value gradientScale = update.addScalar("gradient_scale", loc);

  OpBuilder builder = update.getBuilder();
  for (Trained &entry : trained) {
    Type type = entry.parameter.getType();
    auto step = AdamWOp::create(builder, entry.parameter.getLoc(), type, type, type, entry.value, entry.gradient,
                                entry.firstMoment, entry.secondMoment, scalars[0], scalars[1], scalars[2], scalars[3],
                                scalars[4], scalars[5], scalars[6], gradientScale, isDecayed(entry.parameter));
    update.addUpdate(entry.value, step.getNewParameter());
    update.addUpdate(entry.firstMoment, step.getNewFirstMoment());
    update.addUpdate(entry.secondMoment, step.getNewSecondMoment());
  }
}

void TrainingStep::updateBiases(EntryPoint &update) {
  if (routers.empty())
    return;
  Value rate = update.addScalar("router_bias_rate", update.getFunction().getLoc());
  for (BalancedRouter &router : routers) {
    auto argument = [&](Operation *symbol, Type type, ArgumentRole role) {
      return update.addArgument(type, role, FlatSymbolRefAttr::get(SymbolTable::getSymbolName(symbol)),
                                symbol->getLoc());
    };
    BlockArgument bias = argument(router.bias, router.bias.getType(), ArgumentRole::Parameter);
    BlockArgument load = argument(router.load, router.load.getType(), ArgumentRole::State);
    OpBuilder builder = update.getBuilder();
    auto step = RouterBiasUpdateOp::create(builder, router.bias.getLoc(), bias, load, rate);
    update.addUpdate(bias, step.getNewBias());
    update.addUpdate(load, step.getNewLoad());
  }
}

void TrainingStep::buildGradientNorm(func::FuncOp accumulate) {
  builder.setInsertionPointAfter(accumulate);
  Location loc = accumulate.getLoc();
  EntryPoint entry(builder, loc, EntryRole::GradientNorm);
  SmallVector<Value> squared;
  for (ParameterOp parameter : trainableParameters()) {
    auto name = FlatSymbolRefAttr::get(parameter.getSymNameAttr());
    Value gradient = entry.addArgument(parameter.getType(), ArgumentRole::Gradient, name, parameter.getLoc());
    OpBuilder body = entry.getBuilder();
    squared.push_back(SquaredNormOp::create(body, parameter.getLoc(), gradient));
  }
  Value limit = entry.addScalar("clip_norm", loc);
  OpBuilder body = entry.getBuilder();
  auto norm = GradientNormOp::create(body, loc, limit, squared);
  entry.addResult(results::gradientNorm, norm.getNorm());
  entry.addResult(results::gradientScale, norm.getScale());
  entry.finish();
}

void TrainingStep::buildUpdate() {
  func::FuncOp measure = findEntry(module, EntryRole::GradientNorm);
  builder.setInsertionPointAfter(measure);
  EntryPoint update(builder, measure.getLoc(), EntryRole::Update);
  updateParameters(update);
  updateBiases(update);
  update.finish();
}

void TrainingStep::buildEvaluate(func::FuncOp forward) {
  forward->moveAfter(findEntry(module, EntryRole::Update));
  symbols.setSymbolName(forward, stringifyEntryRole(EntryRole::Evaluate));
  EntryPoint evaluate(forward);
  evaluate.keepResult(results::mainLoss);
  evaluate.eraseWhatNoResultNeeds();
  evaluate.finish();
}

struct BuildTrainingStep : hadal::impl::BuildTrainingStepBase<BuildTrainingStep> {
  using BuildTrainingStepBase::BuildTrainingStepBase;

  /// Both functions as hadal-differentiate leaves them, and names that are free for the others.
  LogicalResult checkInput(func::FuncOp forward, func::FuncOp accumulate) {
    for (func::FuncOp function : {forward, accumulate}) {
      if (failed(requireStraightLine(function)) || failed(requireSymbols(function)) || failed(requireTies(function)))
        return failure();
      for (unsigned index = 0; index < function.getNumResults(); ++index)
        if (!getResultName(function, index) && !getTiedArgument(function, index))
          return function.emitError("@") << function.getName() << " has a result #" << index << " without "
                                         << resultAttrName << " or " << tiedAttrName;
    }
    if (!llvm::any_of(llvm::seq(forward.getNumResults()), [&](unsigned index) {
          StringAttr name = getResultName(forward, index);
          return name && name.getValue() == results::mainLoss;
        }))
      return forward.emitError("@forward has no result 'loss.main': run hadal-bind-parameters on a model");
    for (EntryRole role : {EntryRole::GradientNorm, EntryRole::Update, EntryRole::Evaluate})
      if (failed(requireFreeName(getOperation(), stringifyEntryRole(role))))
        return failure();
    return success();
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    func::FuncOp forward = findEntry(module, EntryRole::Forward), accumulate = findEntry(module, EntryRole::Accumulate);
    if (!forward || !accumulate) {
      module.emitError("holds no functions @forward and @accumulate: run hadal-differentiate first");
      return signalPassFailure();
    }
    if (failed(checkInput(forward, accumulate)))
      return signalPassFailure();
    TrainingStep step(module);
    step.addLoads(accumulate);
    step.buildGradientNorm(accumulate);
    step.buildUpdate();
    step.buildEvaluate(forward);
  }
};
} // namespace
