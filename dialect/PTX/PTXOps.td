// The instructions of an NVIDIA GPU that kernels are written with beyond ordinary arithmetic and memory accesses.
//
// One operation is one PTX instruction. Here the ways part: codegen/NVPTX lowers an operation to the NVVM dialect or to
// inline PTX, codegen/Emulator to a call of the emulator in the runtime. Both lower the same kernel, so what the
// emulator has checked is what a GPU runs. Everything else in a kernel (arith, math, vector, scf, llvm.load and
// llvm.store) has the same meaning on both ways and is lowered by MLIR.
//
// Source of the semantics: NVIDIA, "Parallel Thread Execution ISA", version 9.0 (the sections are named at each family).
#ifndef HADAL_DIALECT_PTX_PTXOPS_TD
#define HADAL_DIALECT_PTX_PTXOPS_TD

include "mlir/Dialect/LLVMIR/LLVMOpBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def PTX_Dialect : Dialect {
  let name = "ptx";
  let cppNamespace = "::hadal::ptx";
  let summary = "one operation per PTX instruction, for NVIDIA GPUs and for the emulator";
  let description = [{
    Pointers: `!llvm.ptr` is generic (in kernels: global memory), `!llvm.ptr<3>` is the shared memory of the block,
    `!llvm.ptr<7>` the shared memory of any block of the cluster. A kernel's shared memory is one symbol, reached through
    `ptx.shared_memory`. All kernels have one-dimensional grids and blocks; the kernel decodes its coordinates itself.

    Operations that act on memory or on other threads have side effects and are never reordered. Asynchronous
    operations (TMA, wgmma) are complete only after the wait that PTX asks for; the emulator delivers their results at
    that wait and reports whoever looks earlier.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
  let useDefaultAttributePrinterParser = 1;
}

class PTX_Enum<string name, string summary, list<I32EnumAttrCase> cases> : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::hadal::ptx";
  let genSpecializedAttr = 0;
}
class PTX_EnumAttr<PTX_Enum enum, string mnemonic> : EnumAttr<PTX_Dialect, enum, mnemonic> {
  let cppNamespace = "::hadal::ptx";
  let assemblyFormat = "`<` $value `>`";
}

def PTX_ShuffleKind : PTX_Enum<"ShuffleKind", "which lane a shuffle reads from", [
  I32EnumAttrCase<"Xor", 0, "xor">, I32EnumAttrCase<"Up", 1, "up">, I32EnumAttrCase<"Down", 2, "down">,
  I32EnumAttrCase<"Index", 3, "index">]>;
def PTX_ShuffleKindAttr : PTX_EnumAttr<PTX_ShuffleKind, "shuffle">;

def PTX_RegisterAction : PTX_Enum<"RegisterAction", "whether a warp group takes registers or gives them back", [
  I32EnumAttrCase<"Increase", 0, "increase">, I32EnumAttrCase<"Decrease", 1, "decrease">]>;
def PTX_RegisterActionAttr : PTX_EnumAttr<PTX_RegisterAction, "registers">;

def PTX_Major : PTX_Enum<"Major", "which dimension of a wgmma operand is contiguous in shared memory", [
  I32EnumAttrCase<"K", 0, "k">, I32EnumAttrCase<"MN", 1, "mn">]>;
def PTX_MajorAttr : PTX_EnumAttr<PTX_Major, "major">;

def PTX_Swizzle : PTX_Enum<"Swizzle", "how 16-byte chunks are permuted in shared memory", [
  I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Bytes32", 1, "b32">, I32EnumAttrCase<"Bytes64", 2, "b64">,
  I32EnumAttrCase<"Bytes128", 3, "b128">]>;
def PTX_SwizzleAttr : PTX_EnumAttr<PTX_Swizzle, "swizzle">;

def PTX_OperandType : PTX_Enum<"OperandType", "the element type of wgmma's operands", [
  I32EnumAttrCase<"BF16", 0, "bf16">, I32EnumAttrCase<"F16", 1, "f16">, I32EnumAttrCase<"E4M3", 2, "e4m3">,
  I32EnumAttrCase<"E5M2", 3, "e5m2">]>;
