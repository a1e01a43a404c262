//===- Compiler.cpp - the phases of a compilation -----------------------------------------------------------------===//
//
// A phase is a short pass pipeline, the same that hadal-opt offers. What later phases need to know of earlier ones (the
// target, the CPU, the model's config.json) is carried by attributes of the module, so that a dumped phase can be
// resumed from.
//
// Kernels of a GPU are lowered to LLVM's dialect twice over: for the GPU in their gpu.module, which is assembled when
// the phase `host` begins, or for the emulator as functions of the host. The ways part in the phase `target`.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "codegen/Driver/Compiler.h"
#include "codegen/CPU/EmitObject.h"
#include "codegen/Emit/LowerToLLVM.h"
#include "codegen/Emulator/Emulator.h"
#include "codegen/NVPTX/Assemble.h"
#include "codegen/NVPTX/AssembleKernels.h"
#include "codegen/NVPTX/LowerToNVVM.h"
#include "codegen/Report/Balance.h"
#include "codegen/Report/Page.h"
#include "codegen/Selection/PredictedTime.h"
#include "dialect/IR/Hadal.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include <chrono>

using namespace mlir;
using namespace hadal;

namespace {

constexpr PhaseDescription phases[] = {
    {Phase::Model, "model", "the model as written, parsed and verified"},
    {Phase::Program, "program", "entry points with closed shapes, backward pass and optimizer"},
    {Phase::Kernels, "kernels", "kernels and launches, their strategies and the memory plan"},
    {Phase::Target, "target", "the kernels' functions in LLVM's dialect"},
    {Phase::Host, "host", "those functions and the tables that the runtime reads"}};

} // namespace

ArrayRef<PhaseDescription> hadal::getPhases() { return phases; }

std::optional<Phase> hadal::parsePhase(StringRef name) {
  for (const PhaseDescription &phase : phases)
    if (phase.name == name)
      return phase.phase;
  return std::nullopt;
}

llvm::Error hadal::writeModule(ModuleOp module, Phase phase, StringRef path) {
  OpPrintingFlags flags;
  if (phase != Phase::Model)
    flags.enableDebugInfo();
  return writeFile(path, [&](llvm::raw_pwrite_stream &stream) -> llvm::Error {
    module.print(stream, flags);
    stream << "\n";
    return llvm::Error::success();
  });
}

LogicalResult Compiler::fail(llvm::Error reason) {
  if (reason.isA<AssemblerError>())
    exitCode = AssemblerError::exitCode;
  error = llvm::toString(std::move(reason));
  return failure();
}

template <typename... Ops> static bool holds(ModuleOp module) {
  return llvm::any_of(*module.getBody(), [](Operation &op) { return isa<Ops...>(op); });
}

/// The phase that a module looks like.
static Phase findPhase(ModuleOp module) {
  if (holds<ModelOp>(module))
    return Phase::Model;
  if (holds<KernelOp>(module))
    return holds<LLVM::LLVMFuncOp, gpu::GPUModuleOp>(module) ? Phase::Target : Phase::Kernels;
  return holds<func::FuncOp>(module) || module.getBody()->empty() ? Phase::Program : Phase::Host;
}

LogicalResult Compiler::checkPhase() {
  // Whatever holds no model at all is refused by the first pass, at a place in the file.
  Phase found = findPhase(module);
  if (options.from == found || (options.from == Phase::Model && found == Phase::Program))
    return success();
  auto name = [](Phase phase) { return phases[unsigned(phase)].name; };
  return module.emitError("the input is of the phase ")
         << name(found) << ", not " << name(options.from) << ": give --compile-from=" << name(found);
}

LogicalResult Compiler::checkVersion() {
  constexpr StringLiteral version = HADAL_VERSION;
  // What is written by hand has none.
  if (auto recorded = module->getAttrOfType<StringAttr>(versionAttrName); recorded && recorded.getValue() != version)
    return module.emitError("the input was written by hadalc ")
           << recorded.getValue() << ", and this is hadalc " << version << ": compile the model again";
  module->setAttr(versionAttrName, StringAttr::get(module.getContext(), version));
  return success();
}

