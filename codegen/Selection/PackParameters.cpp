//===- PackParameters.cpp - parameters packed when they are loaded ------------------------------------------------===//
//
// 1. Which parameters could be: those that no entry point writes and that nothing but launches reads.
// 2. Which layout every kernel would rather read them in: its strategy says so for each argument.
// 3. A kernel reads an argument packed when all of its launches pass parameters that can be, and a parameter is packed
//    when all kernels that read it read it so, in one layout. Both are struck out until nothing changes.
// 4. Types change: of the kernels' arguments, whose names then tell the layout, and of the entry points' arguments,
//    which become packed forms. For each of these an entry point of its own is added that packs it.
//
// What the optimizer writes stays row by row: its kernel would have to write the packed form as well.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/Selection/Select.h"
#include "codegen/Selection/Strategy.h"
#include "dialect/IR/Encoding.h"
#include "dialect/IR/KernelParts.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/MapVector.h"

namespace hadal {
#define GEN_PASS_DECL_PACKPARAMETERS
#define GEN_PASS_DEF_PACKPARAMETERS
#include "codegen/Passes.h.inc"
} // namespace hadal

using namespace mlir;
using namespace hadal;

namespace {

/// An argument of a kernel.
using KernelArgument = std::pair<KernelOp, unsigned>;

/// `256x32`: the tiles of a layout, for names.
std::string describeTiles(LayoutAttr layout) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::interleave(layout.getTiles(), stream, "x");
  return text;
}

class ParameterPacking {
public:
  ParameterPacking(ModuleOp module, const TargetDescription &target) : module(module), symbols(module), target(target) {
    for (KernelOp kernel : module.getOps<KernelOp>())
      kernels[kernel.getSymNameAttr()] = kernel;
  }

  void run() {
    findCandidates();
    askKernels();
    while (strikeOut())
      ;
    for (auto &[argument, layout] : wanted)
      packKernelArgument(argument.first, argument.second, layout);
    for (auto &[name, uses] : candidates)
      packParameter(name, uses);
  }

private:
  struct Use {
    LaunchOp launch;
    unsigned operand;
  };
  /// A parameter: the arguments of entry points that stand for it, and the launches that read them.
  struct Uses {
    SmallVector<BlockArgument> arguments;
    SmallVector<Use> launches;
  };

  KernelOp kernelOf(LaunchOp launch) { return kernels.lookup(launch.getKernelAttr().getAttr()); }
  KernelArgument argumentOf(const Use &use) { return {kernelOf(use.launch), use.operand}; }
  LayoutAttr wantedBy(const Use &use) { return wanted.lookup(argumentOf(use)); }

  void findCandidates();
  bool gatherUses(func::FuncOp entry, unsigned argument, Uses &uses);
  void askKernels();
  bool strikeOut();
  void packKernelArgument(KernelOp kernel, unsigned argument, LayoutAttr layout);
  void packParameter(StringAttr name, const Uses &uses);
  KernelOp getPackingKernel(Location loc, RankedTensorType source, RankedTensorType result);
  void addLoading(ParameterOp parameter, RankedTensorType packed);

  ModuleOp module;
  SymbolTable symbols;
  const TargetDescription &target;
  DenseMap<StringAttr, KernelOp> kernels;
  llvm::MapVector<StringAttr, Uses> candidates;
  llvm::MapVector<KernelArgument, LayoutAttr> wanted;
  DenseMap<std::pair<Type, Type>, KernelOp> packingKernels;
};

/// Adds the launches that read the argument; false when something else does.
bool ParameterPacking::gatherUses(func::FuncOp entry, unsigned argument, Uses &uses) {
  BlockArgument value = entry.getArgument(argument);
  uses.arguments.push_back(value);
  for (OpOperand &use : value.getUses()) {
    auto launch = dyn_cast<LaunchOp>(use.getOwner());
    if (!launch || !kernelOf(launch) ||
        llvm::is_contained(launch.getTied().value_or(ArrayRef<int64_t>()), int64_t(use.getOperandNumber())))
      return false;
    uses.launches.push_back({launch, use.getOperandNumber()});
  }
  return true;
}

