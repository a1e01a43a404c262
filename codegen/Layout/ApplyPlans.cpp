//===- ApplyPlans.cpp - tensors kept in other forms than rows -----------------------------------------------------===//
//
// 1. Forms are made: a launch that makes a tensor yields them beside it, or launches behind it do. Where the tensor is
//    a parameter, they are results of the entry point that writes it, and an entry point is added that makes them
//    whenever the parameter has been loaded.
// 2. Readings take them: of a parameter as arguments of the entry point, otherwise as values.
// 3. Each launch that changed names the variant of its kernel that does so.
// 4. What nothing needs any more is dropped: launches that only rounded, arguments, kernels.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Layout/LayoutPlan.h"
#include "dialect/IR/Encoding.h"
#include "passes/Transforms/EntryPoint.h"

using namespace mlir;
using namespace hadal;

namespace {

class PlanRewriter {
public:
  PlanRewriter(ModuleOp module, const LayoutGraph &graph) : module(module), symbols(module), graph(graph) {}

  void run(ArrayRef<TensorPlan> plans) {
    for (auto [tensor, plan] : llvm::zip_equal(graph.tensors, plans))
      if (plan.forms)
        rewrite(tensor, plan);
    for (auto &[launch, change] : changes)
      nameVariant(launch, change);
    drop();
    for (auto &[entry, point] : entries)
      point->finish();
    for (const auto &loading : loadings)
      addLoading(loading.first, loading.second);
    dropKernels();
  }

private:
  /// What changes at a launch, as the graph knows it.
  struct LaunchChange {
    KernelChange kernel;
    /// The launch that has taken its place, where it yields more.
    LaunchOp current;
  };

  LaunchChange &changeOf(LaunchOp launch) {
    LaunchChange &change = changes[launch];
    if (!change.current)
      change.current = launch;
    return change;
  }
  EntryPoint &open(LaunchOp launch) {
    auto entry = changeOf(launch).current->getParentOfType<func::FuncOp>();
    std::unique_ptr<EntryPoint> &point = entries[entry];
    if (!point)
      point = std::make_unique<EntryPoint>(entry);
    return *point;
  }

  static FlatSymbolRefAttr getName(const StoredTensor &tensor) {
    return FlatSymbolRefAttr::get(ParameterOp(tensor.parameter).getSymNameAttr());
  }
  void rewrite(const StoredTensor &tensor, const TensorPlan &plan);
  SmallVector<Value> addCopies(const Making &making, ArrayRef<RankedTensorType> forms);
  SmallVector<Value> addMovements(const Making &making, ArrayRef<RankedTensorType> forms);
  Value move(OpBuilder &builder, Location loc, Value value, RankedTensorType form);
  Value findForm(const StoredTensor &tensor, const Reading &reading, RankedTensorType form);
  void takeForm(const Reading &reading, Value value);
  void nameVariant(LaunchOp launch, LaunchChange &change);
  void drop();
  void addLoading(ParameterOp parameter, ArrayRef<RankedTensorType> forms);
  void dropKernels();

