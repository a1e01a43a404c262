//===- hadal-check-kernels.cpp - holds kernels against the reference evaluator ------------------------------------===//
//
// Reads a file with hadal.kernel operations (or with functions, which are cut into kernels first), compiles every
// kernel, runs it in this process (those for a GPU in the emulator) and compares its results with the reference
// evaluator's in float64. A kernel with a configuration whose stages stand in a gpu.module of the file is taken as it
// is.
//
// A kernel is run three times on the same random operands: with one thread in order, with several threads and tasks in
// a shuffled order, and, where a result may share an operand's buffer, in place. All runs must agree to the last bit.
// Buffers lie against guard pages, operands are read-only, results, workspace and scratch start as NaN.
//
// With --alone it looks at bits instead: rows alone and among others (Alone.h). In either way, with another number of
// multiprocessors or another CPU, the kernels are selected and compiled for that, too, and have to agree.
//
// With --plant-fault it checks itself: every kernel is run once as it is and once with every mistake that can befall it
// (Faults.h), and the comparison has to notice each.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/EmitObject.h"
#include "codegen/Driver/Passes.h"
#include "codegen/NVPTX/EmitPTX.h"
#include "codegen/Selection/Choices.h"
#include "dialect/PTX/PTX.h"
#include "dialect/Reference/Models.h"
#include "dialect/Tile/Tile.h"
#include "mlir/InitAllDialects.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "passes/Passes.h"
#include "tools/Mains.h"
#include "tools/ShortHelp.h"
#include "tools/Support/DialectPlugins.h"
#include "tools/Support/Tool.h"
#include "tools/hadal-check-kernels/Alone.h"
#include "tools/hadal-check-kernels/Faults.h"
#include "tools/hadal-check-kernels/GPUCode.h"
#include "tools/hadal-check-kernels/Inputs.h"
#include "tools/hadal-check-kernels/Numbers.h"
#include "tools/hadal-check-kernels/Runner.h"
#include "tools/hadal-check-kernels/Selected.h"
#include "tools/hadal-check-kernels/Tolerance.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/SourceMgr.h"
#include <cmath>

using namespace mlir;
using namespace hadal;
using namespace hadal::check;
using hadal::reference::Tensor;

namespace {

struct Options {
  std::string input, target, cpu, assembly, ptx, only;
  uint64_t seed;
  unsigned threads, repeat, multiprocessors;
  Routing routing;
  bool assemble, printConfig;
  std::string config;
  SmallVector<FaultKind> faults;
  Beyond beyond;
  std::string otherCPU;
  unsigned otherMultiprocessors;
  std::vector<std::string> dialectPlugins;
};

/// The operand whose buffer a result may share: what its operation declares, or the accumulated side of a sum with an
/// operand of the kernel.
int64_t tiedOperand(KernelOp kernel, Value result, ArrayRef<int64_t> taken) {
  auto argumentOf = [&](Value value) -> int64_t {
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument || argument.getType() != result.getType() || llvm::is_contained(taken, argument.getArgNumber()))
      return -1;
    // Read by one operation only: a later reader would see the new value.
    return argument.hasOneUse() ? int64_t(argument.getArgNumber()) : -1;
  };
  auto produced = dyn_cast<OpResult>(result);
  if (!produced)
    return -1;
  Operation *op = produced.getOwner();
  if (auto interface = dyn_cast<KernelOpInterface>(op)) {
    int64_t operand = interface.getInPlaceOperand(produced.getResultNumber());
    return operand < 0 ? -1 : argumentOf(op->getOperand(operand));
  }
  return isa<SumOpInterface>(op) ? argumentOf(op->getOperand(0)) : -1;
}

SmallVector<int64_t> findTies(KernelOp kernel) {
  SmallVector<int64_t> tied;
  for (Value result : kernel.getBody().front().getTerminator()->getOperands())
    tied.push_back(tiedOperand(kernel, result, tied));
  return tied;
}

class Checker {
public:
  /// `others`: the same kernels of another module, for another target (null: none).
  Checker(const Options &options, CompiledKernels &kernels, CompiledKernels *others, ModuleOp otherModule)
      : options(options), kernels(kernels), others(others), otherModule(otherModule) {}

