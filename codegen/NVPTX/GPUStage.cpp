//===- GPUStage.cpp - the frame of a stage on an NVIDIA GPU -------------------------------------------------------===//
//
// Reductions. Within a warp, a butterfly of shuffles: after step i every lane holds the sum of the 2^i lanes around it,
// and since a sum does not depend on the order of its two operands, all lanes hold the same bits. Within a block, the
// first lane of every warp leaves its warp's result in shared memory, and behind a barrier every warp joins these
// results by the same butterfly: no second barrier is needed to spread the outcome.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/NVPTX/GPUStage.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include <limits>

using namespace mlir;
using namespace hadal;

//===----------------------------------------------------------------------===//
// The module and the function
//===----------------------------------------------------------------------===//

gpu::GPUModuleOp hadal::getKernelModule(OpBuilder &builder, const TargetDescription &target) {
  Operation *op = builder.getInsertionBlock()->getParentOp();
  auto module = isa<ModuleOp>(op) ? cast<ModuleOp>(op) : op->getParentOfType<ModuleOp>();
  if (auto existing = module.lookupSymbol<gpu::GPUModuleOp>(gpuModuleName))
    return existing;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(module.getBody());
  // PTX 8.1 is the first with parameters of up to 32 KiB: the norm of all gradients has a pointer per parameter.
  Attribute chip = NVVM::NVVMTargetAttr::get(builder.getContext(), /*optLevel=*/3, "nvptx64-nvidia-cuda", target.gpu,
                                             /*features=*/"+ptx81");
  return gpu::GPUModuleOp::create(builder, module.getLoc(), gpuModuleName, builder.getArrayAttr(chip));
}

/// Operands, results, workspace, iteration, tensor maps: see the ABI in runtime/include/hadal/program.h.
static LLVM::LLVMFuncOp createKernelFunction(OpBuilder &builder, KernelOp kernel, unsigned pointers,
                                             const StageSpec &spec) {
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  SmallVector<Type> types(pointers, pointer);
  types.push_back(builder.getI64Type());
  types.append(spec.maps.size(), pointer);
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()), types);
  auto function = LLVM::LLVMFuncOp::create(builder, kernel.getLoc(), getStageSymbol(kernel, spec), type);
  function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), builder.getUnitAttr());
  function->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(), builder.getUnitAttr());
  function->setAttr(NVVM::NVVMDialect::getReqntidAttrName(), builder.getDenseI32ArrayAttr({int32_t(spec.threads)}));
  // One block to a multiprocessor is enough: without this, ptxas rather spills than uses all registers, and setmaxnreg
  // is ignored.
  function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(), builder.getI32IntegerAttr(1));
  if (spec.cluster > 1)
    function->setAttr(NVVM::NVVMDialect::getClusterDimAttrName(),
                      builder.getDenseI32ArrayAttr({int32_t(spec.cluster)}));
  // A tensor map is 128 bytes of the parameters themselves, which TMA reads.
  for (unsigned map = 0; map < spec.maps.size(); ++map) {
    unsigned index = pointers + 1 + map;
    auto bytes = LLVM::LLVMArrayType::get(builder.getI8Type(), 128);
    function.setArgAttr(index, LLVM::LLVMDialect::getByValAttrName(), TypeAttr::get(bytes));
    function.setArgAttr(index, LLVM::LLVMDialect::getAlignAttrName(), builder.getI64IntegerAttr(64));
    function.setArgAttr(index, NVVM::NVVMDialect::getGridConstantAttrName(), builder.getUnitAttr());
  }
  return function;
}

