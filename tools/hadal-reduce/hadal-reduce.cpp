//===- hadal-reduce.cpp - makes a failing input small -------------------------------------------------------------===//
//
// Given a script that recognises a failure, it takes away what the failure does not need: functions with their mention
// in stacks of layers, layers, kernels with their launches, operations, results, arguments and attributes. MLIR's own
// reducer takes away only what nothing refers to, which in a model is nothing. See docs/debugging.
//
// The script is also accepted as mlir-reduce spells it: --reduction-tree='traversal-mode=0 test=SCRIPT'.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/Choices.h"
#include "codegen/Support/OutputFile.h"
#include "dialect/PTX/PTX.h"
#include "dialect/Tile/Tile.h"
#include "mlir/InitAllDialects.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "tools/ShortHelp.h"
#include "tools/Support/Tool.h"
#include "tools/hadal-reduce/Reducer.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace hadal;
namespace cl = llvm::cl;

namespace {
/// The command line, in one place and not in global variables.
struct CommandLine {
  cl::OptionCategory category{"hadal-reduce options"};
  cl::opt<std::string> input{cl::Positional, cl::Required, cl::desc("FILE"), cl::cat(category)};
  cl::opt<std::string> output{"o", cl::desc("file for the result; standard output without it"), cl::value_desc("FILE"),
                              cl::init("-"), cl::cat(category)};
  cl::opt<std::string> test{
      "test", cl::desc("script that is given a file and exits with 1 where the fault is there, with 0 where it is not"),
      cl::value_desc("SCRIPT"), cl::cat(category)};
  cl::list<std::string> testArguments{"test-arg", cl::desc("argument of the script before the file; may be repeated"),
                                      cl::value_desc("ARGUMENT"), cl::cat(category)};
  cl::opt<std::string> reductionTree{"reduction-tree",
                                     cl::desc("the script as mlir-reduce spells it: 'traversal-mode=0 test=SCRIPT'"),
                                     cl::value_desc("OPTIONS"), cl::cat(category), cl::Hidden};
};
} // namespace

/// The script and its arguments, or nothing where none is given.
static std::optional<Script> readScript(const CommandLine &options) {
  std::string program = options.test;
  std::vector<std::string> arguments(options.testArguments.begin(), options.testArguments.end());
  SmallVector<StringRef> words;
  StringRef(options.reductionTree).split(words, ' ', -1, /*KeepEmpty=*/false);
  for (StringRef word : words) {
    if (word.consume_front("test="))
      program = word.str();
    else if (word.consume_front("test-arg="))
      arguments.push_back(word.str());
  }
  if (program.empty())
    return std::nullopt;
  return Script(program, arguments);
}

static void registerEverything(DialectRegistry &registry) {
  registerAllDialects(registry);
  registry.insert<HadalDialect, choices::KernelDialect, ptx::PTXDialect, tile::TileDialect>();
}

/// The module, valid or not: that it is not may be the fault.
static OwningOpRef<ModuleOp> parse(std::unique_ptr<llvm::MemoryBuffer> file, MLIRContext &context) {
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(file), llvm::SMLoc());
  SourceMgrDiagnosticHandler diagnostics(sources, &context);
  return parseSourceFile<ModuleOp>(sources, ParserConfig(&context, /*verifyAfterParse=*/false));
}

static unsigned countOperations(ModuleOp module) {
  unsigned count = 0;
  module.walk([&](Operation *) { ++count; });
  return count;
}

static int reduce(const Tool &tool, const CommandLine &options, Script &script) {
  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> file = openInputFile(options.input, &message);
  if (!file)
    return tool.fail(message);
  DialectRegistry registry;
  registerEverything(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.printOpOnDiagnostic(false);
  context.loadDialect<arith::ArithDialect, LLVM::LLVMDialect>(); // of the zeros that stand in
  OwningOpRef<ModuleOp> module = parse(std::move(file), context);
  if (!module)
    return 1;
  // First as the module is written again: all that follows is.
  llvm::Expected<bool> fails = script.run(*module);
  if (!fails)
    return tool.fail(llvm::toString(fails.takeError()));
  if (!*fails)
    return tool.fail("the script does not see the fault in " + options.input + " (it has to exit with 1 there)");
  unsigned before = countOperations(*module);
  Reducer reducer(std::move(module), script);
  if (llvm::Error error = reducer.run())
    return tool.fail(llvm::toString(std::move(error)));
  llvm::errs() << "reduced from " << before << " to " << countOperations(reducer.getModule()) << " operations in "
               << script.getRuns() << " runs of the script\n";
  llvm::Error error = writeFile(options.output, textOf(reducer.getModule()));
  return error ? tool.fail(llvm::toString(std::move(error))) : 0;
}

int main(int argc, char **argv) {
  Tool tool("hadal-reduce", argc, argv);
  ShortHelp help(tool.argc(), tool.argv());
  CommandLine options;
  cl::HideUnrelatedOptions(options.category);
  if (!cl::ParseCommandLineOptions(tool.argc(), tool.argv(),
                                   "Takes away from FILE what a fault does not need.\n\n"
                                   "  hadal-reduce model.mlir --test=./still-wrong.sh -o small.mlir\n",
                                   &llvm::errs()))
    return 2;
  std::optional<Script> script = readScript(options);
  if (!script)
    return tool.fail(
        "no script: give --test=SCRIPT, which is run with a file and exits with 1 while the fault is there", 2);
  return reduce(tool, options, *script);
}