def PTX_OperandTypeAttr : PTX_EnumAttr<PTX_OperandType, "operand">;

def PTX_Shared : LLVM_PointerInAddressSpace<3>;
def PTX_ClusterShared : LLVM_PointerInAddressSpace<7>;
def PTX_Generic : LLVM_PointerInAddressSpace<0>;

class PTX_Op<string mnemonic, list<Trait> traits = []> : Op<PTX_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Special registers and shared memory
//===----------------------------------------------------------------------===//

class PTX_SpecialRegister<string mnemonic, string register, string summaryText> : PTX_Op<mnemonic, [Pure]> {
  let summary = summaryText;
  let description = "PTX: %" # register # ".";
  let results = (outs I32:$result);
  let assemblyFormat = "attr-dict";
}
def PTX_ThreadIdOp : PTX_SpecialRegister<"thread_id", "tid.x", "number of this thread in its block">;
def PTX_BlockIdOp : PTX_SpecialRegister<"block_id", "ctaid.x", "number of this block in the grid">;
def PTX_BlockCountOp : PTX_SpecialRegister<"block_count", "nctaid.x", "blocks of the grid">;
def PTX_ClusterRankOp : PTX_SpecialRegister<"cluster_rank", "cluster_ctarank", "number of this block in its cluster">;

def PTX_SharedMemoryOp : PTX_Op<"shared_memory", [Pure]> {
  let summary = "the dynamic shared memory of the block, from an offset in bytes on";
  let description = [{
    The memory is 1024-byte aligned and has the size that the kernel's configuration names. PTX: the address of an
    `.extern .shared .align 1024 .b8` array.
  }];
  let arguments = (ins I64Attr:$offset);
  let results = (outs PTX_Shared:$result);
  let assemblyFormat = "$offset attr-dict";
}

//===----------------------------------------------------------------------===//
// Threads: barriers, shuffles, votes (PTX: "Parallel Synchronization and Communication Instructions")
//===----------------------------------------------------------------------===//

def PTX_BarrierOp : PTX_Op<"barrier"> {
  let summary = "waits until `threads` threads have arrived at barrier `id` (0 to 15); orders their memory accesses";
  let description = "PTX: bar.sync id, threads. `threads` is a multiple of 32.";
  let arguments = (ins I32:$id, I32Attr:$threads);
  let assemblyFormat = "$id `,` $threads attr-dict";
  let hasVerifier = 1;
}
def PTX_BarrierArriveOp : PTX_Op<"barrier_arrive"> {
  let summary = "arrives at a barrier without waiting";
  let description = "PTX: bar.arrive id, threads; `threads` counts those that arrive and those that wait.";
  let arguments = (ins I32:$id, I32Attr:$threads);
  let assemblyFormat = "$id `,` $threads attr-dict";
  let hasVerifier = 1;
}
def PTX_SyncWarpOp : PTX_Op<"sync_warp"> {
  let summary = "waits for all 32 lanes of the warp; orders their memory accesses";
  let description = "PTX: bar.warp.sync 0xffffffff.";
  let assemblyFormat = "attr-dict";
}
def PTX_ShuffleOp : PTX_Op<"shuffle", [AllTypesMatch<["value", "result"]>]> {
  let summary = "the value of another lane of the warp; all 32 lanes take part";
  let description = [{
    `lane` is the mask (xor), the distance (up, down: out of range keeps the own value) or the lane's number (index).
    PTX: shfl.sync.{bfly,up,down,idx}.b32 with all lanes and full width.
  }];
  let arguments = (ins PTX_ShuffleKindAttr:$kind, AnyTypeOf<[I32, F32]>:$value, I32:$lane);
  let results = (outs AnyTypeOf<[I32, F32]>:$result);
  let assemblyFormat = "$kind $value `,` $lane attr-dict `:` type($value)";
}
def PTX_BallotOp : PTX_Op<"ballot"> {
  let summary = "bit i of the result is the predicate of lane i; all 32 lanes take part";
  let description = "PTX: vote.sync.ballot.b32.";
  let arguments = (ins I1:$predicate);
  let results = (outs I32:$result);
  let assemblyFormat = "$predicate attr-dict";
}
def PTX_ElectOp : PTX_Op<"elect"> {
  let summary = "true in exactly one lane of the warp, the same every time; all 32 lanes take part";
  let description = "PTX: elect.sync with all lanes.";
  let results = (outs I1:$result);
  let assemblyFormat = "attr-dict";
}
def PTX_SetMaxRegistersOp : PTX_Op<"set_max_registers"> {
  let summary = "gives registers of this warp group back, or takes some";
  let description = "PTX: setmaxnreg.{inc,dec}.sync.aligned.u32; count is a multiple of 8 from 24 to 256.";
  let arguments = (ins PTX_RegisterActionAttr:$action, I32Attr:$count);
  let assemblyFormat = "$action $count attr-dict";
  let hasVerifier = 1;
}

