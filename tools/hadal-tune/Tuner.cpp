//===- Tuner.cpp - times what could be chosen for a kernel --------------------------------------------------------===//
//
// Candidates take turns, so that a machine that is busy for a while is so for all of them, in another order every time,
// so that no candidate always meets what comes and goes; the median of a candidate's turns counts. After three turns
// those that are half as slow again as the fastest are left out.
//
// The fastest of many is partly the luckiest. So it takes turns once more with what is selected without a file, and
// replaces that only if it is clearly faster then: a file that says what noise said would be worth less.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/hadal-tune/Tuner.h"
#include "codegen/Anatomy/KernelAnatomy.h"
#include "tools/hadal-check-kernels/Inputs.h"
#include "tools/hadal-check-kernels/Runner.h"
#include <numeric>
#include <random>

using namespace mlir;
using namespace hadal;
using namespace hadal::tune;

struct Tuner::Contender {
  const KernelStrategy *strategy;
  Candidate candidate;
  KernelConfiguration configuration;
  KernelCode code = {};
  int64_t runs = 1;
  std::vector<double> seconds = {};
  bool isFarOff = false;

  double median() const {
    std::vector<double> sorted = seconds;
    std::nth_element(sorted.begin(), sorted.begin() + sorted.size() / 2, sorted.end());
    return sorted[sorted.size() / 2];
  }
  std::string describe() const {
    std::string text;
    llvm::raw_string_ostream stream(text);
    stream << strategy->getName() << " {";
    printChoice(stream, candidate.choice);
    stream << "}";
    return text;
  }
};

/// The candidates of all strategies, what is selected first, then those whose predicted times are the shortest.
FailureOr<std::vector<Tuner::Contender>> Tuner::findContenders(KernelOp kernel) {
  KernelAnatomy anatomy(kernel);
  Refusals refusals;
  std::vector<Contender> contenders;
  for (const Proposal &proposal : propose(anatomy, target, refusals))
    for (const Candidate &candidate : proposal.candidates)
      contenders.push_back({proposal.strategy, candidate, {}});
  if (contenders.empty())
    return kernel.emitError("no strategy for ") << target.name() << " serves the kernel";
  std::vector<unsigned> order(contenders.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](unsigned a, unsigned b) {
    return std::pair(contenders[a].candidate.time.total, a) < std::pair(contenders[b].candidate.time.total, b);
  });
  if (options.candidates > 0 && order.size() > options.candidates)
    order.resize(options.candidates);
  std::vector<Contender> kept;
  for (unsigned index : order) {
    Contender &contender = contenders[index];
    FailureOr<KernelConfiguration> configuration =
        configure(*contender.strategy, anatomy, target, contender.candidate.choice, [&] { return kernel.emitError(); });
    if (failed(configuration))
      return failure();
    contender.configuration = std::move(*configuration);
    kept.push_back(std::move(contender));
  }
  return kept;
}

/// Every contender computes once.
LogicalResult Tuner::compareBits(KernelOp kernel, MutableArrayRef<Contender> contenders, KernelBuffers &buffers) {
  std::vector<char> expected;
  for (Contender &contender : contenders) {
    buffers.spoilResults();
    double seconds = stopwatch.time(contender.code, buffers, /*runs=*/1);
    // A turn is long against the beginning of a region, and short against a cup of coffee.
    contender.runs = std::clamp<int64_t>(int64_t(2e-3 / std::max(seconds, 1e-9)), 1, 1000);
    if (&contender == contenders.begin()) {
      expected = buffers.results();
      continue;
    }
    if (buffers.results() != expected)
      return kernel.emitError("the kernel '")
             << kernel.getSymName() << "' computes other bits with " << contender.describe() << " than with "
             << contenders.front().describe()
             << ": a choice must not change bits (docs/rationale/arithmetic.md); please report this";
  }
  return success();
}

bool Tuner::takeTurns(MutableArrayRef<Contender> contenders, const KernelBuffers &buffers,
                      function_ref<bool()> isInterrupted) {
  constexpr unsigned turnsBeforeLeaving = 3;
  constexpr double farOff = 1.5;
  std::vector<unsigned> order(contenders.size());
  std::iota(order.begin(), order.end(), 0);
  std::mt19937 generator(1);
  for (unsigned turn = 0; turn < options.repeat; ++turn) {
    std::shuffle(order.begin(), order.end(), generator);
    for (unsigned index : order) {
      if (isInterrupted())
        return false;
      Contender &contender = contenders[index];
      if (!contender.isFarOff)
        contender.seconds.push_back(stopwatch.time(contender.code, buffers, contender.runs));
    }
    if (turn + 1 < turnsBeforeLeaving)
      continue;
    double fastest = std::numeric_limits<double>::infinity();
    for (const Contender &contender : contenders)
      fastest = std::min(fastest, contender.median());
    // What is selected is timed to the end: it is what the others are compared with.
    for (Contender &contender : contenders.drop_front())
      contender.isFarOff |= contender.median() > farOff * fastest;
  }
  return true;
}