GPUStage::GPUStage(OpBuilder &builder, KernelOp kernel, const KernelConfiguration &configuration, unsigned stage,
                   const TargetDescription &target, int64_t lanes)
    : spec(configuration.stages[stage]), k(builder, kernel.getLoc(), target, lanes), guard(builder) {
  builder.setInsertionPointToEnd(getKernelModule(builder, target).getBody());
  unsigned pointers = kernel.getNumArguments() + kernel.getNumResults() + (configuration.workspace > 0 ? 1 : 0);
  function = createKernelFunction(builder, kernel, pointers, spec);
  Block *block = function.addEntryBlock(builder);
  auto arguments = block->getArguments();
  k.arguments.assign(arguments.begin(), arguments.begin() + pointers);
  iteration = arguments[pointers];
  maps.assign(arguments.begin() + pointers + 1, arguments.end());
  builder.setInsertionPointToEnd(block);
  auto widen = [&](Value number) -> Value {
    return arith::ExtUIOp::create(builder, k.loc, builder.getI64Type(), number);
  };
  threadNumber = widen(ptx::ThreadIdOp::create(builder, k.loc, builder.getI32Type()));
  blockNumber = widen(ptx::BlockIdOp::create(builder, k.loc, builder.getI32Type()));
  warpNumber = k.div(threadNumber, warpSize);
  laneNumber = k.rem(threadNumber, warpSize);
  auto ret = LLVM::ReturnOp::create(builder, kernel.getLoc(), ValueRange{});
  builder.setInsertionPoint(ret);
}

GPUStage::~GPUStage() = default;

//===----------------------------------------------------------------------===//
// Shared memory, barriers, shuffles
//===----------------------------------------------------------------------===//

Value GPUStage::shared(int64_t offset) {
  auto type = LLVM::LLVMPointerType::get(k.builder.getContext(), 3);
  return ptx::SharedMemoryOp::create(k.builder, k.loc, type, offset);
}

void GPUStage::barrier() { ptx::BarrierOp::create(k.builder, k.loc, k.i32(0), int32_t(threads())); }
void GPUStage::syncWarp() { ptx::SyncWarpOp::create(k.builder, k.loc); }