def PTX_NoUnrollOp : PTX_Op<"nounroll"> {
  let summary = "keeps ptxas from writing out the loop whose body begins here";
  let description = [{
    PTX: `.pragma "nounroll"` ("Pragma Strings"), which counts for a loop whose first statement it is. Does nothing in
    the emulator.
  }];
  let assemblyFormat = "attr-dict";
}

def PTX_PinOp : PTX_Op<"pin"> {
  let summary = "keeps ptxas from moving what `value` is computed from behind this place";
  let description = [{
    A wgmma.wait_group names no register, so ptxas feels free to wait first and to compute later what was written in front
    of it, and nothing overlaps. So `value` is stored to `memory`, 4 bytes that nobody reads, when it is more than 2^127:
    hardly ever, which ptxas does not know. (It does know that a sum of exponentials is not negative.)
    PTX: setp.gt.f32 and a predicated st.volatile.shared.f32. Does nothing in the emulator.
  }];
  let arguments = (ins F32:$value, PTX_Shared:$memory);
  let assemblyFormat = "$value `,` $memory attr-dict";
}

//===----------------------------------------------------------------------===//
// Clusters
//===----------------------------------------------------------------------===//

def PTX_ClusterArriveOp : PTX_Op<"cluster_arrive"> {
  let summary = "arrives at the cluster's barrier";
  let description = [{
    Hands over no writes: new mbarriers become known by `ptx.fence_mbarrier_init`, and a release would wait for all stores
    to global memory. PTX: barrier.cluster.arrive.relaxed.aligned.
  }];
  let assemblyFormat = "attr-dict";
}
def PTX_ClusterWaitOp : PTX_Op<"cluster_wait"> {
  let summary = "waits until all threads of the cluster have arrived (acquire)";
  let description = "PTX: barrier.cluster.wait.acquire.aligned.";
  let assemblyFormat = "attr-dict";
}
def PTX_MapSharedOp : PTX_Op<"map_shared", [Pure]> {
  let summary = "where the same shared memory lies in block `rank` of the cluster";
  let description = "PTX: mapa.shared::cluster.";
  let arguments = (ins PTX_Shared:$pointer, I32:$rank);
  let results = (outs PTX_ClusterShared:$result);
  let assemblyFormat = "$pointer `,` $rank attr-dict";
}

//===----------------------------------------------------------------------===//
// mbarriers (PTX: "mbarrier"): 8 bytes of shared memory that count arrivals and bytes of a phase
//===----------------------------------------------------------------------===//