  /// Whether the kernel passes; prints a line per result.
  FailureOr<bool> check(KernelOp kernel);
  /// Whether every fault that is planted in the kernel is noticed; prints a line per fault.
  FailureOr<bool> checkFaults(KernelOp kernel);
  /// Whether rows have the same bits alone and among others; prints a line per result.
  FailureOr<bool> checkAlone(KernelPair pair);

private:
  FailureOr<bool> notices(KernelOp kernel, const Fault &fault, const Reference &reference);
  bool report(KernelOp kernel, unsigned index, const Comparison &comparison, double nanoseconds);
  FailureOr<bool> sameBits(KernelOp kernel, ArrayRef<Tensor> inputs, ArrayRef<Tensor> expected, const RunOptions &run,
                           StringRef how);
  FailureOr<bool> sameBitsForOther(KernelOp kernel, ArrayRef<Tensor> inputs, ArrayRef<Tensor> expected);

  const Options &options;
  CompiledKernels &kernels, *others;
  ModuleOp otherModule;
};

bool reportDifference(KernelOp kernel, ArrayRef<Tensor> expected, ArrayRef<Tensor> results, StringRef how) {
  for (unsigned index = 0; index < expected.size(); ++index)
    if (std::optional<int64_t> i = firstDifference(expected[index], results[index])) {
      llvm::outs() << llvm::formatv("@{0} result {1}: FAIL, element {2} is {3:e9} {4} but {5:e9} in order\n",
                                    kernel.getName(), index, *i, results[index].data[*i], how,
                                    expected[index].data[*i]);
      return false;
    }
  return true;
}

FailureOr<bool> Checker::sameBits(KernelOp kernel, ArrayRef<Tensor> inputs, ArrayRef<Tensor> expected,
                                  const RunOptions &run, StringRef how) {
  FailureOr<SmallVector<Tensor>> results = runKernel(kernels, kernel, inputs, run);
  if (failed(results))
    return failure();
  return reportDifference(kernel, expected, *results, how);
}

FailureOr<bool> Checker::sameBitsForOther(KernelOp kernel, ArrayRef<Tensor> inputs, ArrayRef<Tensor> expected) {
  if (!others)
    return true;
  auto other = otherModule.lookupSymbol<KernelOp>(kernel.getName());
  FailureOr<SmallVector<Tensor>> results = runKernel(*others, other, inputs, RunOptions());
  if (failed(results))
    return failure();
  return reportDifference(kernel, expected, *results, "for the other target");
}

FailureOr<bool> Checker::checkAlone(KernelPair pair) {
  FailureOr<PairInputs> inputs = makePairInputs(pair, options.seed, options.routing, options.beyond);
  if (failed(inputs))
    return failure();
  FailureOr<SmallVector<Tensor>> alone = runKernel(kernels, pair.alone, inputs->alone, RunOptions());
  FailureOr<SmallVector<Tensor>> among = runKernel(kernels, pair.among, inputs->among, RunOptions());
  if (failed(alone) || failed(among))
    return failure();
  bool passes = true, compares = false;
  for (unsigned index = 0; index < alone->size(); ++index) {
    if (!isComparable(pair, index, options.beyond))
      continue;
    compares = true;
    const Tensor &own = (*alone)[index];
    Tensor part = leadingPart((*among)[index], own.shape);
    // One NaN is like another.
    bool isWhole = llvm::none_of(own.data, [](double number) { return std::isnan(number); });
    std::optional<int64_t> different = firstDifference(own, part);
    passes &= isWhole && !different;
    llvm::outs() << llvm::formatv("@{0} result {1}: ", pair.alone.getName(), index);
    if (!isWhole)
      llvm::outs() << "FAIL, it holds NaN\n";
    else if (different)
      llvm::outs() << llvm::formatv("FAIL, element {0} is {1:e9} alone but {2:e9} among others\n", *different,
                                    own.data[*different], part.data[*different]);
    else
      llvm::outs() << llvm::formatv("the same bits alone and among others, {0} of {1}\n", own.size(),
                                    (*among)[index].size());
  }
  if (!compares) {
    llvm::outs() << llvm::formatv("@{0}: FAIL, no result has rows of its own\n", pair.alone.getName());
    return false;
  }
  FailureOr<bool> same = sameBitsForOther(pair.alone, inputs->alone, *alone);
  FailureOr<bool> sameAmong = sameBitsForOther(pair.among, inputs->among, *among);
  if (failed(same) || failed(sameAmong))
    return failure();
  return passes && *same && *sameAmong;
}