void ParameterPacking::findCandidates() {
  DenseSet<StringAttr> excluded;
  for (auto entry : module.getOps<func::FuncOp>()) {
    if (entry.isExternal())
      continue;
    for (unsigned index = 0; index < entry.getNumArguments(); ++index) {
      FlatSymbolRefAttr name = getRoleSymbol(entry, index, ArgumentRole::Parameter);
      bool isTied = llvm::any_of(llvm::seq(entry.getNumResults()),
                                 [&](unsigned result) { return getTiedArgument(entry, result) == index; });
      if (name && (!gatherUses(entry, index, candidates[name.getAttr()]) || isTied || getLoadedParameter(entry)))
        excluded.insert(name.getAttr());
    }
  }
  candidates.remove_if([&](auto &entry) {
    return entry.second.launches.empty() || excluded.contains(entry.first) || !symbols.lookup<ParameterOp>(entry.first);
  });
}

void ParameterPacking::askKernels() {
  DenseMap<KernelOp, std::unique_ptr<KernelAnatomy>> anatomies;
  for (auto &[name, uses] : candidates)
    for (const Use &use : uses.launches) {
      KernelArgument argument = argumentOf(use);
      if (wanted.contains(argument))
        continue;
      std::unique_ptr<KernelAnatomy> &anatomy = anatomies[argument.first];
      if (!anatomy)
        anatomy = std::make_unique<KernelAnatomy>(argument.first);
      // What nothing serves, hadal-select-strategies reports.
      Refusals refusals;
      SmallVector<Proposal> proposals = propose(*anatomy, target, refusals);
      if (proposals.empty() || proposals.front().candidates.empty())
        continue;
      if (LayoutAttr layout = proposals.front().strategy->getWantedLayout(*anatomy, argument.second, target))
        wanted[argument] = layout;
    }
}

/// Strikes out what cannot be packed after what has been struck out; whether there was anything.
bool ParameterPacking::strikeOut() {
  size_t before = candidates.size() + wanted.size();
  candidates.remove_if([&](auto &entry) {
    ArrayRef<Use> uses = entry.second.launches;
    return !llvm::all_of(uses,
                         [&](const Use &use) { return wantedBy(use) && wantedBy(use) == wantedBy(uses.front()); });
  });
  DenseSet<std::pair<Operation *, unsigned>> packed;
  for (auto &[name, uses] : candidates)
    for (const Use &use : uses.launches)
      packed.insert({use.launch, use.operand});
  for (auto entry : module.getOps<func::FuncOp>())
    for (auto launch : entry.getOps<LaunchOp>())
      for (unsigned operand = 0; operand < launch.getNumOperands(); ++operand)
        if (!packed.contains({launch, operand}))
          wanted.erase({kernelOf(launch), operand});
  return candidates.size() + wanted.size() != before;
}

void ParameterPacking::packKernelArgument(KernelOp kernel, unsigned argument, LayoutAttr layout) {
  BlockArgument value = kernel.getBody().getArgument(argument);
  value.setType(withLayout(cast<RankedTensorType>(value.getType()), layout));
  kernel.setFunctionType(
      FunctionType::get(module.getContext(), kernel.getBody().getArgumentTypes(), kernel.getResultTypes()));
  StringAttr before = kernel.getSymNameAttr();
  bool isFirst = !before.getValue().contains("_packed_");
  symbols.remove(kernel);
  kernel.setSymName((before.getValue() + (isFirst ? "_packed_" : "_") + describeTiles(layout)).str());
  StringAttr name = symbols.insert(kernel);
  for (auto entry : module.getOps<func::FuncOp>())
    for (auto launch : entry.getOps<LaunchOp>())
      if (launch.getKernelAttr().getAttr() == before)
        launch.setKernelAttr(FlatSymbolRefAttr::get(name));
}