def PTX_MBarrierInitOp : PTX_Op<"mbarrier_init"> {
  let summary = "makes an mbarrier whose phases complete after `count` arrivals";
  let description = "PTX: mbarrier.init.shared.b64. Visible to others after `ptx.fence_mbarrier_init` and a barrier.";
  let arguments = (ins PTX_Shared:$barrier, I32Attr:$count);
  let assemblyFormat = "$barrier `,` $count attr-dict";
}
def PTX_FenceMBarrierInitOp : PTX_Op<"fence_mbarrier_init"> {
  let summary = "makes new mbarriers known to the cluster and to TMA";
  let description = "PTX: fence.mbarrier_init.release.cluster.";
  let assemblyFormat = "attr-dict";
}
def PTX_MBarrierArriveOp : PTX_Op<"mbarrier_arrive"> {
  let summary = "one arrival in the current phase (release)";
  let description = "PTX: mbarrier.arrive.release.cta.shared::cta.b64.";
  let arguments = (ins PTX_Shared:$barrier);
  let assemblyFormat = "$barrier attr-dict";
}
def PTX_MBarrierArriveRemoteOp : PTX_Op<"mbarrier_arrive_remote"> {
  let summary = "one arrival at an mbarrier of another block of the cluster";
  let description = [{
    Hands over no writes to that block: it says that shared memory which has been read may be filled again. A release to
    the whole cluster would be a fence to the second-level cache in every step of a ring.
    PTX: mbarrier.arrive.release.cta.shared::cluster.b64.
  }];
  let arguments = (ins PTX_ClusterShared:$barrier);
  let assemblyFormat = "$barrier attr-dict";
}
def PTX_MBarrierArriveExpectOp : PTX_Op<"mbarrier_arrive_expect"> {
  let summary = "one arrival, and the phase completes only after so many more bytes have been loaded";
  let description = "PTX: mbarrier.arrive.expect_tx.release.cta.shared::cta.b64.";
  let arguments = (ins PTX_Shared:$barrier, I32:$bytes);
  let assemblyFormat = "$barrier `,` $bytes attr-dict";
}
def PTX_MBarrierTryWaitOp : PTX_Op<"mbarrier_try_wait"> {
  let summary = "whether the phase of this parity is complete (acquire); may wait for a while before it says no";
  let description = "PTX: mbarrier.try_wait.parity.acquire.cta.shared::cta.b64. Parity is that of the phase's number, from 0.";
  let arguments = (ins PTX_Shared:$barrier, I32:$parity);
  let results = (outs I1:$complete);
  let assemblyFormat = "$barrier `,` $parity attr-dict";
}

//===----------------------------------------------------------------------===//
// TMA (PTX: "cp.async.bulk.tensor"). Coordinates are in elements, the fastest dimension first.
//===----------------------------------------------------------------------===//

