//===- Page.h - a report as a page --------------------------------------------------------------------------------===//
//
// One HTML file that asks nothing of a network: the page (page/, put together at build time), with the document in it.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_REPORT_PAGE_H
#define HADAL_CODEGEN_REPORT_PAGE_H

#include "codegen/Target/Target.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"

namespace hadal {

/// The page with a document in it.
void writePage(llvm::raw_ostream &stream, llvm::json::Object document);

/// Writes the page of a module of the phase `kernels` to a file, and what it comes to in one line to `log`; `trace` is
/// that of a run, or empty. A failure has been diagnosed at its place in the module, or is told by `error`.
mlir::LogicalResult writeReport(mlir::ModuleOp module, const TargetDescription &target, llvm::StringRef path,
                                llvm::StringRef trace, llvm::raw_ostream &log, std::string &error);

} // namespace hadal

#endif // HADAL_CODEGEN_REPORT_PAGE_H