  ModuleOp module;
  SymbolTable symbols;
  const LayoutGraph &graph;
  llvm::MapVector<Operation *, std::unique_ptr<EntryPoint>> entries;
  llvm::MapVector<LaunchOp, LaunchChange> changes;
  /// The argument of an entry point, or the value in it, that is a form of a tensor.
  std::map<std::tuple<Operation *, const StoredTensor *, const void *>, Value> formValues;
  std::map<std::pair<Operation *, KernelChange>, StringAttr> variants;
  DenseMap<std::pair<Type, Type>, StringAttr> movements;
  SmallVector<LaunchOp> roundings;
  std::vector<OwningOpRef<LaunchOp>> removed;
  SmallVector<std::pair<ParameterOp, SmallVector<RankedTensorType>>> loadings;
  DenseSet<StringAttr> parameters, replacedKernels;
};

LaunchOp createLaunch(OpBuilder &builder, Location loc, TypeRange results, FlatSymbolRefAttr kernel,
                      ValueRange operands) {
  return LaunchOp::create(builder, loc, results, kernel, operands, /*tied=*/nullptr, /*placement=*/nullptr,
                          /*workspace=*/nullptr, /*workspace_placement=*/nullptr);
}

/// The value in the form, by a launch at the builder's place.
Value PlanRewriter::move(OpBuilder &builder, Location loc, Value value, RankedTensorType form) {
  StringAttr &name = movements[{value.getType(), form}];
  if (!name)
    name = symbols.insert(makeMovement(loc, cast<RankedTensorType>(value.getType()), form).release());
  Type type = form;
  return createLaunch(builder, loc, TypeRange(type), FlatSymbolRefAttr::get(name), value).getResult(0);
}

SmallVector<Value> PlanRewriter::addMovements(const Making &making, ArrayRef<RankedTensorType> forms) {
  LaunchOp launch = changeOf(making.launch).current;
  OpBuilder builder(launch->getContext());
  builder.setInsertionPointAfter(launch);
  return llvm::map_to_vector(forms, [&](RankedTensorType form) {
    return move(builder, launch.getLoc(), launch.getResult(making.result), form);
  });
}

/// The launch again, with forms of one of its results behind all of them.
SmallVector<Value> PlanRewriter::addCopies(const Making &making, ArrayRef<RankedTensorType> forms) {
  LaunchChange &change = changeOf(making.launch);
  LaunchOp old = change.current;
  SmallVector<Type> types(old.getResultTypes());
  SmallVector<int64_t> tied(old->getNumResults(), -1);
  if (old.getTied())
    tied.assign(old.getTied()->begin(), old.getTied()->end());
  for (RankedTensorType form : forms) {
    types.push_back(form);
    tied.push_back(-1);
    change.kernel.copies.push_back({making.result, form});
  }
  OpBuilder builder(old);
  LaunchOp launch = createLaunch(builder, old.getLoc(), types, old.getKernelAttr(), old.getArguments());
  if (old.getTied())
    launch.setTied(tied);
  EntryPoint &entry = open(making.launch);
  for (auto [before, after] : llvm::zip(old->getResults(), launch->getResults())) {
    before.replaceAllUsesWith(after);
    entry.replaceResults(before, after);
  }
  unsigned first = old->getNumResults();
  // Until all is done the graph knows the launch by this operation.
  old->remove();
  old->setOperands({});
  removed.push_back(OwningOpRef<LaunchOp>(old));
  change.current = launch;
  return llvm::to_vector(llvm::map_range(llvm::seq<unsigned>(first, launch->getNumResults()),
                                         [&](unsigned number) -> Value { return launch.getResult(number); }));
}

/// The form of the tensor where a launch reads it.
Value PlanRewriter::findForm(const StoredTensor &tensor, const Reading &reading, RankedTensorType form) {
  if (!tensor.parameter)
    return formValues.at({nullptr, &tensor, form.getAsOpaquePointer()});
  EntryPoint &entry = open(reading.launch);
  Value &value = formValues[{entry.getFunction(), &tensor, form.getAsOpaquePointer()}];
  if (!value)
    value = entry.addArgument(form, ArgumentRole::Packed, getName(tensor), ParameterOp(tensor.parameter).getLoc());
  return value;
}

void PlanRewriter::takeForm(const Reading &reading, Value value) {
  LaunchChange &change = changeOf(reading.launch);
  auto form = cast<RankedTensorType>(value.getType());
  if (form != graph.kernelOf(reading.launch).getArgumentTypes()[reading.operand])
    change.kernel.arguments.push_back({reading.operand, form});
  change.current->setOperand(reading.operand, value);
}

void PlanRewriter::rewrite(const StoredTensor &tensor, const TensorPlan &plan) {
  SmallVector<RankedTensorType> kept;
  for (auto [number, form] : llvm::enumerate(tensor.forms))
    if (plan.forms >> number & 1)
      kept.push_back(form.type);
  for (auto [making, byLaunches] : llvm::zip_equal(tensor.makings, plan.byLaunches))
    for (auto [form, value] : llvm::zip_equal(kept, byLaunches ? addMovements(making, kept) : addCopies(making, kept)))
      if (tensor.parameter)
        open(making.launch).addPacked(getName(tensor), value);
      else
        formValues[{nullptr, &tensor, form.getAsOpaquePointer()}] = value;
  auto take = [&](ArrayRef<Reading> readings, ArrayRef<int> forms) {
    for (auto [reading, form] : llvm::zip_equal(readings, forms))
      if (form >= 0)
        takeForm(reading, findForm(tensor, reading, tensor.forms[form].type));
  };
  take(tensor.readings, plan.ofReading);
  for (auto [rounding, roundingPlan] : llvm::zip_equal(tensor.roundings, plan.roundings)) {
    take(rounding.readings, roundingPlan.ofReading);
    if (!roundingPlan.stays)
      roundings.push_back(rounding.launch);
  }
  if (!tensor.parameter)
    return;
  loadings.push_back({tensor.parameter, kept});
  parameters.insert(getName(tensor).getAttr());
}

void PlanRewriter::nameVariant(LaunchOp launch, LaunchChange &change) {
  if (change.kernel.isEmpty())
    return;
  llvm::sort(change.kernel.arguments);
  KernelOp kernel = graph.kernelOf(launch);
  StringAttr &name = variants[{kernel, change.kernel}];
  if (!name)
    name = symbols.insert(makeVariant(kernel, change.kernel).release(), std::next(Block::iterator(kernel)));
  replacedKernels.insert(kernel.getSymNameAttr());
  change.current.setKernelAttr(FlatSymbolRefAttr::get(name));
}

void PlanRewriter::drop() {
  for (LaunchOp launch : roundings) {
    replacedKernels.insert(launch.getKernelAttr().getAttr());
    open(launch);
    launch.erase();
  }
  for (auto &[function, point] : entries)
    point->eraseUnusedArguments([&](BlockArgument argument) {
      FlatSymbolRefAttr name = point->getParameter(argument);
      return name && parameters.contains(name.getAttr());
    });
}

/// The entry point that makes the forms of a parameter when it has been loaded.
void PlanRewriter::addLoading(ParameterOp parameter, ArrayRef<RankedTensorType> forms) {
  Location loc = parameter.getLoc();
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  SmallVector<Type> types(forms);
  auto entry = func::FuncOp::create(builder, loc, ("load." + parameter.getSymName()).str(),
                                    builder.getFunctionType(parameter.getType(), types));
  auto name = FlatSymbolRefAttr::get(parameter.getSymNameAttr());
  entry->setAttr(loadsAttrName, name);
  entry.setArgAttr(0, getRoleAttrName(ArgumentRole::Parameter), name);
  for (unsigned result = 0; result < forms.size(); ++result)
    entry.setResultAttr(result, getRoleAttrName(ArgumentRole::Packed), name);
  builder.setInsertionPointToStart(entry.addEntryBlock());
  SmallVector<Value> values;
  for (RankedTensorType form : forms)
    values.push_back(move(builder, loc, entry.getArgument(0), form));
  func::ReturnOp::create(builder, loc, values);
  symbols.insert(entry);
}

void PlanRewriter::dropKernels() {
  DenseSet<StringAttr> launched;
  for (auto entry : module.getOps<func::FuncOp>())
    for (auto launch : entry.getOps<LaunchOp>())
      launched.insert(launch.getKernelAttr().getAttr());
  for (KernelOp kernel : llvm::make_early_inc_range(module.getOps<KernelOp>()))
    if (StringAttr name = kernel.getSymNameAttr(); replacedKernels.contains(name) && !launched.contains(name))
      symbols.erase(kernel);
}

} // namespace

void hadal::applyPlans(ModuleOp module, const LayoutGraph &graph, ArrayRef<TensorPlan> plans) {
  PlanRewriter(module, graph).run(plans);
}
