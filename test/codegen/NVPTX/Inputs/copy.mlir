// A program of the phase `target` for a GPU, written by hand: one kernel that copies a tensor.
module attributes {hadal.tokens_ahead = 1 : i64,
                   hadal.vocabulary = 64 : i64, hadal.model = "hand", hadal.target = "sm_90a", hadal.cpu = "x86-64-v3"} {
  gpu.module @kernels {
    llvm.func @copy.rows(%in: !llvm.ptr, %out: !llvm.ptr, %iteration: i64)
        attributes {gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 64>} {
      %thread = nvvm.read.ptx.sreg.tid.x : i32
      %from = llvm.getelementptr %in[%thread] : (!llvm.ptr, i32) -> !llvm.ptr, f32
      %to = llvm.getelementptr %out[%thread] : (!llvm.ptr, i32) -> !llvm.ptr, f32
      %value = llvm.load %from : !llvm.ptr -> f32
      llvm.store %value, %to : f32, !llvm.ptr
      llvm.return
    }
  }
  hadal.kernel rowwise @copy(%x: tensor<64xf32>) -> tensor<64xf32> attributes {
      configuration = {strategy = "block_per_row", stages = [
        {name = "rows", tasks = 1 : i64, grain = 1 : i64, threads = 64 : i64, shared_memory = 0 : i64, cluster = 1 : i64,
         maps = []}], steps = array<i64: 0, 0>, workspace = 0 : i64, scratch = 0 : i64}} {
    %0 = arith.addf %x, %x : tensor<64xf32>
    hadal.yield %0 : tensor<64xf32>
  }
  func.func @evaluate(%x: tensor<64xf32> {hadal.state = @x}) -> (tensor<64xf32> {hadal.tied = 0 : i64}) {
    %0 = hadal.launch @copy(%x) {tied = array<i64: 0>} : (tensor<64xf32>) -> tensor<64xf32>
    return %0 : tensor<64xf32>
  }
}
