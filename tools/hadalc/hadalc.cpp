//===- hadalc.cpp - the compiler: from a model to a program ------------------------------------------------------===//
//
// Parses the model, runs the phases (codegen/Driver) and writes what was asked for: a phase as text, or an executable.
// Reports and progress go to stderr, so that a phase on stdout can be piped.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/EmitObject.h"
#include "codegen/CPU/LowerToLLVM.h"
#include "codegen/Host/Descriptor.h"
#include "codegen/Host/Link.h"
#include "codegen/NVPTX/EmitPTX.h"
#include "dialect/IR/Gradients/ElementwiseGradients.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Transforms/Passes.h"
#include "passes/HuggingFace/Configuration.h"
#include "passes/HuggingFace/StoredWeights.h"
#include "passes/Passes.h"
#include "passes/Pipelines/Pipelines.h"
#include "tools/hadalc/Options.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/PrettyStackTrace.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ToolOutputFile.h"
#include <csignal>

using namespace mlir;
using namespace hadal;

namespace {

int fail(const llvm::Twine &message) {
  llvm::errs() << "hadalc: error: " << message << "\n";
  return 1;
}

/// Hands MLIR its own options. Returns an exit code when they are wrong.
std::optional<int> applyMLIROptions(const CommandLine &commandLine) {
  registerMLIRContextCLOptions();
  registerPassManagerCLOptions();
  registerDefaultTimingManagerCLOptions();
  registerAsmPrinterCLOptions();
  std::vector<const char *> arguments{"hadalc"};
  for (const std::string &option : commandLine.mlirOptions)
    arguments.push_back(option.c_str());
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  if (llvm::cl::ParseCommandLineOptions(int(arguments.size()), arguments.data(), "", &stream))
    return std::nullopt;
  fail(StringRef(messages).rtrim());
  return 2;
}

void registerEverything(DialectRegistry &registry) {
  registry.insert<HadalDialect, arith::ArithDialect, math::MathDialect, func::FuncDialect>();
  registerElementwiseGradients(registry);
  registerTranslations(registry);
  registerGPUTranslations(registry);
  registerTransformsPasses();
  registerHadalPasses();
  registerPipelines();
  registerStrategyPasses();
  registerLowerToLLVMPasses();
  registerHostPasses();
}

/// The model's config.json travels with the module; without one, the program's --export says why. So does the encoding
/// of the model's published weights, which --load names when it has no loader for it.
void recordConfiguration(ModuleOp module) {
  Builder builder(module.getContext());
  for (auto model : module.getOps<ModelOp>()) {
    llvm::Expected<std::string> text = exportConfig(model);
    if (text)
      module->setAttr("hadal.config_json", builder.getStringAttr(*text));
    else
      module->setAttr("hadal.config_json_reason", builder.getStringAttr(llvm::toString(text.takeError())));
    if (DictionaryAttr stored = model.getStoredWeightsAttr())
      module->setAttr("hadal.stored_weights", builder.getStringAttr(huggingface::describeStoredWeights(stored)));
  }
}

/// A phase as text: on stdout to be read, without locations, or to a file.
int writePhase(ModuleOp module, Phase phase, StringRef output) {
  if (output.empty() || output == "-") {
    module.print(llvm::outs());
    llvm::outs() << "\n";
    llvm::outs().flush();
    if (!llvm::outs().has_error())
      return 0;
    llvm::outs().clear_error();
    return fail("cannot write to standard output");
  }
  llvm::Error error = writeModule(module, phase, output);
  return error ? fail(llvm::toString(std::move(error))) : 0;
}

/// The executable: an object file beside it, linked, renamed.
int writeProgram(Compiler &compiler, StringRef output, StringRef toolPath) {
  llvm::Expected<std::string> runtime = findRuntimeLibrary(toolPath);
  if (!runtime)
    return fail(llvm::toString(runtime.takeError()));
  std::string object = (output + ".tmp.o").str(), linked = (output + ".tmp").str();
  llvm::FileRemover removeObject(object), removeLinked(linked);
  if (failed(compiler.writeObject(object)))
    return 1;
  if (llvm::Error error = linkProgram(object, *runtime, linked))
    return fail(llvm::toString(std::move(error)));
  if (std::error_code error = llvm::sys::fs::rename(linked, output))
    return fail("cannot write " + output + ": " + error.message());
  llvm::errs() << "wrote " << output << "\n";
  return 0;
}

int compile(const CommandLine &commandLine, StringRef toolPath) {
  const CompilerOptions &options = commandLine.compiler;
  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> file = openInputFile(commandLine.input, &message);
  if (!file)
    return fail(message);
  DialectRegistry registry;
  registerEverything(registry);
  MLIRContext context(registry);
  context.printOpOnDiagnostic(false);
  auto sources = std::make_shared<llvm::SourceMgr>();
  sources->AddNewSourceBuffer(std::move(file), llvm::SMLoc());
  SourceMgrDiagnosticHandler diagnostics(*sources, &context);

  DefaultTimingManager timingManager;
  applyDefaultTimingManagerCLOptions(timingManager);
  TimingScope timing = timingManager.getRootScope();
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(sources, ParserConfig(&context));
  if (!module)
    return 1;
  if (options.from == Phase::Model && options.to > Phase::Model)
    recordConfiguration(*module);
  Compiler compiler(*module, options);
  if (failed(compiler.run(timing)))
    return compiler.getExitCode();
  if (options.to != Phase::Host || commandLine.isTextual)
    return writePhase(*module, options.to, commandLine.output);
  return writeProgram(compiler, commandLine.output, toolPath);
}

} // namespace

int main(int argc, char **argv) {
  llvm::sys::PrintStackTraceOnErrorSignal(argv[0]);
  signal(SIGXFSZ, SIG_IGN); // writing beyond a limit on the size of files then fails with an error
  llvm::PrettyStackTraceProgram stackTrace(argc, argv);
  llvm::setBugReportMsg("This is a fault of hadalc: please report it to the Hadal project with the model, the command "
                        "line and what follows.\n");
  CommandLine commandLine;
  if (std::optional<int> code = parseCommandLine(argc, argv, commandLine))
    return *code;
  if (std::optional<int> code = applyMLIROptions(commandLine))
    return *code;
  return compile(commandLine, llvm::sys::fs::getMainExecutable(argv[0], reinterpret_cast<void *>(&main)));
}