LogicalResult Compiler::recordTarget() {
  MLIRContext *context = module.getContext();
  auto recorded = module->getAttrOfType<StringAttr>(targetAttrName);
  bool isResumed = options.from >= Phase::Kernels;
  std::string name = recorded ? recorded.str() : options.target.empty() ? "cpu" : options.target;
  if (isResumed && !options.target.empty() && options.target != name)
    return module.emitError("the phase was written for the target ")
           << name << ", not for " << options.target << ": resume from the phase program";
  if (!isResumed && !options.target.empty())
    name = options.target;
  if (options.from >= Phase::Target && options.emulate && !module->hasAttr(emulateAttrName))
    return module.emitError("the phase was not written for the emulator: resume from the phase kernels");
  module->setAttr(targetAttrName, StringAttr::get(context, name));
  auto recordedGPU = module->getAttrOfType<StringAttr>(boardAttrName);
  std::string gpu = recordedGPU ? recordedGPU.str() : findGPUArchitecture(name) ? getDefaultBoard(name).name.str() : "";
  if (isResumed && !options.gpu.empty() && options.gpu != gpu)
    return module.emitError("the phase was written for the GPU ")
           << (gpu.empty() ? "of no name" : gpu) << ", not for " << options.gpu << ": resume from the phase program";
  if (!options.gpu.empty())
    module->setAttr(boardAttrName, StringAttr::get(context, options.gpu));
  if (options.emulate)
    module->setAttr(emulateAttrName, UnitAttr::get(context));

  auto recordedCPU = module->getAttrOfType<StringAttr>(cpuAttrName);
  bool isForCPU = name == "cpu" || options.from >= Phase::Target;
  if (isResumed && isForCPU && recordedCPU && !options.cpu.empty() && options.cpu != recordedCPU.getValue())
    return module.emitError("the phase was written for the CPU ")
           << recordedCPU.getValue() << ", not for " << options.cpu << ": resume from the phase program";
  // The name as given, not what the host resolves to: LLVM's name of a host does not say all that it has.
  // Beside kernels for a GPU there is no code for the CPU, only tables: such a program need not ask for this host's.
  std::string otherwise = name == "cpu" || module->hasAttr(emulateAttrName) ? "host" : "x86-64";
  std::string cpu = !options.cpu.empty() ? options.cpu : recordedCPU ? recordedCPU.str() : otherwise;
  module->setAttr(cpuAttrName, StringAttr::get(context, cpu));
  return success();
}

LogicalResult Compiler::describeTarget() {
  if (failed(recordTarget()))
    return failure();
  StringRef name = module->getAttrOfType<StringAttr>(targetAttrName).getValue();
  StringRef cpu = module->getAttrOfType<StringAttr>(cpuAttrName).getValue();
  auto gpu = module->getAttrOfType<StringAttr>(boardAttrName);
  llvm::Expected<TargetDescription> description =
      TargetDescription::forTarget(name, cpu, gpu ? gpu.getValue() : StringRef());
  if (!description)
    return fail(description.takeError());
  target = *description;
  std::string cpuName = target.cpu + (cpu.split('+').first == "host" ? " (this host)" : "");
  if (target.kind() == TargetKind::CPU) {
    log << "target cpu: " << cpuName << ", " << target.registerLanes * 32 << "-bit vectors"
        << (target.emulatesTiles ? ", AMX emulated"
            : target.hasTiles()  ? ", AMX"
                                 : "")
        << "\n";
    return success();
  }
  log << "target " << name << (gpu ? (" (" + gpu.getValue() + ")").str() : "") << (isAssembled() ? "" : ", emulated")
      << "; host cpu: " << cpuName << "\n";
  if (!isAssembled() || options.to < Phase::Host || options.from == Phase::Host)
    return success();
  // Nobody should wait for a compilation that cannot end well.
  if (llvm::Expected<TemporaryFile> file = TemporaryFile::create("ptx"); !file)
    return fail(file.takeError());
  llvm::Expected<std::string> assembler = findAssembler(name);
  return assembler ? success() : fail(assembler.takeError());
}

