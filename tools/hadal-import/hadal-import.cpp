//===- hadal-import.cpp - a Hugging Face model directory as a model in the dialect -------------------------------===//
//
// Reads config.json of a directory and writes the model that it describes. The text is parsed and verified before it is
// written anywhere, so that a file that exists is a model.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "codegen/Support/OutputFile.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "passes/HuggingFace/Configuration.h"
#include "passes/HuggingFace/Families.h"
#include "tools/Mains.h"
#include "tools/ShortHelp.h"
#include "tools/Support/Tool.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace hadal;
using namespace hadal::huggingface;
namespace cl = llvm::cl;

namespace {
/// The command line, in one place and not in global variables.
struct CommandLine {
  cl::OptionCategory category{"hadal-import options"};
  cl::opt<std::string> directory{cl::Positional, cl::desc("DIR"), cl::cat(category)};
  cl::opt<bool> printDefaults{"print-defaults",
                              cl::desc("print what fields mean that config.json leaves out, and do nothing else"),
                              cl::cat(category)};
  cl::opt<std::string> output{"o", cl::desc("file for the model; standard output without it"), cl::value_desc("FILE"),
                              cl::init("-"), cl::cat(category)};
  cl::opt<ExcludedGroups> excludedGroups{
      "excluded-groups", cl::desc("selection score of experts in groups that are not selected"),
      cl::values(clEnumValN(ExcludedGroups::NegativeInfinity, "negative-infinity", "the family's own code (default)"),
                 clEnumValN(ExcludedGroups::Zero, "zero", "as earlier versions of transformers have it")),
      cl::init(ExcludedGroups::NegativeInfinity), cl::cat(category)};
  cl::opt<std::string> latentNormEps{
      "latent-norm-eps",
      cl::desc("epsilon of the norms inside the attention (default: 1e-6 as everywhere, whatever rms_norm_eps says)"),
      cl::value_desc("X"), cl::cat(category)};
  cl::opt<ImportOptions::BalanceLoss> balanceLoss{
      "balance-loss", cl::desc("the balance loss of the mixtures"),
      cl::values(
          clEnumValN(ImportOptions::BalanceLoss::Sequence, "sequence", "sequence-wise, as DeepSeek-V3 (default)"),
          clEnumValN(ImportOptions::BalanceLoss::Variance, "variance", "variance of the mean scores"),
          clEnumValN(ImportOptions::BalanceLoss::None, "none", "no balance loss")),
      cl::init(ImportOptions::BalanceLoss::Sequence), cl::cat(category)};
  cl::opt<MTPHiddenState> mtpHiddenState{
      "mtp-hidden-state", cl::desc("the hidden state that feeds an MTP block"),
      cl::values(
          clEnumValN(MTPHiddenState::PostNorm, "post_norm", "after the final norm, as released weights (default)"),
          clEnumValN(MTPHiddenState::PreNorm, "pre_norm", "before the final norm")),
      cl::cat(category)};
  cl::opt<unsigned> mtpDepth{
      "mtp-num-layers",
      cl::desc("number of MTP blocks (default: num_nextn_predict_layers); 0 for weights without them"),
      cl::value_desc("N"), cl::cat(category)};
};
} // namespace

/// Letters, digits and underscores of the directory's name, as a symbol wants it.
static std::string symbolName(llvm::StringRef directory) {
  llvm::SmallString<128> path(directory);
  llvm::sys::fs::make_absolute(path);
  llvm::sys::path::remove_dots(path, /*remove_dot_dot=*/true);
  std::string name;
  for (char c : llvm::sys::path::filename(path))
    name += llvm::isAlnum(c) ? llvm::toLower(c) : '_';
  return name.empty() || llvm::isDigit(name.front()) ? "model_" + name : name;
}

/// Whether the text is a valid model; diagnostics go to standard error.
static bool verifies(llvm::StringRef text) {
  mlir::MLIRContext context;
  context.loadDialect<HadalDialect, mlir::func::FuncDialect>();
  return bool(mlir::parseSourceString<mlir::ModuleOp>(text, &context, "imported model"));
}

int hadal::hadalImportMain(int argc, char **argv) {
  Tool tool("hadal-import", argc, argv);
  ShortHelp help(tool.argc(), tool.argv());
  CommandLine options;
  cl::HideUnrelatedOptions(options.category);
  if (!cl::ParseCommandLineOptions(tool.argc(), tool.argv(),
                                   "Writes the model that a Hugging Face directory describes.\n", &llvm::errs()))
    return 2;
  if (options.printDefaults) {
    printDefaults(llvm::outs());
    return 0;
  }
  if (options.directory.empty())
    return tool.fail("expected the folder with config.json: hadal-import DIR -o model.mlir", 2);
  ImportOptions import;
  import.balanceLoss = options.balanceLoss;
  import.excludedGroups = options.excludedGroups;
  if (options.mtpHiddenState.getNumOccurrences())
    import.mtpHiddenState = options.mtpHiddenState;
  if (options.mtpDepth > 10000)
    return tool.fail("--mtp-num-layers: expected at most 10000, got " + std::to_string(options.mtpDepth), 2);
  if (options.mtpDepth.getNumOccurrences())
    import.mtpDepth = options.mtpDepth;
  if (options.latentNormEps.getNumOccurrences()) {
    double eps;
    if (llvm::StringRef(options.latentNormEps).getAsDouble(eps) || !(eps > 0.0 && eps < 1.0))
      return tool.fail("--latent-norm-eps: expected a number between 0 and 1, got '" + options.latentNormEps + "'", 2);
    import.latentNormEps = eps;
  }

  llvm::SmallString<128> file(options.directory);
  llvm::sys::path::append(file, "config.json");
  if (llvm::sys::fs::equivalent(file, options.output))
    return tool.fail("the output " + options.output + " is the config.json itself: give another -o FILE", 2);
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> buffer = llvm::MemoryBuffer::getFile(file, /*IsText=*/true);
  if (!buffer)
    return tool.fail("cannot read " + file + ": " + buffer.getError().message());
  llvm::Expected<Configuration> config = readConfiguration((*buffer)->getBuffer(), file, import);
  if (!config)
    return tool.fail(llvm::toString(config.takeError()));
  for (const std::string &warning : config->warnings)
    llvm::errs() << "hadal-import: warning: " << file << ": " << warning << "\n";
  std::string text = writeModel(*config, symbolName(options.directory));
  if (!verifies(text))
    return tool.fail("the model that " + file + " describes is not valid; this is an error of hadal-import");

  if (llvm::Error error = writeFile(options.output, text))
    return tool.fail(llvm::toString(std::move(error)));
  return 0;
}