def PTX_FenceProxyAsyncOp : PTX_Op<"fence_proxy_async"> {
  let summary = "ordinary writes to shared memory before it are seen by TMA and wgmma after it";
  let description = "PTX: fence.proxy.async.shared::cta.";
  let assemblyFormat = "attr-dict";
}
def PTX_TMALoadOp : PTX_Op<"tma_load", [AttrSizedOperandSegments]> {
  let summary = "loads a box of a tensor into shared memory, asynchronously; out of bounds reads as 0";
  let description = [{
    Completes on `barrier` with as many bytes as the box has. With a multicast mask, bit i asks for the same box and
    completion at the same offsets in block i of the cluster. One thread issues it. The tensor map is a parameter of the
    kernel. PTX: cp.async.bulk.tensor.Nd.shared::cluster.global.tile.mbarrier::complete_tx::bytes.
  }];
  let arguments = (ins PTX_Shared:$destination, PTX_Generic:$map, PTX_Shared:$barrier, Variadic<I32>:$coordinates,
                       Optional<I16>:$multicast);
  let assemblyFormat = [{
    $destination `,` $map `[` $coordinates `]` `on` $barrier (`multicast` $multicast^)? attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{ static constexpr unsigned maxRank = 5; }];
}
def PTX_TMAStoreOp : PTX_Op<"tma_store"> {
  let summary = "stores a box from shared memory, asynchronously; what is out of bounds is not written";
  let description = [{
    What was written to the box by ordinary stores needs `ptx.fence_proxy_async` first.
    PTX: cp.async.bulk.tensor.Nd.global.shared::cta.tile.bulk_group.
  }];
  let arguments = (ins PTX_Generic:$map, PTX_Shared:$source, Variadic<I32>:$coordinates);
  let assemblyFormat = "$map `[` $coordinates `]` `,` $source attr-dict";
  let hasVerifier = 1;
}
def PTX_TMACommitOp : PTX_Op<"tma_commit"> {
  let summary = "closes the group of this thread's stores since the last one";
  let description = "PTX: cp.async.bulk.commit_group.";
  let assemblyFormat = "attr-dict";
}
def PTX_TMAWaitOp : PTX_Op<"tma_wait"> {
  let summary = "waits until at most `pending` of this thread's groups of stores are under way";
  let description = "With `read`, only until their shared memory has been read. PTX: cp.async.bulk.wait_group[.read].";
  let arguments = (ins I32Attr:$pending, UnitAttr:$read);
  let assemblyFormat = "$pending (`read` $read^)? attr-dict";
}
def PTX_PrefetchMapOp : PTX_Op<"prefetch_map"> {
  let summary = "fetches a tensor map into the cache of descriptors";
  let description = "PTX: prefetch.tensormap.";
  let arguments = (ins PTX_Generic:$map);
  let assemblyFormat = "$map attr-dict";
}

//===----------------------------------------------------------------------===//
// Matrices (PTX: "Asynchronous Warpgroup Level Matrix Instructions")
//===----------------------------------------------------------------------===//

def PTX_Accumulator : VectorOfRankAndType<[1], [F32]>;

def PTX_MatrixDescriptorOp : PTX_Op<"matrix_descriptor", [Pure]> {
  let summary = "describes a tile in shared memory to wgmma";
  let description = [{
    Bits 0–13 start address / 16, bits 16–29 leading byte offset / 16, bits 32–45 stride byte offset / 16, bits 62–63
    swizzle (1: 128 bytes, 2: 64, 3: 32). PTX: "Matrix Descriptor Format". The only operation here that is no
    instruction: the bits of the address are taken from the pointer on both ways.
  }];
  let arguments = (ins PTX_Shared:$pointer, I64Attr:$leading, I64Attr:$stride, PTX_SwizzleAttr:$swizzle);
  let results = (outs I64:$descriptor);
  let assemblyFormat = "$pointer attr-dict";
}
def PTX_WgmmaFenceOp : PTX_Op<"wgmma_fence"> {
  let summary = "orders accesses to registers before the first wgmma of a batch";
  let description = "PTX: wgmma.fence.sync.aligned.";
  let assemblyFormat = "attr-dict";
}
def PTX_WgmmaOp : PTX_Op<"wgmma", [AllTypesMatch<["accumulator", "result"]>]> {
  let summary = "accumulator + A · B for a tile of 64 rows, n columns and 32 bytes of depth, asynchronously";
  let description = [{
    A warp group (128 threads) works on 64 × n, and thread t holds n/2 numbers: number 4·j + 2·h + c is row
    16·(t/32) + 8·h + (t%32)/4, column 8·j + 2·(t%4) + c ("Register Fragments and Shared Memory Matrix Layouts").
    n = twice the accumulator's length, a multiple of 8 from 8 to 256. A comes from shared memory (a descriptor) or from
    four registers of two bf16 each (`a` of type vector<4xi32>, in the layout of the accumulator of a 64 × 16 tile);
    B from shared memory. With `scale` false the accumulator counts as zero. 8-bit operands are K-major.

    The result is complete, and may be used by anything but another wgmma, after `ptx.wgmma_wait`.
    PTX: wgmma.mma_async.sync.aligned.m64nNk{16,32}.f32.T.T.
  }];
  let arguments = (ins AnyTypeOf<[I64, VectorOfLengthAndType<[4], [I32]>]>:$a, I64:$b, PTX_Accumulator:$accumulator,
                       I1:$scale, DefaultValuedAttr<PTX_OperandTypeAttr, "::hadal::ptx::OperandType::BF16">:$type_a,
                       DefaultValuedAttr<PTX_OperandTypeAttr, "::hadal::ptx::OperandType::BF16">:$type_b,
                       DefaultValuedAttr<PTX_MajorAttr, "::hadal::ptx::Major::K">:$major_a,
                       DefaultValuedAttr<PTX_MajorAttr, "::hadal::ptx::Major::K">:$major_b);
  let results = (outs PTX_Accumulator:$result);
  let assemblyFormat = "$a `,` $b `,` $accumulator `,` $scale attr-dict `:` type($a) `,` type($accumulator)";
  let hasVerifier = 1;
}
def PTX_WgmmaCommitOp : PTX_Op<"wgmma_commit"> {
  let summary = "closes the group of wgmmas since the last one";
  let description = "PTX: wgmma.commit_group.sync.aligned.";
  let assemblyFormat = "attr-dict";
}
def PTX_WgmmaWaitOp : PTX_Op<"wgmma_wait", [AllTypesMatch<["accumulators", "results"]>]> {
  let summary = "waits until at most `pending` groups of wgmmas are under way";
  let description = [{
    The accumulators pass through it, so that nothing that uses them can move before the wait. Those of groups that may
    still be under way pass through unfinished. PTX: wgmma.wait_group.sync.aligned.
  }];
  let arguments = (ins I32Attr:$pending, Variadic<PTX_Accumulator>:$accumulators);
  let results = (outs Variadic<PTX_Accumulator>:$results);
  let assemblyFormat = "$pending (`,` $accumulators^)? attr-dict (`:` type($accumulators)^)?";
}
def PTX_LoadMatrixOp : PTX_Op<"load_matrix"> {
  let summary = "loads `count` 8 × 8 tiles of 16-bit numbers from shared memory into the layout of wgmma's registers";
  let description = [{
    Lanes 8·i to 8·i + 7 give the addresses of the rows of tile i; register i of lane l holds row l/4, columns 2·(l%4)
    and the next one of tile i (with `transpose`: of its transpose). PTX: ldmatrix.sync.aligned.m8n8.xN[.trans].shared.b16.
  }];
  let arguments = (ins PTX_Shared:$pointer, UnitAttr:$transpose);
  let results = (outs VectorOfLengthAndType<[1, 2, 4], [I32]>:$registers);
  let assemblyFormat = "$pointer (`transpose` $transpose^)? attr-dict `:` type($registers)";
}
def PTX_StoreMatrixOp : PTX_Op<"store_matrix"> {
  let summary = "the reverse of ptx.load_matrix";
  let description = "PTX: stmatrix.sync.aligned.m8n8.xN[.trans].shared.b16.";
  let arguments = (ins PTX_Shared:$pointer, VectorOfLengthAndType<[1, 2, 4], [I32]>:$registers, UnitAttr:$transpose);
  let assemblyFormat = "$pointer `,` $registers (`transpose` $transpose^)? attr-dict `:` type($registers)";
}

//===----------------------------------------------------------------------===//
// Conversions and approximations (PTX: "cvt", "ex2", "lg2", "rcp", "rsqrt")
//===----------------------------------------------------------------------===//

def PTX_PackBF16Op : PTX_Op<"pack_bf16", [Pure]> {
  let summary = "two f32 rounded to nearest bf16, the first in the low half";
  let description = "PTX: cvt.rn.bf16x2.f32.";
  let arguments = (ins F32:$low, F32:$high);
  let results = (outs I32:$result);
  let assemblyFormat = "$low `,` $high attr-dict";
}
def PTX_PackE4M3Op : PTX_Op<"pack_e4m3", [Pure]> {
  let summary = "two f32 rounded to nearest e4m3 and clamped to ±448, the first in the low byte";
  let description = "PTX: cvt.rn.satfinite.e4m3x2.f32.";
  let arguments = (ins F32:$low, F32:$high);
  let results = (outs I16:$result);
  let assemblyFormat = "$low `,` $high attr-dict";
}
class PTX_Approximation<string mnemonic, string instruction, string summaryText> : PTX_Op<mnemonic, [Pure, SameOperandsAndResultType]> {
  let summary = summaryText;
  let description = "PTX: " # instruction # ".";
  let arguments = (ins F32:$value);
  let results = (outs F32:$result);
  let assemblyFormat = "$value attr-dict";
}
def PTX_Exp2Op : PTX_Approximation<"exp2", "ex2.approx.ftz.f32", "2^x within 2 ulp">;
def PTX_Log2Op : PTX_Approximation<"log2", "lg2.approx.ftz.f32", "log2 x">;
def PTX_ReciprocalOp : PTX_Approximation<"reciprocal", "rcp.approx.ftz.f32", "1 / x within 1 ulp">;
def PTX_RsqrtOp : PTX_Approximation<"rsqrt", "rsqrt.approx.ftz.f32", "1 / sqrt(x)">;

#endif // HADAL_DIALECT_PTX_PTXOPS_TD