/// The prices of a target as options of passes (PriceOptions in passes/Passes.td).
static std::string listPrices(const TargetDescription &target) {
  Prices prices = getPrices(target);
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format(
      "memory-byte=%.17g cached-byte=%.17g multiply-add=%.17g operation=%.17g launch=%.17g live-values=%lld",
      prices.memoryByte, prices.cachedByte, prices.multiplyAdd, prices.operation, prices.launch,
      (long long)prices.liveValues);
  return text;
}

/// A tenth of the memory is worth 4% of a step: the norms and activations of most models are made again for that, and
/// weights are packed twice where packing them is more than that of what reads them.
static constexpr const char *worthOfMemory = " worth=0.4 ";

LogicalResult Compiler::buildPasses(Phase phase, OpPassManager &passes) {
  auto add = [&](const std::string &text) { return parsePassPipeline(text, passes, log); };
  auto flag = [](bool value) { return std::string(value ? "true" : "false"); };
  auto text = [&](StringRef name) {
    auto attribute = module->getAttrOfType<StringAttr>(name);
    return attribute ? attribute.str() : std::string();
  };
  std::string where = "target=" + text(targetAttrName) + " cpu=" + text(cpuAttrName);
  if (std::string gpu = text(boardAttrName); !gpu.empty())
    where += " gpu=" + gpu;
  switch (phase) {
  case Phase::Model:
    return success();
  case Phase::Program:
    return add("hadal-model-to-program{program=" + options.program + " micro-batch-size=" +
               std::to_string(options.microBatchSize) + " seq-length=" + std::to_string(options.sequenceLength) +
               " precision=" + options.precision + " max-sequence=" + std::to_string(options.maxSequence) +
               " max-batch=" + std::to_string(options.maxBatch) + " prefill-chunk=" +
               std::to_string(options.prefillChunk) + " speculate=" + std::to_string(options.speculate) +
               " weights=" + options.weights + (options.cacheType.empty() ? "" : " cache-type=" + options.cacheType) +
               (options.exact.empty() ? "" : " exact=" + options.exact) + "}");
  case Phase::Kernels: {
    std::string memory =
        "alignment=" + std::to_string(target.bufferAlignment()) + " print-memory-plan=" + flag(options.printMemoryPlan);
    std::string rematerialize;
    bool recomputesCheap = options.recompute == "cheap";
    if (options.memoryLimit > 0 || recomputesCheap)
      rematerialize = "hadal-rematerialize{" + listPrices(target) +
                      (options.memoryLimit > 0 ? " memory-limit=" + std::to_string(options.memoryLimit) : "") +
                      (recomputesCheap ? worthOfMemory : "") + memory + "},";
    return add("hadal-fuse{" + listPrices(target) + " print-fusion=" + flag(options.printFusion) +
               "},hadal-choose-layouts{" + where + " micro-batches=" + std::to_string(options.microBatches) +
               " memory-limit=" + std::to_string(options.memoryLimit) + worthOfMemory +
               " rows-only=" + flag(options.layouts == "rows") + " print-layouts=" + flag(options.printLayouts) +
               "},hadal-select-strategies{" + where +
               (options.printConfig.empty() ? "" : " print-config=" + options.printConfig) +
               (options.config.empty() ? "" : " config=\"" + options.config + "\"") + "}," + rematerialize +
               "hadal-plan-memory{" + memory + "}");
  }
  case Phase::Target:
    if (failed(add("hadal-lower-kernels{" + where + "}")))
      return failure();
    if (target.kind() == TargetKind::CPU)
      buildLowerToLLVMPipeline(passes);
    else if (isAssembled())
      buildGPUToNVVMPipeline(passes);
    else
      buildLowerToEmulatorPipeline(passes);
    return success();
  case Phase::Host:
    return add("hadal-build-host{" + where + " check-memory=" + flag(options.checkMemory) + "}");
  }
  llvm_unreachable("all phases are handled");
}

