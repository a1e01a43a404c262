//===- hadalc.cpp - the compiler: from a model to a program ------------------------------------------------------===//
//
// Parses the model, runs the phases (codegen/Driver) and writes what was asked for: a phase as text, or an executable.
// Reports and progress go to stderr, so that a phase on stdout can be piped.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/EmitObject.h"
#include "codegen/Driver/Passes.h"
#include "codegen/Host/Descriptor.h"
#include "codegen/Host/Link.h"
#include "codegen/NVPTX/EmitPTX.h"
#include "codegen/Selection/Choices.h"
#include "codegen/Support/OutputFile.h"
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
#include "tools/Mains.h"
#include "tools/Support/DialectPlugins.h"
#include "tools/Support/Tool.h"
#include "tools/hadalc/Options.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/SourceMgr.h"

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
  registry.insert<HadalDialect, choices::KernelDialect, arith::ArithDialect, math::MathDialect, func::FuncDialect>();
  registerElementwiseGradients(registry);
  registerTranslations(registry);
  registerGPUTranslations(registry);
  registerTransformsPasses();
  registerHadalPasses();
  registerPipelines();
  registerCodegenPasses();
}

/// The model's config.json travels with the module; without one, the program's --export says why. So does the encoding
/// of the model's published weights, which --load names when it has no loader for it.
void recordConfiguration(ModuleOp module) {
  Builder builder(module.getContext());
  for (auto model : module.getOps<ModelOp>()) {
    llvm::Expected<std::string> text = exportConfig(model);
    if (text)
      module->setAttr(configAttrName, builder.getStringAttr(*text));
    else
      module->setAttr(configReasonAttrName, builder.getStringAttr(llvm::toString(text.takeError())));
    if (DictionaryAttr stored = model.getStoredWeightsAttr())
      module->setAttr(storedWeightsAttrName, builder.getStringAttr(huggingface::describeStoredWeights(stored)));
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

/// What a program is made with. All of it is there before the compilation begins, since nobody should wait for one that
/// cannot end well.
struct ProgramFiles {
  std::string runtime;
  TemporaryFile object;
  OutputFile program;

  static llvm::Expected<ProgramFiles> prepare(StringRef output, StringRef toolPath);
};

llvm::Expected<ProgramFiles> ProgramFiles::prepare(StringRef output, StringRef toolPath) {
  llvm::Expected<std::string> runtime = findRuntimeLibrary(toolPath);
  if (!runtime)
    return runtime.takeError();
  if (llvm::Error error = requireLinker())
    return error;
  llvm::Expected<TemporaryFile> object = TemporaryFile::create("o");
  if (!object)
    return object.takeError();
  llvm::Expected<OutputFile> program = OutputFile::create(output);
  if (!program)
    return program.takeError();
  return ProgramFiles{*runtime, std::move(*object), std::move(*program)};
}

/// The exit code of a compilation that failed. What has a place in the model was said there.
int reportFailure(const Compiler &compiler) {
  if (!compiler.getError().empty())
    fail(compiler.getError());
  return compiler.getExitCode();
}

int writeProgram(Compiler &compiler, ProgramFiles &files, StringRef output) {
  if (failed(compiler.writeObject(files.object)))
    return reportFailure(compiler);
  if (llvm::Error error = linkProgram(files.object.getPath(), files.runtime, files.program.getTemporary()))
    return fail(llvm::toString(std::move(error)));
  if (llvm::Error error = files.program.commit())
    return fail(llvm::toString(std::move(error)));
  llvm::errs() << "wrote " << output << "\n";
  return 0;
}

int compile(const CommandLine &commandLine, StringRef toolPath) {
  const CompilerOptions &options = commandLine.compiler;
  std::optional<ProgramFiles> files;
  if (options.to == Phase::Host && !commandLine.isTextual) {
    llvm::Expected<ProgramFiles> prepared = ProgramFiles::prepare(commandLine.output, toolPath);
    if (!prepared)
      return fail(llvm::toString(prepared.takeError()));
    files.emplace(std::move(*prepared));
  } else if (!commandLine.output.empty()) {
    if (llvm::Error error = requireWritable(commandLine.output))
      return fail(llvm::toString(std::move(error)));
  }
  if (!options.report.empty())
    if (llvm::Error error = requireWritable(options.report))
      return fail(llvm::toString(std::move(error)));
  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> file = openInputFile(commandLine.input, &message);
  if (!file)
    return fail(message);
  DialectRegistry registry;
  registerEverything(registry);
  if (llvm::Error error = loadDialectPlugins(commandLine.dialectPlugins, registry)) {
    fail(llvm::toString(std::move(error)));
    return 2;
  }
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
  Compiler compiler(*module, options, llvm::errs());
  if (failed(compiler.run(timing)))
    return reportFailure(compiler);
  return files ? writeProgram(compiler, *files, commandLine.output)
               : writePhase(*module, options.to, commandLine.output);
}

} // namespace

int hadal::hadalcMain(int argc, char **argv) {
  Tool tool("hadalc", argc, argv);
  CommandLine commandLine;
  if (std::optional<int> code = parseCommandLine(tool.argc(), tool.argv(), commandLine))
    return *code;
  if (std::optional<int> code = applyMLIROptions(commandLine))
    return *code;
  return compile(commandLine, llvm::sys::fs::getMainExecutable(argv[0], reinterpret_cast<void *>(&hadalcMain)));
}
