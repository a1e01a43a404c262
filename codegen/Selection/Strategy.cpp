//===- Strategy.cpp - the registry of strategies, and the passes that use it --------------------------------------===//
//
// hadal-select-strategies asks the strategy of every kernel for a configuration and leaves it on the kernel;
// hadal-lower-kernels lets the same strategies emit the functions of the stages. Between the two the module can be
// written to a file and read again.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/Strategy.h"
#include "codegen/Anatomy/KernelAnatomy.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace hadal;

namespace {

std::vector<std::unique_ptr<KernelStrategy>> &registry() {
  static std::vector<std::unique_ptr<KernelStrategy>> strategies;
  return strategies;
}

} // namespace

std::string hadal::getStageSymbol(KernelOp kernel, const StageSpec &stage) {
  return (kernel.getSymName() + "." + stage.name).str();
}

std::string hadal::getDeviceSymbol(StringRef stageSymbol) {
  std::string symbol = stageSymbol.str();
  llvm::replace(symbol, '.', '$');
  return symbol;
}

void hadal::registerStrategy(std::unique_ptr<KernelStrategy> strategy) { registry().push_back(std::move(strategy)); }

const KernelStrategy *hadal::findStrategy(TargetKind target, const KernelAnatomy &anatomy, Refusals &refusals) {
  refusals.add(anatomy.refusals());
  for (const std::unique_ptr<KernelStrategy> &strategy : registry())
    if (strategy->getTarget() == target && strategy->getKind() == anatomy.kernel().getKind() &&
        strategy->serves(anatomy, refusals))
      return strategy.get();
  return nullptr;
}

/// What a strategy that serves the kernel selects for it.
static FailureOr<KernelConfiguration> select(const KernelStrategy &strategy, const KernelAnatomy &anatomy,
                                             const TargetDescription &target) {
  KernelConfiguration configuration;
  configuration.strategy = strategy.getName().str();
  if (target.kind() == TargetKind::NVPTX && target.multiprocessors != getDefaultBoard(target.name()).multiprocessors)
    configuration.multiprocessors = target.multiprocessors;
  if (failed(strategy.select(anatomy, target, configuration)))
    return failure();
  return configuration;
}

FailureOr<KernelConfiguration> hadal::selectConfiguration(KernelOp kernel, const TargetDescription &target) {
  return selectConfiguration(KernelAnatomy(kernel), target);
}

FailureOr<KernelConfiguration> hadal::selectConfiguration(const KernelAnatomy &anatomy,
                                                          const TargetDescription &target) {
  KernelOp kernel = anatomy.kernel();
  Refusals refusals;
  const KernelStrategy *strategy = findStrategy(target.kind(), anatomy, refusals);
  if (!strategy) {
    InFlightDiagnostic diagnostic = kernel.emitError("no strategy for ")
                                    << target.name() << " serves the kernel '" << kernel.getSymName() << "' of kind "
                                    << stringifyKernelKind(kernel.getKind())
                                    << ": leave out what it holds, or write it in other operations; what cannot be "
                                       "compiled can still be evaluated (hadal-opt --hadal-evaluate)";
    refusals.attachTo(diagnostic);
    if (refusals.empty())
      for (Operation &op : kernel.getBody().front().without_terminator())
        diagnostic.attachNote(op.getLoc()) << "it holds " << op.getName();
    return failure();
  }
  return select(*strategy, anatomy, target);
}

FailureOr<KernelConfiguration> hadal::getConfiguration(KernelOp kernel) {
  auto attribute = kernel.getConfigurationAttr();
  if (!attribute)
    return kernel.emitError("the kernel '")
           << kernel.getSymName() << "' has no configuration: run hadal-select-strategies first";
  return KernelConfiguration::fromAttribute(attribute, [&] { return kernel.emitError(); });
}

LogicalResult hadal::checkConfiguration(const KernelAnatomy &anatomy, const KernelConfiguration &configuration,
                                        const TargetDescription &target) {
  KernelOp kernel = anatomy.kernel();
  if (llvm::none_of(registry(), [&](auto &strategy) { return strategy->getName() == configuration.strategy; }))
    return success();
  Refusals refusals;
  const KernelStrategy *strategy = findStrategy(target.kind(), anatomy, refusals);
  if (!strategy || strategy->getName() != configuration.strategy) {
    InFlightDiagnostic diagnostic = kernel.emitError("the kernel '")
                                    << kernel.getSymName() << "' was configured for the strategy '"
                                    << configuration.strategy << "', which does not serve it on " << target.name()
                                    << ": run hadal-select-strategies again";
    refusals.attachTo(diagnostic);
    return diagnostic;
  }
  TargetDescription selectedFor = target;
  if (configuration.multiprocessors > 0)
    if (llvm::Error error = selectedFor.setMultiprocessors(configuration.multiprocessors))
      return kernel.emitError(llvm::toString(std::move(error)));
  FailureOr<KernelConfiguration> selected = select(*strategy, anatomy, selectedFor);
  if (failed(selected))
    return failure();
  if (std::string difference = configuration.findDifference(*selected); !difference.empty())
    return kernel.emitError("the configuration of the kernel '")
           << kernel.getSymName() << "' is not what '" << selected->strategy << "' selects for it on " << target.name()
           << " (" << difference << "): run hadal-select-strategies again";
  return success();
}

LogicalResult hadal::lowerKernel(const KernelAnatomy &anatomy, const TargetDescription &target, OpBuilder &builder) {
  KernelOp kernel = anatomy.kernel();
  FailureOr<KernelConfiguration> configuration = getConfiguration(kernel);
  if (failed(configuration) || failed(checkConfiguration(anatomy, *configuration, target)))
    return failure();
  Refusals refusals;
  const KernelStrategy *strategy = findStrategy(target.kind(), anatomy, refusals);
  if (!strategy || strategy->getName() != configuration->strategy)
    return kernel.emitError("the kernel '")
           << kernel.getSymName() << "' was configured for the strategy '" << configuration->strategy
           << "', of which nothing is known: run hadal-select-strategies again";
  return strategy->lower(anatomy, *configuration, target, builder);
}
