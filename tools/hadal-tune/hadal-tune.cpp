//===- hadal-tune.cpp - choices for kernels, by measuring ---------------------------------------------------------===//
//
// Takes a model as far as its kernels, as hadalc does, and times what could be chosen for each of them on this machine,
// those first that are expected to take most of a step. The file it writes is what --config of hadalc reads; it is
// whole after every kernel, so that a run can be interrupted, and resumed by giving the same file again.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/CPU/EmitObject.h"
#include "codegen/Driver/Compiler.h"
#include "codegen/Driver/Passes.h"
#include "codegen/Support/OutputFile.h"
#include "dialect/IR/Gradients/ElementwiseGradients.h"
#include "dialect/Reference/Models.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Passes.h"
#include "passes/Pipelines/Pipelines.h"
#include "runtime/core/ProcessLimits.h"
#include "tools/Mains.h"
#include "tools/ShortHelp.h"
#include "tools/Support/DialectPlugins.h"
#include "tools/Support/Tool.h"
#include "tools/hadal-tune/Tuner.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/SourceMgr.h"
#include <csignal>

using namespace mlir;
using namespace hadal;
using namespace hadal::tune;

namespace {

volatile std::sig_atomic_t interrupted = 0;

struct Options {
  std::string input, output, only;
  CompilerOptions compiler;
  TuningOptions tuning;
  double leastShare = 0;
  std::vector<std::string> dialectPlugins;
};

/// A kernel to tune, and the share of a step that it is expected to take.
struct Work {
  KernelOp kernel;
  std::string hash;
  double share;
};

/// What a file holds of an earlier run: entries by hash.
using Known = llvm::StringMap<llvm::json::Value>;

/// How often a program launches each kernel in one run of every entry point.
llvm::StringMap<int64_t> countLaunches(ModuleOp module) {
  llvm::StringMap<int64_t> counts;
  module.walk([&](LaunchOp launch) { ++counts[launch.getKernel()]; });
  return counts;
}

/// The distinct kernels with a choice, the longest first.
FailureOr<std::vector<Work>> findWork(ModuleOp module, const TargetDescription &target, const Options &options) {
  llvm::StringMap<int64_t> launches = countLaunches(module);
  std::vector<Work> work;
  double total = 0;
  llvm::StringSet<> seen;
  for (KernelOp kernel : module.getOps<KernelOp>()) {
    Refusals refusals;
    SmallVector<Proposal> proposals = propose(KernelAnatomy(kernel), target, refusals);
    if (proposals.empty() || proposals.front().candidates.empty()) {
      (void)select(KernelAnatomy(kernel), target); // says why
      return failure();
    }
    size_t candidates = 0;
    for (const Proposal &proposal : proposals)
      candidates += proposal.candidates.size();
    int64_t count = std::max<int64_t>(1, launches.lookup(kernel.getSymName()));
    double seconds = proposals.front().candidates.front().time.total * double(count);
    total += seconds;
    std::string hash = hashKernel(kernel, target);
    // With one candidate there is nothing to find out.
    if (candidates > 1 && kernel.getSymName().contains(options.only) && seen.insert(hash).second)
      work.push_back({kernel, hash, seconds});
  }
  for (Work &one : work)
    one.share /= total;
  llvm::erase_if(work, [&](const Work &one) { return one.share < options.leastShare; });
  llvm::sort(work,
             [](const Work &a, const Work &b) { return std::pair(b.share, a.hash) < std::pair(a.share, b.hash); });
  return work;
}

/// What an earlier run has written to the file; failure, after a message, when it is something else.
llvm::Expected<Known> readKnown(StringRef path) {
  Known known;
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer)
    return known;
  llvm::Expected<llvm::json::Value> document = llvm::json::parse((*buffer)->getBuffer());
  const llvm::json::Object *object = document ? document->getAsObject() : nullptr;
  if (!document)
    llvm::consumeError(document.takeError());
  const llvm::json::Array *kernels = object ? object->getArray("kernels") : nullptr;
  if (!kernels)
    return llvm::createStringError(path + " exists and is no file of choices: give another -o FILE");
  for (const llvm::json::Value &entry : *kernels)
    if (const llvm::json::Object *fields = entry.getAsObject(); fields && fields->getObject("measured"))
      if (std::optional<StringRef> hash = fields->getString("hash"))
        known.try_emplace(*hash, entry);
  return known;
}

llvm::Error writeFile(StringRef path, const Known &known, ArrayRef<Work> work, const TargetDescription &target) {
  llvm::json::Array entries;
  llvm::StringSet<> written;
  for (const Work &one : work)
    if (auto found = known.find(one.hash); found != known.end() && written.insert(one.hash).second)
      entries.push_back(found->second);
  // What belongs to other programs stays.
  std::map<std::string, const llvm::json::Value *> others;
  for (auto &entry : known)
    if (!written.contains(entry.first()))
      others[entry.first().str()] = &entry.second;
  for (auto &[hash, value] : others)
    entries.push_back(*value);
  std::string text = llvm::formatv("{0:2}\n", llvm::json::Value(makeDocument(std::move(entries), target))).str();
  return hadal::writeFile(path, text);
}

