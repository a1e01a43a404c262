// What is no instruction of the ptx dialect: accesses to memory stay vectors, bf16 is converted by the GPU's own
// instructions, elementary functions are arithmetic (no library is called), and nothing asks for Hopper alone: the PTX
// runs on newer GPUs too.
// RUN: hadal-opt %s --hadal-gpu-to-nvvm --hadal-emit-ptx -o /dev/null | FileCheck %s
// RUN: hadal-opt %s --hadal-gpu-to-nvvm --hadal-assemble-kernels=print-usage -o /dev/null 2>&1 | FileCheck %s --check-prefix=USAGE

// USAGE-DAG: @conversions: {{[0-9]+}} registers, 0 bytes spilled
// USAGE-DAG: @rare_functions: {{[0-9]+}} registers, 0 bytes spilled
// USAGE-DAG: @functions: {{[0-9]+}} registers, 0 bytes spilled
// USAGE-DAG: @sum: {{[0-9]+}} registers, 0 bytes spilled
gpu.module @kernels {

// CHECK: .target sm_90{{$}}
// CHECK-NOT: .extern .func
// CHECK: .visible .entry conversions(
llvm.func @conversions(%in: !llvm.ptr, %out: !llvm.ptr) attributes {gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 32>} {
  // CHECK: ld.global.v4.b16
  %narrow = llvm.load %in {alignment = 8 : i64} : !llvm.ptr -> vector<4xbf16>
  %wide = arith.extf %narrow : vector<4xbf16> to vector<4xf32>
  %factor = arith.constant dense<0.1> : vector<4xf32>
  // CHECK-COUNT-4: mul.rn.f32
  %sum = arith.mulf %wide, %factor : vector<4xf32>
  // CHECK-COUNT-2: cvt.rn.bf16x2.f32
  %rounded = arith.truncf %sum : vector<4xf32> to vector<4xbf16>
  // CHECK: st.global.v2.b32
  llvm.store %rounded, %out {alignment = 8 : i64} : vector<4xbf16>, !llvm.ptr
  llvm.return
}

// CHECK-NOT: call
// CHECK: .visible .entry functions(
// CHECK: sqrt.rn.f32
// CHECK-NOT: call
llvm.func @functions(%in: !llvm.ptr, %out: !llvm.ptr) attributes {gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 32>} {
  %x = llvm.load %in {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
  %a = math.exp %x : vector<4xf32>
  %b = math.log %a : vector<4xf32>
  %c = math.rsqrt %b : vector<4xf32>
  %d = math.tanh %c : vector<4xf32>
  %e = math.erf %d : vector<4xf32>
  %f = math.fma %a, %b, %e : vector<4xf32>
  %g = arith.divf %f, %c : vector<4xf32>
  %h = arith.maximumf %g, %x : vector<4xf32>
  %i = math.absf %h : vector<4xf32>
  %j = math.floor %i : vector<4xf32>
  llvm.store %j, %out {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr
  llvm.return
}

// CHECK: .visible .entry rare_functions(
// CHECK-NOT: call
llvm.func @rare_functions(%in: !llvm.ptr, %out: !llvm.ptr) attributes {gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 32>} {
  %x = llvm.load %in {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
  %a = math.sin %x : vector<4xf32>
  %b = math.cos %a : vector<4xf32>
  %c = math.tan %b : vector<4xf32>
  %d = math.log2 %c : vector<4xf32>
  %e = math.log10 %d : vector<4xf32>
  %f = math.log1p %e : vector<4xf32>
  %g = math.expm1 %f : vector<4xf32>
  // CHECK: ex2.approx.f32
  %h = math.exp2 %g : vector<4xf32>
  %i = math.powf %h, %x : vector<4xf32>
  %j = math.atan2 %i, %x : vector<4xf32>
  %k = math.cbrt %j : vector<4xf32>
  %l = math.sinh %k : vector<4xf32>
  llvm.store %l, %out {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr
  llvm.return
}

// CHECK: .visible .entry sum(
llvm.func @sum(%in: !llvm.ptr, %out: !llvm.ptr, %count: i64) attributes {gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 256>} {
  %c0 = arith.constant 0 : i64
  %c1024 = arith.constant 1024 : i64
  %c4 = arith.constant 4 : i64
  %thread = ptx.thread_id
  %wide = arith.extui %thread : i32 to i64
  %first = arith.muli %wide, %c4 : i64
  %zero = arith.constant dense<0.0> : vector<4xf32>
  // CHECK: ld.global.v4.b32
  // CHECK-COUNT-4: add.rn.f32
  %sums = scf.for %i = %first to %count step %c1024 iter_args(%sum = %zero) -> (vector<4xf32>) : i64 {
    %at = llvm.getelementptr %in[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
    %x = llvm.load %at {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
    %next = arith.addf %sum, %x : vector<4xf32>
    scf.yield %next : vector<4xf32>
  }
  %mine = vector.reduction <add>, %sums : vector<4xf32> into f32
  %at = llvm.getelementptr %out[%thread] : (!llvm.ptr, i32) -> !llvm.ptr, f32
  // CHECK: st.global.b32
  llvm.store %mine, %at : f32, !llvm.ptr
  llvm.return
}

}
