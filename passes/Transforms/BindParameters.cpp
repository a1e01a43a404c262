//===- BindParameters.cpp - parameters become symbols and arguments -----------------------------------------------===//
//
// Implements hadal-bind-parameters. The model's operations are walked in order; every parameter slot is looked up under
// its absolute name, and the first use of a name makes the parameter. The body of the model then moves into the
// function @forward, which takes the window and the parameters and returns the parts of the loss.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "mlir/IR/Builders.h"
#include "passes/Transforms/EntryPoint.h"
#include "passes/Transforms/Requirements.h"
#include "passes/Transforms/SingleModel.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace hadal;

namespace hadal {
#define GEN_PASS_DEF_BINDPARAMETERS
#include "passes/Passes.h.inc"
} // namespace hadal

namespace {

struct Parameter {
  ParameterSlot slot;
  Operation *firstUser;
  BlockArgument argument;
  llvm::SetVector<Attribute> aliases;
};

class Binder {
public:
  Binder(ModuleOp module, ModelOp model) : module(module), model(model), builder(module.getContext()) {}
  LogicalResult bind();

private:
  LogicalResult bindOperation(ParametersOpInterface op, EntryPoint &forward);
  LogicalResult checkNames(ParametersOpInterface op);
  LogicalResult checkStoredNames();
  FailureOr<Parameter *> findOrAdd(ParametersOpInterface op, const ParameterSlot &slot, EntryPoint &forward);
  void addLosses(LossesOp losses, EntryPoint &forward);
  void createSymbols();
  LogicalResult describeModel();
  LogicalResult checkInput();

