//===- Document.h - a report as data ------------------------------------------------------------------------------===//
//
// Everything that the page shows, as one JSON document, which other programs may read as well (it is the element
// `report` of the page). Times are seconds, sizes bytes. Kernels, entry points and places are referred to by their
// number in the lists of the document.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_REPORT_DOCUMENT_H
#define HADAL_CODEGEN_REPORT_DOCUMENT_H

#include "codegen/Report/Trace.h"
#include "llvm/Support/JSON.h"

namespace hadal {

/// `run`: the times of a run, or null.
llvm::json::Object describeProgram(const ProgramFacts &program, const MeasuredRun *run);

} // namespace hadal

#endif // HADAL_CODEGEN_REPORT_DOCUMENT_H