void Tuner::print(ArrayRef<Contender> contenders) {
  for (const Contender &contender : contenders) {
    llvm::errs() << "    ";
    printSeconds(llvm::errs(), contender.median());
    llvm::errs() << (contender.isFarOff ? " (left out early)" : "") << ", predicted ";
    printSeconds(llvm::errs(), contender.candidate.time.total);
    llvm::errs() << ": " << contender.describe() << "\n";
  }
}

/// The kernel under every configuration, by the names NAME.0, NAME.1, ...
static OwningOpRef<ModuleOp> makeModule(KernelOp kernel, ArrayRef<const KernelConfiguration *> configurations) {
  OwningOpRef<ModuleOp> module(ModuleOp::create(kernel.getLoc()));
  for (auto [index, configuration] : llvm::enumerate(configurations)) {
    KernelOp copy = kernel.clone();
    copy.setSymName((kernel.getSymName() + "_" + Twine(index)).str());
    copy.setConfigurationAttr(configuration->toAttribute(kernel.getContext()));
    module->push_back(copy);
  }
  return module;
}

FailureOr<std::optional<Tuned>> Tuner::tune(KernelOp kernel, function_ref<bool()> isInterrupted) {
  FailureOr<std::vector<Contender>> found = findContenders(kernel);
  if (failed(found))
    return failure();
  std::vector<Contender> &contenders = *found;
  SmallVector<const KernelConfiguration *> configurations;
  int64_t workspace = 0;
  for (const Contender &contender : contenders) {
    configurations.push_back(&contender.configuration);
    workspace = std::max(workspace, contender.configuration.workspace);
  }
  OwningOpRef<ModuleOp> module = makeModule(kernel, configurations);
  FailureOr<check::CompiledKernels> compiled = check::CompiledKernels::compile(*module, target, "");
  if (failed(compiled))
    return failure();
  for (auto [contender, copy] : llvm::zip(contenders, module->getOps<KernelOp>())) {
    contender.code.configuration = &contender.configuration;
    for (const StageSpec &stage : contender.configuration.stages) {
      FailureOr<void *> function = compiled->lookUp(copy, stage);
      if (failed(function))
        return failure();
      contender.code.stages.push_back(*function);
    }
  }
  FailureOr<SmallVector<reference::Tensor>> inputs = check::makeInputs(kernel, /*seed=*/1, check::Routing::Uniform);
  if (failed(inputs))
    return failure();
  KernelBuffers buffers(kernel, *inputs, workspace);
  inputs->clear();
  if (failed(compareBits(kernel, contenders, buffers)))
    return failure();
  if (!takeTurns(contenders, buffers, isInterrupted))
    return std::optional<Tuned>();
  if (options.printTimes)
    print(contenders);

  auto fastest = std::min_element(contenders.begin(), contenders.end(), [](const Contender &a, const Contender &b) {
    return (a.isFarOff ? INFINITY : a.median()) < (b.isFarOff ? INFINITY : b.median());
  });
  unsigned timed = contenders.size();
  bool wasBeaten = fastest != contenders.begin();
  if (wasBeaten) {
    if (fastest != contenders.begin() + 1)
      std::iter_swap(contenders.begin() + 1, fastest);
    contenders.erase(contenders.begin() + 2, contenders.end());
    for (Contender &contender : contenders) {
      contender.seconds.clear();
      contender.code.configuration = &contender.configuration;
    }
    if (!takeTurns(contenders, buffers, isInterrupted))
      return std::optional<Tuned>();
  }
  constexpr double clearly = 0.97;
  bool isBetter = wasBeaten && contenders.back().median() < clearly * contenders.front().median();
  const Contender *best = isBetter ? &contenders.back() : &contenders.front();
  FailureOr<Selection> selection = selectNamed(KernelAnatomy(kernel), target, best->strategy->getName(),
                                               best->candidate.choice, [&] { return kernel.emitError(); });
  if (failed(selection))
    return failure();
  return std::optional(Tuned{std::move(*selection), contenders.front().median(),
                             (wasBeaten ? contenders.back() : contenders.front()).median(), best->median(), timed});
}