  ModuleOp module;
  ModelOp model;
  OpBuilder builder;
  llvm::MapVector<StringAttr, std::unique_ptr<Parameter>> parameters;
};

/// Names become those of tensors in files.
LogicalResult Binder::checkNames(ParametersOpInterface op) {
  for (StringAttr name : op.getParametersAttr().getAsRange<StringAttr>()) {
    if (name.getValue().contains("{e}"))
      return op.emitError("parameter '") << name.getValue() << "' holds '{e}', which stands for an expert's number: "
                                         << "hadal.experts adds it to the prefix that it is given";
    if (llvm::is_contained(getEntryPointNames(), name.getValue()))
      return op.emitError("parameter '") << name.getValue()
                                         << "' has the name of a function that a program gets: choose another";
    if (!llvm::json::isUTF8(name.getValue()))
      return op.emitError("the name of a parameter is not valid UTF-8: ") << name;
  }
  return success();
}

/// A stacked parameter is stored as one tensor per expert. No two parameters may be stored under the same name, nor one
/// under the name of a loss, which --save-gradients writes beside the gradients.
LogicalResult Binder::checkStoredNames() {
  llvm::StringMap<Parameter *> stored;
  for (auto &[name, parameter] : parameters) {
    auto [before, after] = name.getValue().split("{e}");
    bool isStacked = before.size() != name.size();
    for (int64_t expert : llvm::seq<int64_t>(isStacked ? parameter->slot.type.getDimSize(0) : 1)) {
      std::string tensor = isStacked ? (before + Twine(expert) + after).str() : name.str();
      if (tensor == results::loss || StringRef(tensor).starts_with((results::loss + ".").str()))
        return parameter->firstUser->emitError("parameter '") << tensor << "' has the name of a loss: choose another";
      auto [known, isNew] = stored.try_emplace(tensor, parameter.get());
      if (isNew)
        continue;
      InFlightDiagnostic diagnostic = parameter->firstUser->emitError("parameter '")
                                      << name.getValue() << "' is stored as the tensor '" << tensor << "', as '"
                                      << known->second->slot.name << "' is: choose another name";
      diagnostic.attachNote(known->second->firstUser->getLoc()) << "first used here";
      return diagnostic;
    }
  }
  return success();
}

FailureOr<Parameter *> Binder::findOrAdd(ParametersOpInterface op, const ParameterSlot &slot, EntryPoint &forward) {
  StringAttr name = builder.getStringAttr(slot.name);
  std::unique_ptr<Parameter> &parameter = parameters[name];
  if (!parameter) {
    BlockArgument argument = forward.addArgument(slot.type, ArgumentRole::Parameter, FlatSymbolRefAttr::get(name),
                                                 NameLoc::get(name, op.getLoc()));
    parameter = std::make_unique<Parameter>(Parameter{slot, op, argument, {}});
    return parameter.get();
  }
  const ParameterSlot &known = parameter->slot;
  if (known.type == slot.type && known.trainable == slot.trainable)
    return parameter.get();
  InFlightDiagnostic diagnostic = op.emitError("parameter '") << slot.name << "' is ";
  if (known.type != slot.type)
    diagnostic << slot.type << " here, but " << known.type << " where it was used first";
  else
    diagnostic << "used both as a weight that is trained and as a router's selection bias, which is not";
  diagnostic.attachNote(parameter->firstUser->getLoc()) << "first used here";
  return diagnostic;
}

LogicalResult Binder::bindOperation(ParametersOpInterface op, EntryPoint &forward) {
  if (failed(checkNames(op)))
    return failure();
  SmallVector<Value> weights;
  for (const ParameterSlot &slot : op.getParameterSlots()) {
    if (slot.name.empty())
      return op.emitError("misses the name of a parameter");
    if (!slot.type.hasStaticShape())
      return op.emitError("parameter '") << slot.name << "' has the open type " << slot.type;
    if (!isCountable(slot.type))
      return op.emitError("parameter '") << slot.name << "' has more than " << mostElements
                                         << " elements: " << slot.type;
    FailureOr<Parameter *> parameter = findOrAdd(op, slot, forward);
    if (failed(parameter))
      return failure();
    weights.push_back((*parameter)->argument);
    if (auto aliases = op->getAttrOfType<ArrayAttr>(aliasesAttrName))
      (*parameter)->aliases.insert(aliases.begin(), aliases.end());
  }
  op->removeAttr(aliasesAttrName);
  op.removeParametersAttr();
  op.getWeightsMutable().assign(weights);
  return success();
}

void Binder::addLosses(LossesOp losses, EntryPoint &forward) {
  OpBuilder builder(losses);
  forward.addResult(results::mainLoss, losses.getMain());
  if (losses.getMtp())
    forward.addResult(results::mtpLoss, losses.getMtp());
  if (losses.getBalance().empty())
    return;
  Value sum = losses.getBalance().front();
  for (Value balance : losses.getBalance().drop_front())
    sum = arith::AddFOp::create(builder, losses.getLoc(), sum, balance);
  forward.addResult(results::balanceLoss, sum);
}

void Binder::createSymbols() {
  for (auto &[name, parameter] : parameters) {
    const ParameterSlot &slot = parameter->slot;
    double std = slot.initializer == Initializer::Normal ? model.getInitializerStd().convertToDouble() : 0.0;
    ArrayAttr aliases =
        parameter->aliases.empty() ? ArrayAttr() : builder.getArrayAttr(parameter->aliases.getArrayRef());
    ParameterOp::create(builder, parameter->firstUser->getLoc(), name, TypeAttr::get(slot.type),
                        InitializerAttr::get(builder.getContext(), slot.initializer), builder.getF64FloatAttr(std),
                        builder.getBoolAttr(slot.trainable), aliases);
  }
}

LogicalResult Binder::describeModel() {
  TokenTableOpInterface embedding;
  model.walk([&](TokenTableOpInterface op) {
    embedding = op;
    return WalkResult::interrupt();
  });
  if (!embedding)
    return model.emitError("has no hadal.embedding, so it reads no tokens");
  module->setAttr(modelAttrName, model.getSymNameAttr());
  module->setAttr(vocabularyAttrName, builder.getI64IntegerAttr(embedding.getVocabulary()));
  return success();
}

/// What the module and the model have to be before anything is changed.
LogicalResult Binder::checkInput() {
  if (failed(requireExpandedLayers(model)) || failed(requireNoRegions(model.getBody().front())))
    return failure();
  for (StringRef name : getEntryPointNames())
    if (name != model.getSymName() && failed(requireFreeName(module, name)))
      return failure();
  for (Operation &op : *module.getBody())
    if (isa<ParameterOp, StateOp, KernelOp>(op))
      return op.emitError("'") << op.getName() << "' stands beside a model, whose parameters are not bound yet";
  return success();
}

LogicalResult Binder::bind() {
  if (failed(checkInput()) || failed(describeModel()))
    return failure();
  builder.setInsertionPoint(model);
  EntryPoint forward(builder, model.getLoc(), EntryRole::Forward);
  Block &body = model.getBody().front();
  BlockArgument window = body.getArgument(0);
  window.replaceAllUsesWith(forward.addArgument(window.getType(), ArgumentRole::Input,
                                                builder.getStringAttr(tokensInputName), window.getLoc()));
  WalkResult bound = model.walk([&](ParametersOpInterface op) {
    return WalkResult(op.getParametersAttr() ? bindOperation(op, forward) : success());
  });
  if (bound.wasInterrupted() || failed(checkStoredNames())) {
    // The model is reported as it was, minus what is bound: leave no half-built function behind.
    forward.finish();
    return failure();
  }
  auto losses = cast<LossesOp>(body.getTerminator());
  addLosses(losses, forward);
  losses.erase();
  forward.getBody().getOperations().splice(forward.getBody().end(), body.getOperations());
  forward.finish();
  builder.setInsertionPoint(forward.getFunction());
  createSymbols();
  model.erase();
  return success();
}

struct BindParameters : hadal::impl::BindParametersBase<BindParameters> {
  using BindParametersBase::BindParametersBase;

  void runOnOperation() override {
    FailureOr<ModelOp> model = getSingleModel(getOperation());
    if (failed(model) || failed(Binder(getOperation(), *model).bind()))
      signalPassFailure();
  }
};
} // namespace