llvm::json::Object describe(KernelOp kernel, const Tuned &tuned, const TargetDescription &target,
                            const Options &options) {
  llvm::json::Object entry = toJSON(kernel, tuned.selection, target);
  entry.erase("others");
  entry["measured"] = llvm::json::Object{{"seconds", tuned.seconds},
                                         {"selected_seconds", tuned.selectedSeconds},
                                         {"fastest_seconds", tuned.fastestSeconds},
                                         {"candidates", int64_t(tuned.timed)},
                                         {"threads", int64_t(options.tuning.threads)}};
  return entry;
}

void reportKernel(KernelOp kernel, const Tuned &tuned) {
  llvm::errs() << "  ";
  printSeconds(llvm::errs(), tuned.selectedSeconds);
  if (tuned.seconds < tuned.selectedSeconds) {
    llvm::errs() << " as selected, ";
    printSeconds(llvm::errs(), tuned.seconds);
    llvm::errs() << " with {";
    printChoice(llvm::errs(), tuned.selection.configuration.choice);
    llvm::errs() << "}\n";
    return;
  }
  llvm::errs() << ", and nothing is clearly faster than what is selected\n";
}

/// The exit code.
int tuneKernels(ModuleOp module, const TargetDescription &target, const Options &options, Tool &tool) {
  FailureOr<std::vector<Work>> work = findWork(module, target, options);
  if (failed(work))
    return 1;
  llvm::Expected<Known> known = readKnown(options.output);
  if (!known)
    return tool.fail(llvm::toString(known.takeError()), 2);
  if (work->empty())
    return tool.fail("no kernel of " + options.input +
                     " with something to choose has the name and the share that --kernel and --least-share ask for");
  Tuner tuner(target, options.tuning);
  unsigned done = 0, kept = 0;
  for (auto [index, one] : llvm::enumerate(*work)) {
    if (known->contains(one.hash)) {
      ++kept;
      continue;
    }
    llvm::errs() << llvm::formatv("[{0}/{1}] @{2}, about {3:P1} of a step\n", index + 1, work->size(),
                                  one.kernel.getSymName(), one.share);
    FailureOr<std::optional<Tuned>> tuned = tuner.tune(one.kernel, [] { return interrupted != 0; });
    if (failed(tuned))
      return 1;
    if (!*tuned)
      break;
    reportKernel(one.kernel, **tuned);
    known->try_emplace(one.hash, describe(one.kernel, **tuned, target, options));
    ++done;
    if (llvm::Error error = writeFile(options.output, *known, *work, target))
      return tool.fail(llvm::toString(std::move(error)));
  }
  if (interrupted) {
    llvm::errs() << llvm::formatv("interrupted: {0} of {1} kernels are in {2}; the same command goes on from there\n",
                                  done + kept, work->size(), options.output);
    return 130;
  }
  if (done == 0)
    if (llvm::Error error = writeFile(options.output, *known, *work, target))
      return tool.fail(llvm::toString(std::move(error)));
  llvm::errs() << llvm::formatv("wrote {0}: {1} kernels, {2} of them from before; give it to hadalc --config\n",
                                options.output, work->size(), kept);
  return 0;
}

void registerEverything(DialectRegistry &registry) {
  registry.insert<HadalDialect, choices::KernelDialect, arith::ArithDialect, math::MathDialect, func::FuncDialect>();
  registerElementwiseGradients(registry);
  registerReferenceModels(registry);
  registerTranslations(registry);
  registerTransformsPasses();
  registerHadalPasses();
  registerPipelines();
  registerCodegenPasses();
}

/// Whether this machine can run what is to be timed; what is wrong otherwise.
std::string findObstacle(const TargetDescription &target) {
  if (target.kind() != TargetKind::CPU)
    return "timing kernels for " + target.name().str() +
           " needs a GPU of that architecture, on which this tool does not run kernels yet; hadalc --print-config=json "
           "prints what is chosen for it, and tools/gpu-check times that";
  llvm::Expected<TargetDescription> host = TargetDescription::forCPU("host");
  if (!host)
    return llvm::toString(host.takeError());
  for (const std::string &feature : target.required)
    if (!host->has(feature))
      return "this machine cannot run kernels for " + target.cpu + ": it has no " + feature;
  return "";
}

