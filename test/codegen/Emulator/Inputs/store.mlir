// y = x + x by blocks of 128 threads: a tile of 16 rows of 32 numbers is computed in shared memory and written by TMA,
// two tiles per block, one behind the other in the same place. The last rows of the last block are outside.
hadal.kernel rowwise @twice(%x: tensor<40x32xf32>) -> tensor<40x32xf32>
    attributes {configuration = {
      strategy = "by_hand", steps = array<i64: 0, 0>, workspace = 0 : i64,
      scratch = 0 : i64, stages = [{
        name = "main", tasks = 2 : i64, grain = 1 : i64, threads = 128 : i64, shared_memory = 2064 : i64,
        cluster = 1 : i64, maps = [
          {argument = 1 : i64, offset = 0 : i64, element = f32, sizes = array<i64: 32, 40>,
           strides = array<i64: 128>, box = array<i64: 32, 16>, swizzle = "none"}]}]}} {
  %y = arith.addf %x, %x : tensor<40x32xf32>
  hadal.yield %y : tensor<40x32xf32>
}

gpu.module @kernels {
  llvm.func @twice.main(%x: !llvm.ptr, %y: !llvm.ptr, %iteration: i64,
      %map: !llvm.ptr {llvm.byval = !llvm.array<128 x i8>, llvm.align = 64 : i64, nvvm.grid_constant})
      attributes {gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 128>} {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c2 = arith.constant 2 : i32
    %c8 = arith.constant 8 : i32
    %c16 = arith.constant 16 : i32
    %c40 = arith.constant 40 : i32
    %c4 = arith.constant 4 : i32
    %c32 = arith.constant 32 : i32
    %thread = ptx.thread_id
    %block = ptx.block_id
    %is_first = arith.cmpi eq, %thread, %c0 : i32
    %shared = ptx.shared_memory 0
    // A thread computes 4 numbers of a row.
    %row_in_tile = arith.divui %thread, %c8 : i32
    %part = arith.remui %thread, %c8 : i32
    %column = arith.muli %part, %c4 : i32
    %first_place = arith.muli %thread, %c4 : i32
    scf.for %tile = %c0 to %c2 step %c1 : i32 {
      %block_tile = arith.muli %block, %c2 : i32
      %number = arith.addi %block_tile, %tile : i32
      %first_row = arith.muli %number, %c16 : i32
      %row = arith.addi %first_row, %row_in_tile : i32
      %inside = arith.cmpi ult, %row, %c40 : i32 // LOAD-CHECK
      %slot = llvm.getelementptr %shared[%first_place] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32 // SLOT
      %zero = arith.constant dense<0.0> : vector<4xf32>
      llvm.store %zero, %slot {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr<3> // ZERO
      scf.if %inside {
        %row_at = arith.muli %row, %c32 : i32
        %at = arith.addi %row_at, %column : i32
        %address = llvm.getelementptr %x[%at] : (!llvm.ptr, i32) -> !llvm.ptr, f32
        %numbers = llvm.load %address {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
        %twice = arith.addf %numbers, %numbers : vector<4xf32>
        llvm.store %twice, %slot {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr<3>
      }
      ptx.fence_proxy_async // PROXY-FENCE
      ptx.barrier %c0, 128 // WRITTEN-BARRIER
      scf.if %is_first {
        ptx.tma_store %map[%c0, %first_row], %shared
        ptx.tma_commit // COMMIT
        ptx.tma_wait 0 read // READ-WAIT
      }
      ptx.barrier %c0, 128 // READ-BARRIER
    }
    llvm.return
  }
}
