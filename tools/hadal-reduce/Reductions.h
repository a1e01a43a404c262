//===- Reductions.h - the ways to make a module smaller -----------------------------------------------------------===//
//
// A reduction lists what it could take away, in the order of the module; the reducer tries parts of that list.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_TOOLS_HADALREDUCE_REDUCTIONS_H
#define HADAL_TOOLS_HADALREDUCE_REDUCTIONS_H

#include "tools/hadal-reduce/Edits.h"
#include <functional>
#include <vector>

namespace hadal {

using Edit = std::function<mlir::LogicalResult(Editor &)>;
/// Lists the edits of a reduction for a module. Equal modules yield equal lists.
using EditLister = std::vector<Edit> (*)(mlir::ModuleOp module);

/// All reductions, those that take most first.
llvm::ArrayRef<EditLister> getReductions();

} // namespace hadal

#endif // HADAL_TOOLS_HADALREDUCE_REDUCTIONS_H
