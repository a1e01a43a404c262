//===- Passes.h - the passes --------------------------------------------------------------------------------------===//
//
// Creation and registration of the passes of Passes.td.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_PASSES_H
#define HADAL_PASSES_PASSES_H

#include "dialect/IR/Hadal.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace hadal {
#define GEN_PASS_DECL
#include "passes/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"
} // namespace hadal

#endif // HADAL_PASSES_PASSES_H
