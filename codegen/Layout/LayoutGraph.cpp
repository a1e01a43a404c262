//===- LayoutGraph.cpp - which tensors could lie otherwise --------------------------------------------------------===//
//
// See the header. A parameter that has packed forms already is left alone.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Layout/LayoutGraph.h"
#include "dialect/IR/Conversions.h"
#include "dialect/IR/Encoding.h"
#include "passes/Programs/Programs.h"

using namespace mlir;
using namespace hadal;

/// The most forms that are weighed for one tensor: what is kept is found by trying all sets of them.
static constexpr size_t mostForms = 10;

/// Of what is no part of a step: once in so many steps.
static constexpr double rarely = 0.01;

std::string StoredTensor::describe() const {
  if (parameter)
    return ("@" + ParameterOp(parameter).getSymName()).str();
  Making making = makings.front();
  return ("result " + Twine(making.result) + " of @" + making.launch.getKernel()).str();
}

double LayoutGraph::runsOf(func::FuncOp entry) const {
  if (getLoadedParameter(entry))
    return 0;
  switch (findStepPart(entry)) {
  case StepPart::MicroBatch:
    return microBatches;
  case StepPart::Once:
    return 1;
  case StepPart::None:
    return rarely;
  }
  llvm_unreachable("all parts are handled");
}

double LayoutGraph::secondsOfProgram(KernelTimes &times) const {
  double seconds = 0;
  for (auto entry : ModuleOp(module).getOps<func::FuncOp>())
    for (auto launch : entry.getOps<LaunchOp>())
      seconds += runsOf(entry) * times.secondsOf(kernelOf(launch)).value_or(0);
  return seconds;
}

/// Whether the launch's kernel only rounds its one operand.
bool LayoutGraph::isRounding(LaunchOp launch) const {
  KernelOp kernel = kernelOf(launch);
  if (!kernel || launch->getNumOperands() != 1 || launch->getNumResults() != 1)
    return false;
  Operation *maker = kernel.getBody().front().getTerminator()->getOperand(0).getDefiningOp();
  return hadal::isRounding(maker) && maker->getOperand(0) == kernel.getBody().getArgument(0) &&
         !getEncoding(launch.getResult(0).getType());
}

static bool isTied(OpOperand &use) {
  auto launch = cast<LaunchOp>(use.getOwner());
  return llvm::is_contained(launch.getTied().value_or(ArrayRef<int64_t>()), int64_t(use.getOperandNumber()));
}

void LayoutGraph::addUses(StoredTensor &tensor, Value value, double runs) {
  for (OpOperand &use : value.getUses()) {
    auto launch = dyn_cast<LaunchOp>(use.getOwner());
    if (!launch || !kernelOf(launch) || isTied(use)) {
      tensor.needsRows = true;
      continue;
    }
    if (!isRounding(launch)) {
      tensor.readings.push_back({launch, use.getOperandNumber(), runs});
      continue;
    }
    RoundingLaunch rounding{launch, runs, {}, true};
    for (OpOperand &next : launch.getResult(0).getUses()) {
      auto reader = dyn_cast<LaunchOp>(next.getOwner());
      if (reader && kernelOf(reader) && !isTied(next))
        rounding.readings.push_back({reader, next.getOperandNumber(), runs});
      else
        rounding.isForReadings = false;
    }
    tensor.roundings.push_back(std::move(rounding));
  }
}

/// Uses of the parameter in an entry point, and what makes its new value there.
void LayoutGraph::addParameter(StoredTensor &tensor, BlockArgument argument) {
  auto entry = cast<func::FuncOp>(argument.getOwner()->getParentOp());
  double runs = runsOf(entry);
  addUses(tensor, argument, runs);
  for (OpOperand &returned : entry.getBody().front().getTerminator()->getOpOperands()) {
    if (getTiedArgument(entry, returned.getOperandNumber()) != argument.getArgNumber())
      continue;
    tensor.needsRows = true;
    if (auto result = dyn_cast<OpResult>(returned.get()))
      if (auto launch = dyn_cast<LaunchOp>(result.getOwner()))
        tensor.makings.push_back({launch, result.getResultNumber(), runs});
  }
}

/// The forms that some reading could have.
void LayoutGraph::addForms(StoredTensor &tensor, KernelTimes &times) {
  auto add = [&](RankedTensorType type) {
    auto isSame = [&](const Form &form) { return form.type == type; };
    if (tensor.forms.size() < mostForms && llvm::none_of(tensor.forms, isSame))
      tensor.forms.push_back({type, getByteSize(type)});
  };
  auto addOf = [&](ArrayRef<Reading> readings) {
    for (const Reading &reading : readings)
      for (RankedTensorType form : times.readableForms(kernelOf(reading.launch), reading.operand))
        add(form);
  };
  addOf(tensor.readings);
  for (RoundingLaunch &rounding : tensor.roundings) {
    // What a launch makes is rounded where it is made, if that pays: fusion has seen to it.
    if (tensor.parameter)
      add(cast<RankedTensorType>(rounding.launch.getResult(0).getType()));
    addOf(rounding.readings);
  }
}

LayoutGraph::LayoutGraph(ModuleOp module, double microBatches, KernelTimes &times)
    : module(module), microBatches(microBatches) {
  llvm::MapVector<StringAttr, StoredTensor> parameters;
  std::vector<StoredTensor> others;
  DenseSet<StringAttr> packed;
  for (Operation &op : *module.getBody()) {
    if (auto kernel = dyn_cast<KernelOp>(op))
      kernels[kernel.getSymNameAttr()] = kernel;
    if (auto parameter = dyn_cast<ParameterOp>(op)) {
      StoredTensor &tensor = parameters[parameter.getSymNameAttr()];
      tensor.parameter = parameter;
      tensor.type = dyn_cast<RankedTensorType>(parameter.getType());
    }
  }
  for (auto entry : module.getOps<func::FuncOp>()) {
    if (entry.isExternal())
      continue;
    for (BlockArgument argument : entry.getArguments()) {
      unsigned number = argument.getArgNumber();
      if (FlatSymbolRefAttr name = getRoleSymbol(entry, number, ArgumentRole::Packed))
        packed.insert(name.getAttr());
      FlatSymbolRefAttr name = getRoleSymbol(entry, number, ArgumentRole::Parameter);
      if (auto found = name ? parameters.find(name.getAttr()) : parameters.end(); found != parameters.end())
        addParameter(found->second, argument);
    }
    for (auto launch : entry.getOps<LaunchOp>())
      for (OpResult result : launch->getResults()) {
        // What lies in another tensor's place is read in rows by whoever made it so.
        if (launch.getTied() && (*launch.getTied())[result.getResultNumber()] >= 0)
          continue;
        StoredTensor tensor;
        tensor.type = cast<RankedTensorType>(result.getType());
        tensor.needsRows = true;
        tensor.makings.push_back({launch, result.getResultNumber(), runsOf(entry)});
        addUses(tensor, result, runsOf(entry));
        others.push_back(std::move(tensor));
      }
  }
  auto take = [&](StoredTensor &tensor) {
    addForms(tensor, times);
    if (!tensor.forms.empty())
      tensors.push_back(std::move(tensor));
  };
  for (auto &[name, tensor] : parameters)
    if (tensor.type && !packed.contains(name))
      take(tensor);
  for (StoredTensor &tensor : others)
    if (!llvm::any_of(tensor.makings, [&](const Making &making) { return isRounding(making.launch); }))
      take(tensor);
}
