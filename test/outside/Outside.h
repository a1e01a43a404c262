//===- Outside.h - a dialect that the compiler knows nothing of ---------------------------------------------------===//
#ifndef HADAL_TEST_OUTSIDE_OUTSIDE_H
#define HADAL_TEST_OUTSIDE_OUTSIDE_H

#include "dialect/IR/Hadal.h"

#include "test/outside/OutsideDialect.h.inc"

#define GET_OP_CLASSES
#include "test/outside/OutsideOps.h.inc"

#endif // HADAL_TEST_OUTSIDE_OUTSIDE_H