LogicalResult Compiler::assemble(TimingScope &timing) {
  auto start = std::chrono::steady_clock::now();
  TimingScope scope = timing.nest("assemble");
  AssembleOptions assembleOptions;
  if (options.printConfig == "text")
    assembleOptions.usage = &log;
  if (!options.dumpFolder.empty()) {
    llvm::SmallString<256> path(options.dumpFolder);
    llvm::sys::path::append(path, Twine(unsigned(Phase::Target) + 1) + "-target.ptx");
    assembleOptions.ptxFile = path.str();
  }
  bool assemblerFailed = false;
  if (failed(assembleKernels(module, target.name(), assembleOptions, &assemblerFailed))) {
    if (assemblerFailed)
      exitCode = AssemblerError::exitCode;
    return failure();
  }
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  log << llvm::format("%-8s %6.2f s\n", "assemble", seconds.count());
  return success();
}

LogicalResult Compiler::runPhase(Phase phase, TimingScope &timing) {
  StringRef name = phases[unsigned(phase)].name;
  auto start = std::chrono::steady_clock::now();
  PassManager passes(module.getContext());
  if (failed(applyPassManagerCLOptions(passes)) || failed(buildPasses(phase, passes)))
    return failure();
  TimingScope scope = timing.nest(name);
  passes.enableTiming(scope);
  if (failed(passes.run(module)))
    return failure();
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  log << llvm::format("%-8s %6.2f s\n", name.data(), seconds.count());
  return success();
}

LogicalResult Compiler::dump(Phase phase) {
  if (options.dumpFolder.empty())
    return success();
  llvm::SmallString<256> path(options.dumpFolder);
  llvm::sys::path::append(path, Twine(unsigned(phase) + 1) + "-" + phases[unsigned(phase)].name + ".mlir");
  llvm::Error failed = writeModule(module, phase, path);
  return failed ? fail(std::move(failed)) : success();
}

LogicalResult Compiler::report(TimingScope &timing) {
  if (!options.printBalance.empty() &&
      failed(printBalance(module, target, *parseExpertLoad(options.printBalance), log)))
    return failure();
  if (options.report.empty())
    return success();
  TimingScope scope = timing.nest("report");
  return writeReport(module, target, options.report, options.reportTrace, log, error);
}

LogicalResult Compiler::run(TimingScope &timing) {
  if (!options.dumpFolder.empty())
    if (std::error_code code = llvm::sys::fs::create_directories(options.dumpFolder))
      return fail(llvm::createStringError("cannot create " + options.dumpFolder + ": " + code.message()));
  if (failed(checkVersion()) || failed(checkPhase()) || failed(dump(options.from)))
    return failure();
  if (options.to > Phase::Program && failed(describeTarget()))
    return failure();
  if (options.from == Phase::Kernels && failed(report(timing)))
    return failure();
  for (unsigned phase = unsigned(options.from) + 1; phase <= unsigned(options.to); ++phase) {
    if (Phase(phase) == Phase::Host && isAssembled() && failed(assemble(timing)))
      return failure();
    if (failed(runPhase(Phase(phase), timing)) || failed(dump(Phase(phase))))
      return failure();
    if (Phase(phase) == Phase::Kernels && failed(report(timing)))
      return failure();
  }
  return success();
}

LogicalResult Compiler::writeObject(const TemporaryFile &file) {
  auto start = std::chrono::steady_clock::now();
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> translated = translateKernels(module, target, context);
  if (!translated)
    return failure();
  if (llvm::Error failed = optimizeKernels(*translated, target))
    return fail(std::move(failed));
  llvm::SmallVector<char, 0> bytes; // the emitter seeks
  llvm::raw_svector_ostream stream(bytes);
  if (llvm::Error failed = emitObject(*translated, target, stream))
    return fail(std::move(failed));
  if (llvm::Error failed = file.write(stream.str()))
    return fail(std::move(failed));
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  log << llvm::format("%-8s %6.2f s\n", "object", seconds.count());
  return success();
}
