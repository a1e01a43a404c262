// The output head with its cross entropy by threads of a GPU, emulated, against the reference evaluator: the kernels that CPUs
// are checked with.
// RUN: hadal-check-kernels %S/../CPU/head.mlir --target=sm_90a
