// RUN: hadal-opt %s -split-input-file -verify-diagnostics

func.func @threads(%id: i32) {
  // expected-error @below {{expects a multiple of 32 threads up to 1024, not 100}}
  ptx.barrier %id, 100
  return
}

// -----

func.func @arriving_threads(%id: i32) {
  // expected-error @below {{expects a multiple of 32 threads up to 1024, not 2048}}
  ptx.barrier_arrive %id, 2048
  return
}

// -----

func.func @registers() {
  // expected-error @below {{expects a multiple of 8 from 24 to 256 registers, not 20}}
  ptx.set_max_registers <decrease> 20
  return
}

// -----

func.func @coordinates(%map: !llvm.ptr, %x: i32) {
  %tile = ptx.shared_memory 0
  // expected-error @below {{expects 1 to 5 coordinates, not 6}}
  ptx.tma_load %tile, %map[%x, %x, %x, %x, %x, %x] on %tile
  return
}

// -----

func.func @columns(%a: i64, %accumulator: vector<6xf32>, %true: i1) {
  // expected-error @below {{expects an accumulator of 4, 8, ... or 128 numbers (8 to 256 columns), not 6}}
  %r = ptx.wgmma %a, %a, %accumulator, %true : i64, vector<6xf32>
  return
}

// -----

func.func @types(%a: i64, %accumulator: vector<8xf32>, %true: i1) {
  // expected-error @below {{multiplies bf16 with bf16, f16 with f16, or 8-bit operands with each other}}
  %r = ptx.wgmma %a, %a, %accumulator, %true {type_a = #ptx.operand<e4m3>} : i64, vector<8xf32>
  return
}

// -----

func.func @major(%a: i64, %accumulator: vector<8xf32>, %true: i1) {
  // expected-error @below {{takes 8-bit operands with contiguous depth (major k) only}}
  %r = ptx.wgmma %a, %a, %accumulator, %true {type_a = #ptx.operand<e4m3>, type_b = #ptx.operand<e4m3>,
                                              major_b = #ptx.major<mn>} : i64, vector<8xf32>
  return
}
