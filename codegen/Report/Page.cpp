//===- Page.cpp - a report as a page ------------------------------------------------------------------------------===//
//
// The document stands in a script element of no script: what would end it, or begin a comment, begins with `<`, which
// JSON can say otherwise.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Report/Page.h"
#include "codegen/Report/Document.h"
#include "codegen/Support/OutputFile.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace hadal;

/// The page, up to the document and behind it.
static constexpr StringLiteral pageBegin =
#include "codegen/Report/PageBegin.inc"
    ;
static constexpr StringLiteral pageEnd =
#include "codegen/Report/PageEnd.inc"
    ;

void hadal::writePage(raw_ostream &stream, llvm::json::Object document) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::json::Value(std::move(document));
  stream << pageBegin;
  for (StringRef rest = text; !rest.empty();) {
    auto [part, behind] = rest.split('<');
    stream << part;
    if (part.size() < rest.size())
      stream << "\\u003c";
    rest = behind;
  }
  stream << pageEnd;
}

/// `wrote report.html: a step takes 1.2 s as measured, 0.9 s as predicted, and at least 0.4 s by the rates that the run
/// measured; 80% of the kernels' time is spent at 60% or more of the bound`
static void logStep(raw_ostream &log, StringRef path, const llvm::json::Object &step, bool ratesAreMeasured) {
  log << "wrote " << path << ": a step takes ";
  if (std::optional<double> measured = step.getNumber("measured")) {
    printSeconds(log, *measured);
    log << " as measured, ";
  }
  printSeconds(log, *step.getNumber("predicted"));
  log << " as predicted, and at least ";
  printSeconds(log, *step.getNumber("bound"));
  log << (ratesAreMeasured ? " by the rates that the run measured" : " by the figures of the target");
  log << llvm::formatv("; {0:P0} of the kernels' time is spent at 60% or more of the bound\n",
                       *step.getNumber("nearBound"));
}

LogicalResult hadal::writeReport(ModuleOp module, const TargetDescription &target, StringRef path, StringRef trace,
                                 raw_ostream &log, std::string &error) {
  FailureOr<ProgramFacts> program = ProgramFacts::read(module, target);
  if (failed(program))
    return failure();
  std::optional<MeasuredRun> run;
  if (!trace.empty()) {
    llvm::Expected<MeasuredRun> read = readTrace(trace, *program);
    if (!read) {
      error = llvm::toString(read.takeError());
      return failure();
    }
    run = std::move(*read);
  }
  llvm::json::Object document = describeProgram(*program, run ? &*run : nullptr);
  llvm::json::Object step = *document.getObject("step");
  llvm::Error failed = writeFile(path, [&](llvm::raw_pwrite_stream &stream) {
    writePage(stream, std::move(document));
    return llvm::Error::success();
  });
  if (!failed) {
    logStep(log, path, step, run && run->rates);
    return success();
  }
  error = llvm::toString(std::move(failed));
  return failure();
}
