//===- Strategy.cpp - the registry of strategies ------------------------------------------------------------------===//
//
// Which strategies serve a kernel, and whether a configuration that may have been read from a file is right for it.
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

SmallVector<const KernelStrategy *> hadal::getStrategies(const TargetDescription &target, KernelKind kind) {
  SmallVector<const KernelStrategy *> result;
  for (const std::unique_ptr<KernelStrategy> &strategy : registry())
    if (strategy->getTarget() == target.kind() && strategy->getKind() == kind)
      result.push_back(strategy.get());
  return result;
}

SmallVector<const KernelStrategy *> hadal::findStrategies(const TargetDescription &target,
                                                          const KernelAnatomy &anatomy) {
  SmallVector<const KernelStrategy *> result;
  Refusals refusals;
  for (const KernelStrategy *strategy : getStrategies(target, anatomy.kernel().getKind())) {
    if (!strategy->serves(anatomy, refusals))
      continue;
    if (!result.empty() && strategy->getOrder() > result.front()->getOrder())
      result.clear();
    if (result.empty() || strategy->getOrder() == result.front()->getOrder())
      result.push_back(strategy);
  }
  return result;
}

bool hadal::isStrategy(StringRef name) {
  return llvm::any_of(registry(), [&](auto &strategy) { return strategy->getName() == name; });
}

LogicalResult hadal::checkField(EmitError emitError, StringRef name, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most)
    return success();
  return emitError() << name << " is " << value << ", and has to be from " << least << " to " << most;
}

TargetDescription hadal::selectedFor(const KernelConfiguration &configuration, const TargetDescription &target) {
  TargetDescription result = target;
  if (target.kind() == TargetKind::NVPTX)
    result.multiprocessors = configuration.multiprocessors > 0 ? configuration.multiprocessors
                                                               : getDefaultBoard(target.name()).multiprocessors;
  return result;
}

FailureOr<KernelConfiguration> hadal::configure(const KernelStrategy &strategy, const KernelAnatomy &anatomy,
                                                const TargetDescription &target, ChoiceInterface choice,
                                                EmitError emitError) {
  KernelConfiguration configuration;
  configuration.strategy = strategy.getName().str();
  configuration.choice = choice;
  if (target.kind() == TargetKind::NVPTX && target.multiprocessors != getDefaultBoard(target.name()).multiprocessors)
    configuration.multiprocessors = target.multiprocessors;
  if (failed(strategy.configure(anatomy, target, configuration, emitError)))
    return failure();
  return configuration;
}

FailureOr<KernelConfiguration> hadal::getConfiguration(KernelOp kernel) {
  auto attribute = kernel.getConfigurationAttr();
  if (!attribute)
    return kernel.emitError("the kernel '")
           << kernel.getSymName() << "' has no configuration: run hadal-select-strategies first";
  return KernelConfiguration::fromAttribute(attribute, [&] { return kernel.emitError(); });
}

/// The strategy that a configuration names, if it serves the kernel in its order of sums; null after a diagnostic.
static const KernelStrategy *findNamed(const KernelAnatomy &anatomy, StringRef name, const TargetDescription &target) {
  SmallVector<const KernelStrategy *> serving = findStrategies(target, anatomy);
  auto found = llvm::find_if(serving, [&](const KernelStrategy *strategy) { return strategy->getName() == name; });
  if (found != serving.end())
    return *found;
  KernelOp kernel = anatomy.kernel();
  InFlightDiagnostic diagnostic = kernel.emitError("the kernel '")
                                  << kernel.getSymName() << "' was configured for the strategy '" << name
                                  << "', which does not serve it on " << target.name()
                                  << ": run hadal-select-strategies again";
  Refusals refusals;
  refusals.add(anatomy.refusals());
  for (const KernelStrategy *strategy : getStrategies(target, kernel.getKind()))
    if (strategy->getName() == name && strategy->serves(anatomy, refusals))
      diagnostic.attachNote() << "it adds products in another order than '" << serving.front()->getName()
                              << "', which serves the kernel";
  refusals.attachTo(diagnostic);
  return nullptr;
}

LogicalResult hadal::checkConfiguration(const KernelAnatomy &anatomy, const KernelConfiguration &configuration,
                                        const TargetDescription &target) {
  KernelOp kernel = anatomy.kernel();
  if (!isStrategy(configuration.strategy))
    return success();
  const KernelStrategy *strategy = findNamed(anatomy, configuration.strategy, target);
  if (!strategy)
    return failure();
  if (configuration.multiprocessors != 0) {
    TargetDescription other = target;
    if (llvm::Error error = other.setMultiprocessors(configuration.multiprocessors))
      return kernel.emitError(llvm::toString(std::move(error)));
  }
  auto emitError = [&] {
    return kernel.emitError("the configuration of the kernel '") << kernel.getSymName() << "' is wrong: ";
  };
  FailureOr<KernelConfiguration> entailed =
      configure(*strategy, anatomy, selectedFor(configuration, target), configuration.choice, emitError);
  if (failed(entailed))
    return failure();
  if (std::string difference = configuration.findDifference(*entailed); !difference.empty())
    return kernel.emitError("the configuration of the kernel '")
           << kernel.getSymName() << "' is not what the choice of '" << configuration.strategy << "' entails on "
           << target.name() << " (" << difference << "): run hadal-select-strategies again";
  return success();
}

LogicalResult hadal::lowerKernel(const KernelAnatomy &anatomy, const TargetDescription &target, OpBuilder &builder) {
  KernelOp kernel = anatomy.kernel();
  FailureOr<KernelConfiguration> configuration = getConfiguration(kernel);
  if (failed(configuration))
    return failure();
  if (!isStrategy(configuration->strategy))
    return kernel.emitError("the kernel '")
           << kernel.getSymName() << "' was configured for the strategy '" << configuration->strategy
           << "', of which nothing is known: run hadal-select-strategies again";
  if (failed(checkConfiguration(anatomy, *configuration, target)))
    return failure();
  const KernelStrategy *strategy = findNamed(anatomy, configuration->strategy, target);
  return strategy->lower(anatomy, *configuration, target, builder);
}