bool Checker::report(KernelOp kernel, unsigned index, const Comparison &comparison, double nanoseconds) {
  bool passes = comparison.worst <= 1.0;
  llvm::outs() << llvm::formatv("@{0} result {1}: {2}, error / tolerance {3:f3}", kernel.getName(), index,
                                passes ? "ok" : "FAIL", comparison.worst);
  if (!passes)
    llvm::outs() << llvm::formatv(" at element {0}: {1:e9} instead of {2:e9} +- {3:e2}", comparison.index,
                                  comparison.got, comparison.expected, comparison.tolerance);
  if (options.repeat && index == 0)
    llvm::outs() << llvm::formatv(", {0:f1} us", nanoseconds / 1000.0);
  llvm::outs() << "\n";
  return passes;
}

FailureOr<bool> Checker::check(KernelOp kernel) {
  FailureOr<SmallVector<Tensor>> inputs = makeInputs(kernel, options.seed, options.routing);
  if (failed(inputs) || failed(attend(kernel, *inputs)))
    return failure();
  FailureOr<Reference> reference = Reference::evaluate(kernel, *inputs);
  if (failed(reference))
    return failure();
  double nanoseconds = 0.0;
  RunOptions first;
  first.repeat = options.repeat;
  first.fastest = &nanoseconds;
  FailureOr<SmallVector<Tensor>> results = runKernel(kernels, kernel, *inputs, first);
  if (failed(results))
    return failure();
  bool passes = true;
  for (unsigned index = 0; index < results->size(); ++index)
    passes &= report(kernel, index, reference->compare(index, (*results)[index]), nanoseconds);

  RunOptions shuffled;
  shuffled.threads = options.threads;
  shuffled.shuffle = options.seed + 1;
  shuffled.side = Side::Left;
  FailureOr<bool> same = sameBits(kernel, *inputs, *results, shuffled, "with shuffled tasks on several threads");
  if (failed(same))
    return failure();
  passes &= *same;
  RunOptions inPlace;
  inPlace.tied = findTies(kernel);
  if (llvm::any_of(inPlace.tied, [](int64_t operand) { return operand >= 0; })) {
    same = sameBits(kernel, *inputs, *results, inPlace, "in place");
    if (failed(same))
      return failure();
    passes &= *same;
  }
  same = sameBitsForOther(kernel, *inputs, *results);
  if (failed(same))
    return failure();
  return passes && *same;
}

FailureOr<bool> Checker::notices(KernelOp kernel, const Fault &fault, const Reference &reference) {
  FailureOr<bool> felt = isFelt(fault, kernel, reference.results);
  if (failed(felt))
    return failure();
  llvm::outs() << llvm::formatv("@{0} {1}, {2}: ", kernel.getName(), stringifyFaultKind(fault.kind), fault.place);
  if (!*felt) {
    llvm::outs() << "changes nothing\n";
    return true;
  }
  FailureOr<SmallVector<Tensor>> results = runKernel(kernels, kernel, fault.inputs, RunOptions());
  if (failed(results))
    return failure();
  if (fault.alter)
    fault.alter(*results);
  SmallVector<double> worst;
  for (auto [index, result] : llvm::enumerate(*results))
    worst.push_back(reference.compare(index, result).worst);
  bool noticed = llvm::any_of(worst, [](double ratio) { return ratio > 1.0; });
  llvm::outs() << (noticed ? "noticed" : "MISSED") << ", error / tolerance of the results";
  for (double ratio : worst)
    llvm::outs() << llvm::formatv(" {0:f3}", ratio);
  llvm::outs() << "\n";
  return noticed;
}

