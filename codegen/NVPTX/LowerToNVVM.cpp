//===- LowerToNVVM.cpp - from the ptx dialect to NVVM and inline PTX ----------------------------------------------===//
//
// One function per instruction, called `lower`. Where LLVM has an intrinsic that it understands (special registers,
// whose ranges it derives from the size of the block; shuffles; barriers of a block or a cluster), the NVVM operation
// is taken. Instructions whose meaning lies in the order of memory accesses (mbarriers, TMA, fences, wgmma) are inline
// PTX that clobbers memory: LLVM's intrinsics for some of them promise to touch only the memory that they are pointed
// at, which would let loads of a tile move above the wait for it.
//
// A kernel's shared memory is one external symbol without a size. Sized or private ones would become static shared
// memory, of which LLVM removes stores.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/NVPTX/LowerToNVVM.h"
#include "codegen/Emit/LowerToLLVM.h"
#include "codegen/NVPTX/InlinePTX.h"
#include "codegen/Tile/LowerTiles.h"
#include "dialect/PTX/PTX.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace hadal {
#define GEN_PASS_DEF_PTXTONVVM
#include "codegen/Passes.h.inc"
} // namespace hadal

using namespace mlir;
using namespace hadal;
using namespace hadal::ptx;

namespace {

constexpr StringLiteral sharedMemorySymbol = "hadal_shared_memory";
constexpr int64_t allLanes = 0xffffffff;

//===- Special registers and shared memory ------------------------------------------------------------------------===//

template <typename Register> Value readRegister(InlinePTX &at) {
  return Register::create(at.rewriter, at.loc, at.rewriter.getI32Type());
}
Value lower(ThreadIdOp, InlinePTX &at) { return readRegister<NVVM::ThreadIdXOp>(at); }
Value lower(BlockIdOp, InlinePTX &at) { return readRegister<NVVM::BlockIdXOp>(at); }
Value lower(BlockCountOp, InlinePTX &at) { return readRegister<NVVM::GridDimXOp>(at); }
Value lower(ClusterRankOp, InlinePTX &at) { return readRegister<NVVM::ClusterId>(at); }

Value lower(SharedMemoryOp op, InlinePTX &at) {
  Type type = op.getResult().getType();
  Value base = LLVM::AddressOfOp::create(at.rewriter, at.loc, type, sharedMemorySymbol);
  if (op.getOffset() == 0)
    return base;
  Value offset = at.i32(op.getOffset());
  return LLVM::GEPOp::create(at.rewriter, at.loc, type, at.rewriter.getI8Type(), base, ArrayRef<LLVM::GEPArg>{offset});
}

//===- Threads ----------------------------------------------------------------------------------------------------===//

void lower(BarrierOp op, InlinePTX &at) {
  // Not nvvm.barrier: where a location is printed behind it, its parser takes that for the attribute it may have.
  LLVM::CallIntrinsicOp::create(at.rewriter, at.loc,
                                at.rewriter.getStringAttr("llvm.nvvm.barrier.cta.sync.aligned.count"),
                                ValueRange{op.getId(), at.i32(op.getThreads())});
}
void lower(BarrierArriveOp op, InlinePTX &at) {
  at.emit("bar.arrive $0, $1;", "r,n", {op.getId(), at.i32(op.getThreads())});
}
void lower(SyncWarpOp, InlinePTX &at) { NVVM::SyncWarpOp::create(at.rewriter, at.loc, at.i32(allLanes)); }

NVVM::ShflKind getKind(ShuffleKind kind) {
  switch (kind) {
  case ShuffleKind::Xor:
    return NVVM::ShflKind::bfly;
  case ShuffleKind::Up:
    return NVVM::ShflKind::up;
  case ShuffleKind::Down:
    return NVVM::ShflKind::down;
  case ShuffleKind::Index:
    return NVVM::ShflKind::idx;
  }
  llvm_unreachable("all kinds are handled");
}
Value lower(ShuffleOp op, InlinePTX &at) {
  // The last operand says where a segment of lanes ends: at lane 31, and for `up` it begins at lane 0.
  Value clamp = at.i32(op.getKind() == ShuffleKind::Up ? 0 : 31);
  return NVVM::ShflOp::create(at.rewriter, at.loc, op.getType(), at.i32(allLanes), op.getValue(), op.getLane(), clamp,
                              getKind(op.getKind()), UnitAttr());
}
Value lower(BallotOp op, InlinePTX &at) {
  return NVVM::VoteSyncOp::create(at.rewriter, at.loc, op.getType(), at.i32(allLanes), op.getPredicate(),
                                  NVVM::VoteSyncKind::ballot);
}
Value lower(ElectOp op, InlinePTX &at) {
  return NVVM::ElectSyncOp::create(at.rewriter, at.loc, op.getType(), at.i32(allLanes));
}
void lower(SetMaxRegistersOp op, InlinePTX &at) {
  NVVM::SetMaxRegisterOp::create(at.rewriter, at.loc, op.getCount(),
                                 op.getAction() == RegisterAction::Increase ? NVVM::SetMaxRegisterAction::increase
                                                                            : NVVM::SetMaxRegisterAction::decrease);
}
void lower(NoUnrollOp, InlinePTX &at) { at.emit(".pragma \"nounroll\";", "", {}); }
void lower(PinOp op, InlinePTX &at) {
  at.emit("{ .reg .pred huge; setp.gt.f32 huge, $0, 0f7F000000; @huge st.volatile.shared.f32 [$1], $0; }", "f,r",
          {op.getValue(), at.address(op.getMemory())});
}

//===- Clusters ---------------------------------------------------------------------------------------------------===//

void lower(ClusterArriveOp, InlinePTX &at) { at.emit("barrier.cluster.arrive.relaxed.aligned;", "", {}); }
void lower(ClusterWaitOp, InlinePTX &at) { at.emit("barrier.cluster.wait.acquire.aligned;", "", {}); }
Value lower(MapSharedOp op, InlinePTX &at) {
  return NVVM::MapaOp::create(at.rewriter, at.loc, op.getType(), op.getPointer(), op.getRank());
}

//===- mbarriers --------------------------------------------------------------------------------------------------===//

void lower(MBarrierInitOp op, InlinePTX &at) {
  at.emit("mbarrier.init.shared::cta.b64 [$0], $1;", "r,r", {at.address(op.getBarrier()), at.i32(op.getCount())});
}
void lower(FenceMBarrierInitOp, InlinePTX &at) { at.emit("fence.mbarrier_init.release.cluster;", "", {}); }
void lower(MBarrierArriveOp op, InlinePTX &at) {
  at.emit("mbarrier.arrive.release.cta.shared::cta.b64 _, [$0];", "r", {at.address(op.getBarrier())});
}
void lower(MBarrierArriveRemoteOp op, InlinePTX &at) {
  at.emit("mbarrier.arrive.release.cta.shared::cluster.b64 _, [$0];", "r", {at.address(op.getBarrier())});
}
void lower(MBarrierArriveExpectOp op, InlinePTX &at) {
  at.emit("mbarrier.arrive.expect_tx.release.cta.shared::cta.b64 _, [$0], $1;", "r,r",
          {at.address(op.getBarrier()), op.getBytes()});
}
Value lower(MBarrierTryWaitOp op, InlinePTX &at) {
  return at.emit("mbarrier.try_wait.parity.acquire.cta.shared::cta.b64 $0, [$1], $2;", "=b,r,r",
                 {at.address(op.getBarrier()), op.getParity()}, op.getType());
}

//===- TMA --------------------------------------------------------------------------------------------------------===//

void lower(FenceProxyAsyncOp, InlinePTX &at) { at.emit("fence.proxy.async.shared::cta;", "", {}); }

/// `{$first, $first+1, ...}`, and their constraints.
std::string getCoordinates(unsigned first, unsigned count, std::string &constraints) {
  std::string text = "{";
  for (unsigned index = 0; index < count; ++index) {
    text += (index ? ", $" : "$") + std::to_string(first + index);
    constraints += ",r";
  }
  return text + "}";
}

void lower(TMALoadOp op, InlinePTX &at) {
  unsigned rank = op.getCoordinates().size();
  SmallVector<Value> operands{at.address(op.getDestination()), op.getMap(), at.address(op.getBarrier())};
  std::string constraints = "r,l,r";
  std::string text = "cp.async.bulk.tensor." + std::to_string(rank) +
                     "d.shared::cluster.global.tile.mbarrier::complete_tx::bytes" +
                     (op.getMulticast() ? ".multicast::cluster" : "") + " [$0], [$1, " +
                     getCoordinates(3, rank, constraints) + "], [$2]";
  llvm::append_range(operands, op.getCoordinates());
  if (op.getMulticast()) {
    text += ", $" + std::to_string(operands.size());
    constraints += ",h";
    operands.push_back(op.getMulticast());
  }
  at.emit(text + ";", constraints, operands);
}
void lower(TMAStoreOp op, InlinePTX &at) {
  unsigned rank = op.getCoordinates().size();
  SmallVector<Value> operands{op.getMap(), at.address(op.getSource())};
  std::string constraints = "l,r";
  std::string text = "cp.async.bulk.tensor." + std::to_string(rank) + "d.global.shared::cta.tile.bulk_group [$0, " +
                     getCoordinates(2, rank, constraints) + "], [$1];";
  llvm::append_range(operands, op.getCoordinates());
  at.emit(text, constraints, operands);
}
void lower(TMACommitOp, InlinePTX &at) { at.emit("cp.async.bulk.commit_group;", "", {}); }
void lower(TMAWaitOp op, InlinePTX &at) {
  at.emit(("cp.async.bulk.wait_group" + Twine(op.getRead() ? ".read " : " ") + Twine(op.getPending()) + ";").str(), "",
          {});
}
void lower(PrefetchMapOp op, InlinePTX &at) { at.emit("prefetch.tensormap [$0];", "l", {op.getMap()}); }

//===- Conversions and approximations -----------------------------------------------------------------------------===//

Value lower(PackBF16Op op, InlinePTX &at) {
  Value pair =
      NVVM::ConvertF32x2ToBF16x2Op::create(at.rewriter, at.loc, VectorType::get({2}, at.rewriter.getBF16Type()),
                                           op.getHigh(), op.getLow(), Value(), NVVM::FPRoundingMode::RN);
  return LLVM::BitcastOp::create(at.rewriter, at.loc, op.getType(), pair);
}
Value lower(PackE4M3Op op, InlinePTX &at) {
  return NVVM::ConvertF32x2ToF8x2Op::create(at.rewriter, at.loc, op.getType(), op.getHigh(), op.getLow(),
                                            NVVM::FPRoundingMode::RN, NVVM::SaturationMode::SATFINITE, /*relu=*/false,
                                            Float8E4M3FNType::get(op.getContext()));
}
Value callIntrinsic(StringRef name, Operation *op, InlinePTX &at) {
  return LLVM::CallIntrinsicOp::create(at.rewriter, at.loc, op->getResult(0).getType(), at.rewriter.getStringAttr(name),
                                       op->getOperands())
      .getResult(0);
}
Value lower(Exp2Op op, InlinePTX &at) { return callIntrinsic("llvm.nvvm.ex2.approx.ftz.f32", op, at); }
Value lower(Log2Op op, InlinePTX &at) { return callIntrinsic("llvm.nvvm.lg2.approx.ftz.f", op, at); }
Value lower(ReciprocalOp op, InlinePTX &at) { return callIntrinsic("llvm.nvvm.rcp.approx.ftz.f", op, at); }
Value lower(RsqrtOp op, InlinePTX &at) { return callIntrinsic("llvm.nvvm.rsqrt.approx.ftz.f", op, at); }

/// Replaces an operation by what `lower` makes of it.
template <typename Op> struct Lower : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    InlinePTX at(rewriter, op.getLoc());
    if constexpr (std::is_void_v<decltype(lower(op, at))>) {
      lower(op, at);
      rewriter.eraseOp(op);
    } else {
      rewriter.replaceOp(op, lower(op, at));
    }
    return success();
  }
};

