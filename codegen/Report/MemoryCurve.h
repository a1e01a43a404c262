//===- MemoryCurve.h - what lies in the arena while an entry point runs -------------------------------------------===//
//
// Bytes by kind at every launch, and the buffers at the moment when they are most. The kinds:
//
//   workspace   what a kernel needs beside its operands and results while it runs
//   kept        a value that is read again when more than a tenth of the launches have passed: what a backward pass
//               keeps of the forward pass
//   passing     every other value
//
// Thousands of launches become a few hundred samples, each the fullest moment of its launches.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_REPORT_MEMORYCURVE_H
#define HADAL_CODEGEN_REPORT_MEMORYCURVE_H

#include "codegen/Report/ProgramFacts.h"
#include "llvm/Support/JSON.h"

namespace hadal {

/// {"arena", "live", "samples": [[launch, kept, passing, workspace], ...],
///  "peak": {"launch", "buffers": [{"bytes", "count", "kind", "type", "kernel"}, ...]}}
llvm::json::Object describeMemory(const EntryFacts &entry, const ProgramFacts &program);

} // namespace hadal

#endif // HADAL_CODEGEN_REPORT_MEMORYCURVE_H
