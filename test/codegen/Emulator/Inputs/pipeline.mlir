// A product y = x · wᵀ in bf16, written by hand: blocks of 384 threads compute tiles of 128 × 128. A producer loads
// slices of 64 columns of x and w by TMA into a ring of two stages; two warp groups multiply them, 64 rows each. All
// sizes are ragged: 200 × 136 × 168. The marks (FULL-WAIT and so on) are what the tests remove or change.
hadal.kernel contraction @product(%x: tensor<200x168xbf16>, %w: tensor<136x168xbf16>) -> tensor<200x136xf32>
    attributes {configuration = {
      strategy = "by_hand", steps = array<i64: 0, 0>, workspace = 0 : i64,
      scratch = 0 : i64, stages = [{
        name = "main", tasks = 4 : i64, grain = 1 : i64, threads = 384 : i64, shared_memory = 66560 : i64,
        cluster = 1 : i64, maps = [
          {argument = 0 : i64, offset = 0 : i64, element = bf16, sizes = array<i64: 168, 200>,
           strides = array<i64: 336>, box = array<i64: 64, 128>, swizzle = "b128"},
          {argument = 1 : i64, offset = 0 : i64, element = bf16, sizes = array<i64: 168, 136>,
           strides = array<i64: 336>, box = array<i64: 64, 128>, swizzle = "b128"}]}]}} {
  %a = arith.extf %x : tensor<200x168xbf16> to tensor<200x168xf32>
  %b = arith.extf %w : tensor<136x168xbf16> to tensor<136x168xf32>
  %y = hadal.linear %a weights(%b : tensor<136x168xf32>) : tensor<200x168xf32> -> tensor<200x136xf32>
  hadal.yield %y : tensor<200x136xf32>
}