int run(Options &options, Tool &tool) {
  CompilerOptions &compilerOptions = options.compiler;
  if (const GPUBoard *board = findGPUBoard(compilerOptions.gpu); board && compilerOptions.target.empty())
    compilerOptions.target = board->architecture.str();
  llvm::Expected<TargetDescription> target =
      TargetDescription::forTarget(compilerOptions.target.empty() ? "cpu" : compilerOptions.target,
                                   compilerOptions.cpu.empty() ? "host" : compilerOptions.cpu, compilerOptions.gpu);
  if (!target)
    return tool.fail(llvm::toString(target.takeError()), 2);
  if (std::string obstacle = findObstacle(*target); !obstacle.empty())
    return tool.fail(obstacle, 2);
  if (llvm::Error error = requireWritable(options.output))
    return tool.fail(llvm::toString(std::move(error)), 2);

  DialectRegistry registry;
  registerEverything(registry);
  if (llvm::Error error = loadDialectPlugins(options.dialectPlugins, registry))
    return tool.fail(llvm::toString(std::move(error)), 2);
  MLIRContext context(registry);
  context.printOpOnDiagnostic(false);
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler diagnostics(sources, &context);
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(options.input, sources, &context);
  if (!module)
    return 1;
  compilerOptions.to = Phase::Kernels;
  Compiler compiler(*module, compilerOptions, llvm::errs());
  DefaultTimingManager timingManager;
  TimingScope timing = timingManager.getRootScope();
  if (failed(compiler.run(timing)))
    return compiler.getError().empty() ? compiler.getExitCode()
                                       : tool.fail(compiler.getError(), compiler.getExitCode());
  // The first interruption ends the run well, the second at once.
  llvm::sys::SetInterruptFunction([] { interrupted = 1; });
  return tuneKernels(*module, compiler.getTarget(), options, tool);
}

} // namespace

int hadal::hadalTuneMain(int argc, char **argv) {
  // LLVM's libraries register options of their own, under names such as `threads`: none is an option of this tool. First
  // of all, since --help is registered when the options are asked for.
  llvm::cl::ResetCommandLineParser();
  Tool tool("hadal-tune", argc, argv);
  namespace cl = llvm::cl;
  registerPassManagerCLOptions(); // the phases ask for MLIR's
  ShortHelp shortHelp(tool.argc(), tool.argv());
  cl::OptionCategory category("Options of hadal-tune");
  Options options;
  std::string from = "model";
  auto text = [&](StringRef name, std::string &value, StringRef help) {
    return cl::opt<std::string, true>(name, cl::location(value), cl::desc(help), cl::cat(category));
  };
  cl::opt<std::string, true> input(cl::Positional, cl::Required, cl::location(options.input), cl::desc("<model.mlir>"),
                                   cl::cat(category));
  auto output = text("o", options.output, "the file of choices; one of an earlier run is gone on with");
  auto program = text("program", options.compiler.program, "the program whose kernels are tuned: train, evaluate");
  auto target = text("target", options.compiler.target, "cpu (kernels for a GPU cannot be timed yet)");
  auto gpu = text("gpu", options.compiler.gpu, "the GPU that sizes are chosen for");
  auto cpu = text("cpu", options.compiler.cpu, "host, or LLVM's name of a CPU that this machine can stand for");
  auto precision = text("precision", options.compiler.precision, "type of the operands of products: f32 or bf16");
  auto compileFrom = text("compile-from", from, "the phase of the input: model, program or kernels");
  auto only = text("kernel", options.only, "tune only kernels whose name contains this");
  cl::opt<int64_t> microBatch("micro-batch-size", cl::desc("sequences in a micro-batch"), cl::init(0),
                              cl::cat(category));
  cl::opt<int64_t> sequence("seq-length", cl::desc("tokens in a sequence"), cl::init(0), cl::cat(category));
  cl::opt<unsigned> threads("threads", cl::desc("threads that a kernel runs on (default: all CPUs that are there)"),
                            cl::init(0), cl::cat(category));
  cl::opt<unsigned> repeat("repeat", cl::desc("turns in which every candidate is timed"), cl::init(7),
                           cl::cat(category));
  cl::opt<unsigned> candidates("candidates", cl::desc("candidates of a kernel that are timed, 0: all"), cl::init(16),
                               cl::cat(category));
  cl::opt<double> share("least-share", cl::desc("leave out kernels that are expected to take less of a step"),
                        cl::init(0.002), cl::cat(category));
  cl::opt<bool> printTimes("print-times", cl::desc("print the predicted and the measured time of every candidate"),
                           cl::cat(category));
  cl::list<std::string> plugins(dialectPluginOption, cl::desc(dialectPluginHelp), cl::value_desc("FILE"),
                                cl::cat(category));
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(tool.argc(), tool.argv(),
                                   "Times what could be chosen for the kernels of a program on this machine\n",
                                   &llvm::errs()))
    return 2;
  if (options.output.empty() || options.output == "-")
    return tool.fail("where do the choices go? give -o FILE, which hadalc --config=FILE then reads", 2);
  std::optional<Phase> phase = parsePhase(from);
  if (!phase || *phase > Phase::Kernels)
    return tool.fail("--compile-from is model, program or kernels, not '" + from + "'", 2);
  if (*phase == Phase::Model && (microBatch < 1 || sequence < 1))
    return tool.fail("give --micro-batch-size and --seq-length: they close the two open dimensions of a model", 2);
  if (repeat < 1)
    return tool.fail("--repeat must be at least 1", 2);
  options.compiler.from = *phase;
  options.compiler.microBatchSize = microBatch;
  options.compiler.sequenceLength = sequence;
  options.tuning = {threads ? threads : availableCpus(), repeat, candidates, printTimes};
  options.leastShare = share;
  options.dialectPlugins = plugins;
  return run(options, tool);
}