FailureOr<bool> Checker::checkFaults(KernelOp kernel) {
  FailureOr<SmallVector<Tensor>> inputs = makeInputs(kernel, options.seed, options.routing);
  if (failed(inputs) || failed(prepareForFaults(kernel, *inputs)))
    return failure();
  FailureOr<Reference> reference = Reference::evaluate(kernel, *inputs);
  if (failed(reference))
    return failure();
  FailureOr<SmallVector<Tensor>> results = runKernel(kernels, kernel, *inputs, RunOptions());
  if (failed(results))
    return failure();
  bool passes = true;
  for (unsigned index = 0; index < results->size(); ++index)
    passes &= report(kernel, index, reference->compare(index, (*results)[index]), 0.0);
  for (FaultKind kind : options.faults) {
    SmallVector<Fault> faults = plantFaults(kind, kernel, *inputs);
    if (faults.empty())
      llvm::outs() << llvm::formatv("@{0} {1}: cannot befall it\n", kernel.getName(), stringifyFaultKind(kind));
    for (const Fault &fault : faults) {
      FailureOr<bool> noticed = notices(kernel, fault, *reference);
      if (failed(noticed))
        return failure();
      passes &= *noticed;
    }
  }
  return passes;
}

/// Functions of program operations become kernels.
LogicalResult cutIntoKernels(ModuleOp module) {
  if (module.getOps<func::FuncOp>().empty())
    return success();
  PassManager passes(module.getContext());
  if (failed(parsePassPipeline("hadal-fuse", passes, llvm::errs())))
    return failure();
  return passes.run(module);
}

/// The other target that kernels are to agree with, when one is asked for.
llvm::Expected<std::optional<TargetDescription>> describeOther(const Options &options,
                                                               const TargetDescription &target) {
  if (options.otherCPU.empty() && options.otherMultiprocessors == 0)
    return std::optional<TargetDescription>();
  StringRef cpu = options.otherCPU.empty() ? options.cpu : options.otherCPU;
  llvm::Expected<TargetDescription> other = TargetDescription::forTarget(options.target, cpu);
  if (!other)
    return other.takeError();
  if (options.otherMultiprocessors > 0)
    if (llvm::Error error = other->setMultiprocessors(options.otherMultiprocessors))
      return error;
  return std::optional<TargetDescription>(std::move(*other));
}

LogicalResult checkable(KernelOp kernel) {
  for (TypeRange types : {TypeRange(kernel.getArgumentTypes()), TypeRange(kernel.getResultTypes())})
    for (Type type : types)
      if (!canHold(type))
        return kernel.emitError("cannot check a kernel with ")
               << type << ": give tensors of f32, bf16, i32, i8 or f8E4M3FN of static shape";
  return success();
}