gpu.module @kernels {
  llvm.func @product.main(%x: !llvm.ptr, %w: !llvm.ptr, %y: !llvm.ptr, %iteration: i64,
      %x_map: !llvm.ptr {llvm.byval = !llvm.array<128 x i8>, llvm.align = 64 : i64, nvvm.grid_constant},
      %w_map: !llvm.ptr {llvm.byval = !llvm.array<128 x i8>, llvm.align = 64 : i64, nvvm.grid_constant})
      attributes {gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 384>} {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c2 = arith.constant 2 : i32
    %c3 = arith.constant 3 : i32
    %c4 = arith.constant 4 : i32
    %c8 = arith.constant 8 : i32
    %c16 = arith.constant 16 : i32
    %c24 = arith.constant 24 : i32
    %c32 = arith.constant 32 : i32
    %c64 = arith.constant 64 : i32
    %c128 = arith.constant 128 : i32
    %rows = arith.constant 200 : i32
    %columns = arith.constant 136 : i32
    %stage_bytes = arith.constant 32768 : i32
    %b_offset = arith.constant 16384 : i32
    %group_bytes = arith.constant 8192 : i32
    %slices = arith.constant 3 : i32
    %true = arith.constant true
    %zero = arith.constant dense<0.0> : vector<64xf32>
    %thread = ptx.thread_id
    %block = ptx.block_id
    %tile_row = arith.divui %block, %c2 : i32
    %tile_column = arith.remui %block, %c2 : i32
    %first_row = arith.muli %tile_row, %c128 : i32
    %first_column = arith.muli %tile_column, %c128 : i32

    // Barriers "full" at 0 and 8, "empty" at 24 and 32; the stages begin at 1024: 128 rows of x, 128 of w.
    %barriers = ptx.shared_memory 0
    %tiles = ptx.shared_memory 1024
    %is_first = arith.cmpi eq, %thread, %c0 : i32
    scf.if %is_first {
      scf.for %s = %c0 to %c2 step %c1 : i32 {
        %full_at = arith.muli %s, %c8 : i32
        %empty_at = arith.addi %full_at, %c24 : i32
        %full = llvm.getelementptr %barriers[%full_at] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
        %empty = llvm.getelementptr %barriers[%empty_at] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
        ptx.mbarrier_init %full, 1
        ptx.mbarrier_init %empty, 256
      }
      ptx.fence_mbarrier_init // INIT-FENCE
    }
    ptx.barrier %c0, 384 // INIT-BARRIER

    %is_producer = arith.cmpi ult, %thread, %c128 : i32
    scf.if %is_producer {
      scf.if %is_first {
        scf.for %slice = %c0 to %slices step %c1 : i32 {
          %s = arith.remui %slice, %c2 : i32
          %round = arith.divui %slice, %c2 : i32
          %odd = arith.andi %round, %c1 : i32
          %parity = arith.xori %odd, %c1 : i32
          %full_at = arith.muli %s, %c8 : i32
          %empty_at = arith.addi %full_at, %c24 : i32
          %full = llvm.getelementptr %barriers[%full_at] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
          %empty = llvm.getelementptr %barriers[%empty_at] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
          scf.while : () -> () {
            %done = ptx.mbarrier_try_wait %empty, %parity // EMPTY-WAIT
            %again = arith.xori %done, %true : i1
            scf.condition(%again)
          } do {
            scf.yield
          }
          %at = arith.muli %s, %stage_bytes : i32
          %b_at = arith.addi %at, %b_offset : i32
          %a = llvm.getelementptr %tiles[%at] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
          %b = llvm.getelementptr %tiles[%b_at] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
          %k = arith.muli %slice, %c64 : i32
          ptx.mbarrier_arrive_expect %full, %stage_bytes // EXPECT
          ptx.tma_load %a, %x_map[%k, %first_row] on %full
          ptx.tma_load %b, %w_map[%k, %first_column] on %full
        }
      }
    } else {
      %member = arith.subi %thread, %c128 : i32
      %group = arith.divui %member, %c128 : i32
      %group_at = arith.muli %group, %group_bytes : i32
      %sum = scf.for %slice = %c0 to %slices step %c1 iter_args(%acc = %zero) -> (vector<64xf32>) : i32 {
        %s = arith.remui %slice, %c2 : i32
        %round = arith.divui %slice, %c2 : i32
        %parity = arith.andi %round, %c1 : i32
        %full_at = arith.muli %s, %c8 : i32
        %empty_at = arith.addi %full_at, %c24 : i32
        %full = llvm.getelementptr %barriers[%full_at] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
        %empty = llvm.getelementptr %barriers[%empty_at] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
        scf.while : () -> () {
          %done = ptx.mbarrier_try_wait %full, %parity // FULL-WAIT
          %again = arith.xori %done, %true : i1
          scf.condition(%again)
        } do {
          scf.yield
        }
        %at = arith.muli %s, %stage_bytes : i32
        %a_at = arith.addi %at, %group_at : i32
        %b_at = arith.addi %at, %b_offset : i32
        ptx.wgmma_fence // WGMMA-FENCE
        %product = scf.for %step = %c0 to %c4 step %c1 iter_args(%partial = %acc) -> (vector<64xf32>) : i32 {
          %depth = arith.muli %step, %c32 : i32
          %a_step = arith.addi %a_at, %depth : i32
          %b_step = arith.addi %b_at, %depth : i32
          %a = llvm.getelementptr %tiles[%a_step] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
          %b = llvm.getelementptr %tiles[%b_step] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
          %da = ptx.matrix_descriptor %a {leading = 16 : i64, stride = 1024 : i64, swizzle = #ptx.swizzle<b128>}
          %db = ptx.matrix_descriptor %b {leading = 16 : i64, stride = 1024 : i64, swizzle = #ptx.swizzle<b128>} // STRIDE
          %next = ptx.wgmma %da, %db, %partial, %true : i64, vector<64xf32>
          scf.yield %next : vector<64xf32>
        }
        ptx.wgmma_commit // COMMIT
        %result = ptx.wgmma_wait 0, %product : vector<64xf32> // WGMMA-WAIT
        ptx.mbarrier_arrive %empty // EMPTY-ARRIVE
        scf.yield %result : vector<64xf32>
      }

      // Number 4j + 2h + c of a thread is row 16 warp + 8h + lane/4, column 8j + 2 (lane%4) + c.
      %lane = arith.remui %member, %c32 : i32
      %warp = arith.divui %member, %c32 : i32
      %lane_row = arith.divui %lane, %c4 : i32
      %lane_rest = arith.remui %lane, %c4 : i32
      %lane_column = arith.muli %lane_rest, %c2 : i32
      %warp_row = arith.muli %warp, %c16 : i32
      %row_in_tile = arith.addi %warp_row, %lane_row : i32
      %row_0 = arith.addi %first_row, %row_in_tile : i32
      %column_0 = arith.addi %first_column, %lane_column : i32
      scf.for %n = %c0 to %c64 step %c1 : i32 {
        %j = arith.divui %n, %c4 : i32
        %in_j = arith.remui %n, %c4 : i32
        %h = arith.divui %in_j, %c2 : i32
        %c = arith.remui %n, %c2 : i32
        %h_row = arith.muli %h, %c8 : i32
        %j_column = arith.muli %j, %c8 : i32
        %row = arith.addi %row_0, %h_row : i32
        %column_j = arith.addi %column_0, %j_column : i32
        %column = arith.addi %column_j, %c : i32
        %row_inside = arith.cmpi ult, %row, %rows : i32 // ROW-CHECK
        %column_inside = arith.cmpi ult, %column, %columns : i32
        %inside = arith.andi %row_inside, %column_inside : i1
        scf.if %inside {
          %row_at = arith.muli %row, %columns : i32
          %place = arith.addi %row_at, %column : i32
          %address = llvm.getelementptr %y[%place] : (!llvm.ptr, i32) -> !llvm.ptr, f32
          %index = arith.index_cast %n : i32 to index
          %number = vector.extract %sum[%index] : f32 from vector<64xf32>
          llvm.store %number, %address : f32, !llvm.ptr
        }
      }
    }
    llvm.return
  }
}
