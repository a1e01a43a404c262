// All operations of the dialect: one file per family.
#ifndef HADAL_DIALECT_IR_HADALOPS_TD
#define HADAL_DIALECT_IR_HADALOPS_TD

include "dialect/IR/OpsCommon.td"
include "dialect/IR/ModelOps.td"
include "dialect/IR/LinearOps.td"
include "dialect/IR/NormOps.td"
include "dialect/IR/AttentionOps.td"
include "dialect/IR/CacheOps.td"
include "dialect/IR/ExpertOps.td"
include "dialect/IR/LossOps.td"
include "dialect/IR/OptimizerOps.td"
include "dialect/IR/QuantizeOps.td"
include "dialect/IR/KernelOps.td"
include "dialect/IR/LayoutOps.td"

#endif // HADAL_DIALECT_IR_HADALOPS_TD