void ParameterPacking::packParameter(StringAttr name, const Uses &uses) {
  auto parameter = symbols.lookup<ParameterOp>(name);
  Use first = uses.launches.front();
  auto kernel = symbols.lookup<KernelOp>(first.launch.getKernelAttr().getAttr());
  Type packed = kernel.getArgumentTypes()[first.operand];
  for (BlockArgument argument : uses.arguments) {
    auto entry = cast<func::FuncOp>(argument.getOwner()->getParentOp());
    unsigned number = argument.getArgNumber();
    argument.setType(packed);
    entry.setFunctionType(
        FunctionType::get(module.getContext(), entry.getBody().getArgumentTypes(), entry.getResultTypes()));
    entry.removeArgAttr(number, getRoleAttrName(ArgumentRole::Parameter));
    entry.setArgAttr(number, getRoleAttrName(ArgumentRole::Packed), FlatSymbolRefAttr::get(name));
  }
  addLoading(parameter, cast<RankedTensorType>(packed));
}

/// A kernel that brings one type into the other, shared by all parameters of these types.
KernelOp ParameterPacking::getPackingKernel(Location loc, RankedTensorType source, RankedTensorType result) {
  KernelOp &kernel = packingKernels[{source, result}];
  if (kernel)
    return kernel;
  std::string name = "pack_";
  llvm::raw_string_ostream stream(name);
  llvm::interleave(source.getShape(), stream, "x");
  stream << "_" << describeTiles(getLayout(result));
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  kernel = KernelOp::create(builder, loc, name, builder.getFunctionType(source, result), KernelKind::Packing,
                            /*arg_attrs=*/ArrayAttr(), /*res_attrs=*/ArrayAttr(), /*parts=*/KernelPartsAttr(),
                            /*configuration=*/DictionaryAttr(), /*workspace=*/IntegerAttr());
  Block &block = kernel.getBody().emplaceBlock();
  builder.setInsertionPointToStart(&block);
  Value packed = PackOp::create(builder, loc, result, block.addArgument(source, loc));
  YieldOp::create(builder, loc, packed);
  kernel.setPartsAttr(KernelParts::derive(kernel).toAttribute(kernel));
  symbols.insert(kernel);
  return kernel;
}

/// The entry point that packs a parameter when it has been loaded.
void ParameterPacking::addLoading(ParameterOp parameter, RankedTensorType packed) {
  Location loc = parameter.getLoc();
  auto source = cast<RankedTensorType>(parameter.getType());
  KernelOp kernel = getPackingKernel(loc, source, packed);
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto entry = func::FuncOp::create(builder, loc, ("load." + parameter.getSymName()).str(),
                                    builder.getFunctionType(source, packed));
  auto name = FlatSymbolRefAttr::get(parameter.getSymNameAttr());
  entry->setAttr(loadsAttrName, name);
  entry.setArgAttr(0, getRoleAttrName(ArgumentRole::Parameter), name);
  entry.setResultAttr(0, getRoleAttrName(ArgumentRole::Packed), name);
  builder.setInsertionPointToStart(entry.addEntryBlock());
  auto launch = LaunchOp::create(builder, loc, TypeRange(packed), FlatSymbolRefAttr::get(kernel.getSymNameAttr()),
                                 ValueRange(entry.getArguments()), /*tied=*/nullptr, /*placement=*/nullptr,
                                 /*workspace=*/nullptr, /*workspace_placement=*/nullptr);
  func::ReturnOp::create(builder, loc, launch.getResults());
  symbols.insert(entry);
}

struct PackParameters : hadal::impl::PackParametersBase<PackParameters> {
  using PackParametersBase::PackParametersBase;

  void runOnOperation() override {
    llvm::Expected<TargetDescription> target = TargetDescription::forTarget(targetName, cpu, gpu);
    if (!target) {
      getOperation().emitError(llvm::toString(target.takeError()));
      return signalPassFailure();
    }
    ParameterPacking(getOperation(), *target).run();
  }
};

} // namespace