Value GPUStage::shuffle(ptx::ShuffleKind kind, Value value, Value lane) {
  Type type = value.getType();
  if (type.getIntOrFloatBitWidth() == 32)
    return ptx::ShuffleOp::create(k.builder, k.loc, type, kind, value, lane);
  // 64 bits travel as two halves.
  Type whole = k.i64Type();
  Value bits = type == whole ? value : Value(arith::BitcastOp::create(k.builder, k.loc, whole, value));
  Value high = k.truncate(arith::ShRUIOp::create(k.builder, k.loc, bits, k.i64(32)));
  Value low = k.truncate(bits);
  auto widen = [&](Value half) -> Value {
    return arith::ExtUIOp::create(k.builder, k.loc, whole, shuffle(kind, half, lane));
  };
  Value moved = arith::OrIOp::create(k.builder, k.loc, widen(low),
                                     arith::ShLIOp::create(k.builder, k.loc, widen(high), k.i64(32)));
  return type == whole ? moved : Value(arith::BitcastOp::create(k.builder, k.loc, type, moved));
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

Value GPUStage::warpReduce(Value value, Join join, int64_t width) {
  for (int64_t distance = width / 2; distance > 0; distance /= 2)
    value = join(value, shuffleXor(value, int32_t(distance)));
  return value;
}
Value GPUStage::warpReduceAdd(Value value) {
  bool isReal = isa<FloatType>(value.getType());
  return warpReduce(value, [&](Value a, Value b) { return isReal ? k.addf(a, b) : k.add(a, b); });
}
Value GPUStage::warpReduceMax(Value value) {
  bool isReal = isa<FloatType>(value.getType());
  return warpReduce(value, [&](Value a, Value b) { return isReal ? k.maxf(a, b) : k.max(a, b); });
}

Value GPUStage::warpScanAdd(Value value) {
  // After the step of distance d, a lane holds the sum of its own value and of the 2 d - 1 before it.
  for (int64_t distance = 1; distance < warpSize; distance *= 2) {
    Value before = shuffle(ptx::ShuffleKind::Up, value, k.i32(int32_t(distance)));
    value = k.add(value, k.select(k.less(lane(), k.i64(distance)), k.i32(0), before));
  }
  return value;
}

SmallVector<Value> GPUStage::blockReduce(ValueRange values, ArrayRef<Reduction> reductions, int64_t offset) {
  SmallVector<Value> results;
  for (auto [value, reduction] : llvm::zip(values, reductions))
    results.push_back(reduction == Reduction::Add ? warpReduceAdd(value) : warpReduceMax(value));
  if (warps() == 1)
    return results;

  // Slot w of value i lies at 8 (i warps + w).
  Value memory = shared(offset);
  auto slot = [&](unsigned index, Value warp) { return k.mul(k.add(warp, index * warps()), 2); };
  auto at = [&](unsigned index, Value warp) { return k.address(memory, slot(index, warp), k.i32()); };
  k.ifThen(k.equal(lane(), k.i64(0)), [&] {
    for (auto [index, value] : llvm::enumerate(results))
      k.store(value, at(index, warp()));
  });
  barrier();
  // A power of two of lanes joins the warps; the lanes without a warp hold what changes nothing.
  int64_t width = llvm::PowerOf2Ceil(warps());
  Value source = k.rem(lane(), width);
  Value held = k.min(source, k.i64(warps() - 1));
  for (auto [index, reduction] : llvm::enumerate(reductions)) {
    bool adds = reduction == Reduction::Add, isReal = isa<FloatType>(results[index].getType());
    Value value = k.load(results[index].getType(), at(index, held));
    if (width != warps()) {
      double identity = adds     ? 0.0
                        : isReal ? -std::numeric_limits<double>::infinity()
                                 : double(std::numeric_limits<int32_t>::min());
      value = k.select(k.less(source, k.i64(warps())), value, k.constant(value.getType(), identity));
    }
    results[index] = warpReduce(
        value,
        [&](Value a, Value b) {
          if (adds)
            return isReal ? k.addf(a, b) : k.add(a, b);
          return isReal ? k.maxf(a, b) : k.max(a, b);
        },
        width);
  }
  return results;
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

void GPUStage::forThreads(Value begin, Value end, KernelBuilder::Body body) {
  k.forLoop(k.add(begin, thread()), end, threads(), body);
}

void GPUStage::forWarps(int64_t count, KernelBuilder::Body body) {
  Value item = k.add(k.mul(block(), warps()), warp());
  if (count % warps() == 0)
    return body(item);
  k.ifThen(k.less(item, k.i64(count)), [&] { body(item); });
}

void GPUStage::forItems(int64_t count, int64_t perThread, Compute compute, Store store) {
  Value first = k.add(k.mul(block(), threads() * perThread), thread());
  bool whole = count % (threads() * perThread) == 0;
  SmallVector<Value> items;
  SmallVector<SmallVector<Value>> values;
  for (int64_t i = 0; i < perThread; ++i) {
    items.push_back(k.add(first, i * threads()));
    values.push_back(compute(whole ? items.back() : k.min(items.back(), k.i64(count - 1))));
  }
  for (auto [item, own] : llvm::zip(items, values)) {
    if (whole)
      store(item, own);
    else
      k.ifThen(k.less(item, k.i64(count)), [&, item = item, &own = own] { store(item, own); });
  }
}

void hadal::addItemStage(KernelConfiguration &configuration, StringRef name, int64_t items, int64_t mostPerThread,
                         const TargetDescription &target) {
  // More items to a thread keep more loads under way, but only when every multiprocessor still has several blocks.
  constexpr int64_t threads = 256, blocksPerMultiprocessor = 4;
  int64_t perThread = mostPerThread;
  while (perThread > 1 && items < perThread * threads * blocksPerMultiprocessor * target.multiprocessors)
    perThread /= 2;
  configuration.set("per_thread", perThread);
  configuration.addGPUStage(name, llvm::divideCeil(items, threads * perThread), threads);
}

int64_t hadal::commonLanes(int64_t limit, ArrayRef<int64_t> numbers) {
  int64_t lanes = limit;
  for (int64_t number : numbers)
    while (number % lanes != 0)
      lanes /= 2;
  return lanes;
}