int run(const Options &options) {
  DialectRegistry registry;
  registerAllDialects(registry);
  registry.insert<HadalDialect, choices::KernelDialect, ptx::PTXDialect, tile::TileDialect>();
  registerReferenceModels(registry);
  registerTranslations(registry);
  registerGPUTranslations(registry);
  if (llvm::Error error = loadDialectPlugins(options.dialectPlugins, registry)) {
    llvm::errs() << "hadal-check-kernels: error: " << llvm::toString(std::move(error)) << "\n";
    return 2;
  }
  MLIRContext context(registry);
  context.printOpOnDiagnostic(false);
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context);
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(options.input, sources, &context);
  if (!module || failed(cutIntoKernels(*module)))
    return 1;

  llvm::Expected<TargetDescription> target = TargetDescription::forTarget(options.target, options.cpu);
  if (!target) {
    llvm::errs() << "error: " << llvm::toString(target.takeError()) << "\n";
    return 2;
  }
  if (options.multiprocessors > 0)
    if (llvm::Error error = target->setMultiprocessors(options.multiprocessors)) {
      llvm::errs() << "error: " << llvm::toString(std::move(error)) << "\n";
      return 2;
    }
  llvm::Expected<std::optional<TargetDescription>> otherTarget = describeOther(options, *target);
  if (!otherTarget) {
    llvm::errs() << "error: " << llvm::toString(otherTarget.takeError()) << "\n";
    return 2;
  }
  registerStrategies();
  if (!options.only.empty())
    for (KernelOp kernel : llvm::make_early_inc_range(module->getOps<KernelOp>()))
      if (!kernel.getName().contains(options.only))
        kernel.erase();
  for (KernelOp kernel : module->getOps<KernelOp>())
    if (failed(checkable(kernel)))
      return 1;
  if (module->getOps<KernelOp>().empty()) {
    llvm::errs() << "error: " << options.input << " holds no kernel to check\n";
    return 1;
  }
  FailureOr<SmallVector<KernelPair>> pairs = SmallVector<KernelPair>();
  if (options.beyond != Beyond::Nothing && failed(pairs = findPairs(*module)))
    return 1;
  OwningOpRef<ModuleOp> otherModule = *otherTarget ? module->clone() : ModuleOp();
  if (failed(selectWhereNeeded(*module, *target, options.config, options.printConfig)))
    return 1;
  if (otherModule && failed(selectWhereNeeded(*otherModule, **otherTarget, options.config, options.printConfig)))
    return 1;
  if ((!options.ptx.empty() || options.assemble) &&
      failed(makeGPUCode(*module, *target, {options.ptx, options.assemble})))
    return 1;
  FailureOr<CompiledKernels> kernels = CompiledKernels::compile(*module, *target, options.assembly);
  if (failed(kernels))
    return 1;
  std::optional<CompiledKernels> others;
  if (otherModule) {
    FailureOr<CompiledKernels> compiled = CompiledKernels::compile(*otherModule, **otherTarget, "");
    if (failed(compiled))
      return 1;
    others.emplace(std::move(*compiled));
  }
  GuardedBuffer::reportViolations();
  Checker checker(options, *kernels, others ? &*others : nullptr, otherModule ? *otherModule : ModuleOp());
  unsigned failures = 0, count = 0;
  auto add = [&](FailureOr<bool> passes) {
    failures += failed(passes) || !*passes;
    ++count;
    llvm::outs().flush();
  };
  for (KernelPair pair : *pairs)
    add(checker.checkAlone(pair));
  if (options.beyond == Beyond::Nothing)
    for (KernelOp kernel : module->getOps<KernelOp>())
      add(options.faults.empty() ? checker.check(kernel) : checker.checkFaults(kernel));
  llvm::outs() << llvm::formatv("{0} of {1} {2} pass{3} on {4}", count - failures, count,
                                options.beyond == Beyond::Nothing ? "kernels" : "pairs of kernels",
                                options.faults.empty() ? "" : " and notice their faults",
                                target->kind() == TargetKind::CPU ? StringRef(target->cpu) : target->name());
  if (target->kind() == TargetKind::CPU)
    llvm::outs() << llvm::formatv(" ({0} lanes)\n", target->registerLanes);
  else
    llvm::outs() << " (emulated)\n";
  return failures ? 1 : 0;
}

} // namespace