template <typename... Ops> void addPatterns(RewritePatternSet &patterns) {
  patterns.add<Lower<Ops>...>(patterns.getContext());
}

struct PTXToNVVM : hadal::impl::PTXToNVVMBase<PTXToNVVM> {
  /// Declares the shared memory of the module's kernels.
  void declareSharedMemory() {
    gpu::GPUModuleOp module = getOperation();
    if (module.lookupSymbol(sharedMemorySymbol))
      return;
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), 0);
    LLVM::GlobalOp::create(builder, module.getLoc(), type, /*isConstant=*/false, LLVM::Linkage::External,
                           sharedMemorySymbol, Attribute(), /*alignment=*/1024,
                           unsigned(NVVM::NVVMMemorySpace::Shared));
  }

  void runOnOperation() override {
    declareSharedMemory();
    RewritePatternSet patterns(&getContext());
    addPatterns<ThreadIdOp, BlockIdOp, BlockCountOp, ClusterRankOp, SharedMemoryOp>(patterns);
    addPatterns<BarrierOp, BarrierArriveOp, SyncWarpOp, ShuffleOp, BallotOp, ElectOp, SetMaxRegistersOp, NoUnrollOp,
                PinOp>(patterns);
    addPatterns<ClusterArriveOp, ClusterWaitOp, MapSharedOp>(patterns);
    addPatterns<MBarrierInitOp, FenceMBarrierInitOp, MBarrierArriveOp, MBarrierArriveRemoteOp, MBarrierArriveExpectOp,
                MBarrierTryWaitOp>(patterns);
    addPatterns<FenceProxyAsyncOp, TMALoadOp, TMAStoreOp, TMACommitOp, TMAWaitOp, PrefetchMapOp>(patterns);
    addPatterns<PackBF16Op, PackE4M3Op, Exp2Op, Log2Op, ReciprocalOp, RsqrtOp>(patterns);
    populateMatrixInstructionPatterns(patterns);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace

void hadal::buildGPUToNVVMPipeline(OpPassManager &passes) {
  passes.addPass(createLowerTiles());
  OpPassManager &modules = passes.nest<gpu::GPUModuleOp>();
  // Loops lose what does not change in them before their bodies become opaque statements.
  OpPassManager &functions = modules.nest<LLVM::LLVMFuncOp>();
  functions.addPass(createCanonicalizerPass());
  functions.addPass(createCSEPass());
  functions.addPass(createLoopInvariantCodeMotionPass());
  modules.addPass(createPTXToNVVM());
  modules.nest<LLVM::LLVMFuncOp>().addPass(createLowerToLLVM({/*isGPU=*/true}));
}
