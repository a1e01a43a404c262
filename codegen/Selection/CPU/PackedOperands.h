//===- PackedOperands.h - in which layouts products on CPUs read their right-hand side ----------------------------===//
//
// Register tiles read panels of f32, and pairs of bf16 where both factors are that; AMX reads pairs, two panels at a
// time. Products in kernels of their own and those of the head ask here.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_CPU_PACKEDOPERANDS_H
#define HADAL_CODEGEN_SELECTION_CPU_PACKEDOPERANDS_H

#include "codegen/Anatomy/Contraction.h"
#include "codegen/Selection/CPU/ProductTiles.h"

namespace hadal {

/// The layouts that a B in rows could be brought into, for products on this unit.
llvm::SmallVector<LayoutAttr> listReadableLayouts(ProductUnit unit, const ContractionOperand &rhs,
                                                  const ProductShape &shape, const TargetDescription &target);

/// Why the panels of B cannot be read; empty when they can, and when there are none.
std::string findPackingFault(ProductUnit unit, const ContractionOperand &rhs, const ProductShape &shape,
                             const TargetDescription &target);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_CPU_PACKEDOPERANDS_H