int hadal::hadalCheckKernelsMain(int argc, char **argv) {
  // LLVM's libraries register options of their own, under names such as `threads`: none is an option of this tool.
  // First of all, since --help is registered when the options are asked for.
  llvm::cl::ResetCommandLineParser();
  Tool tool("hadal-check-kernels", argc, argv);
  namespace cl = llvm::cl;
  ShortHelp help(tool.argc(), tool.argv());
  cl::OptionCategory category("Options of hadal-check-kernels");
  cl::opt<std::string> input(cl::Positional, cl::desc("<file.mlir>"), cl::Required, cl::cat(category));
  cl::opt<std::string> cpu("cpu", cl::desc("LLVM's name of a CPU that this machine can run"), cl::init("host"),
                           cl::cat(category));
  cl::opt<bool> emulateAMX("emulate-amx", cl::desc("check the kernels for AMX, emulated by vectors"),
                           cl::cat(category));
  cl::opt<std::string> target("target", cl::desc("cpu, or a GPU (sm_90a), whose kernels run in the emulator"),
                              cl::init("cpu"), cl::cat(category));
  cl::opt<uint64_t> seed("seed", cl::desc("of the random operands"), cl::init(1), cl::cat(category));
  cl::opt<unsigned> threads("threads", cl::desc("of the run with shuffled tasks"), cl::init(3), cl::cat(category));
  cl::opt<unsigned> multiprocessors("multiprocessors", cl::desc("of the GPU that tiles are chosen for (default: 132)"),
                                    cl::init(0), cl::cat(category));
  cl::opt<unsigned> repeat("repeat", cl::desc("time every kernel with so many runs and print the fastest"), cl::init(0),
                           cl::cat(category));
  cl::opt<Routing> routing("routing", cl::desc("how tokens are spread over experts"), cl::init(Routing::Uniform),
                           cl::values(clEnumValN(Routing::Uniform, "uniform", "at random"),
                                      clEnumValN(Routing::Skewed, "skewed", "over a third of the experts"),
                                      clEnumValN(Routing::Last, "last", "all to the last experts")),
                           cl::cat(category));
  cl::opt<Beyond> beyond(
      "alone",
      cl::desc(
          "compare the bits of kernels NAME_alone with those of the leading rows of kernels NAME_among, instead of "
          "numbers with the reference evaluator's; beyond the leading rows stand"),
      cl::init(Beyond::Nothing),
      cl::values(clEnumValN(Beyond::Random, "random", "random numbers"),
                 clEnumValN(Beyond::Zero, "zero", "zeros: sums over all rows are compared, too")),
      cl::cat(category));
  cl::opt<std::string> otherCPU("other-cpu", cl::desc("compile for this CPU as well, and compare the bits"),
                                cl::cat(category));
  cl::opt<unsigned> otherMultiprocessors("other-multiprocessors",
                                         cl::desc("select for so many multiprocessors as well, and compare the bits"),
                                         cl::init(0), cl::cat(category));
  cl::opt<bool> printConfig("print-config", cl::desc("print what was selected for every kernel"), cl::cat(category));
  cl::opt<std::string> assembly("emit-assembly", cl::desc("write the assembly to a file"), cl::cat(category));
  cl::opt<std::string> ptx("emit-ptx", cl::desc("write the PTX to a file (with a GPU as target)"), cl::cat(category));
  cl::opt<std::string> config("config", cl::desc("a file of choices, as --print-config=json of hadalc writes it"),
                              cl::value_desc("FILE"), cl::cat(category));
  cl::opt<bool> assemble("assemble", cl::desc("assemble the kernels with ptxas, print registers, fail on spills"),
                         cl::cat(category));
  cl::opt<std::string> only("kernel", cl::desc("check only kernels whose name contains this"), cl::cat(category));
  cl::list<std::string> plantedFaults(
      "plant-fault", cl::CommaSeparated, cl::value_desc("kinds"),
      cl::desc("check the check: each of these mistakes has to be noticed in every kernel that it can befall: all, or "
               "some of vocabulary, keys, expert, rows, columns, scale, position"),
      cl::cat(category));
  cl::list<std::string> dialectPlugins(dialectPluginOption, cl::desc(dialectPluginHelp), cl::value_desc("FILE"),
                                       cl::cat(category));
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(tool.argc(), tool.argv(),
                                   "Checks compiled kernels against the reference evaluator\n", &llvm::errs()))
    return 2;
  if (threads < 1)
    return tool.fail("--threads must be at least 1", 2);
  if (target == "cpu" && (!ptx.empty() || assemble))
    return tool.fail("--emit-ptx and --assemble need a GPU: give --target=sm_90a", 2);
  if (target == "cpu" && otherMultiprocessors > 0)
    return tool.fail("--other-multiprocessors needs a GPU: give --target=sm_90a", 2);
  if (target != "cpu" && !otherCPU.empty())
    return tool.fail("--other-cpu needs the CPU as target", 2);
  if (beyond != Beyond::Nothing && !plantedFaults.empty())
    return tool.fail("--alone and --plant-fault look at different things: give one of them", 2);
  llvm::Expected<SmallVector<FaultKind>> faults = parseFaultKinds(plantedFaults);
  if (!faults)
    return tool.fail(llvm::toString(faults.takeError()), 2);
  registerHadalPasses();
  if (emulateAMX && target != "cpu")
    return tool.fail("--emulate-amx needs the CPU as target", 2);
  std::string ownCPU = cpu + (emulateAMX ? emulatedTilesSuffix.str() : "");
  return run({input, target, ownCPU, assembly, ptx, only, seed, threads, repeat, multiprocessors, routing, assemble,
              printConfig, config, std::move(*faults), beyond, otherCPU, otherMultiprocessors, dialectPlugins});
}
