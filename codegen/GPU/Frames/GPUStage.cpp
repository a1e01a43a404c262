//===- GPUStage.cpp - the frame of a stage on an NVIDIA GPU -------------------------------------------------------===//
//
// Reductions. A row has arithmetic::hopper::lanes lanes, which are joined by halves: i and i + 512, then 256, ..., 1.
// Of the number of a lane the highest bits say which accumulator of a thread holds it, the next ones which thread, the
// lowest which element of its vector. Whatever the layout, the halves are therefore joined in this order:
//
//   accumulators   within the thread
//   warps          through shared memory: every thread leaves its vector there, and behind a barrier every warp joins
//                  those of all warps, lane by lane, so that no second barrier is needed to spread the outcome
//   lanes          by shuffles
//   elements       of the vector, by shuffles again: see joinWarp
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/GPU/Frames/GPUStage.h"
#include "codegen/Emit/KernelDialects.h"
#include "mlir/IR/BuiltinOps.h"

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
  Attribute chip = getNVVMTarget(builder.getContext(), target.name(), target.architecture->ptxFeature);
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
  markKernelFunction(function, spec.threads, spec.cluster);
  for (unsigned map = 0; map < spec.maps.size(); ++map)
    markTensorMap(function, pointers + 1 + map);
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

Value GPUStage::join(Value a, Value b, Reduction reduction) {
  bool isReal = isa<FloatType>(getElementTypeOrSelf(a.getType()));
  if (reduction == Reduction::Add)
    return isReal ? k.addf(a, b) : k.add(a, b);
  return isReal ? k.maxf(a, b) : k.max(a, b);
}

/// Joins i and i + n/2 of n values, then i and i + n/4, ...; null values are left out.
Value GPUStage::joinHalves(ArrayRef<Value> values, Reduction reduction) {
  SmallVector<Value> left(values);
  while (left.size() > 1) {
    size_t half = left.size() / 2;
    for (size_t i = 0; i < half; ++i)
      if (Value other = left[i + half])
        left[i] = left[i] ? join(left[i], other, reduction) : other;
    left.resize(half);
  }
  return left[0];
}

/// Of several vectors (or numbers) of every thread: what the threads of the same lane hold in all warps, joined.
SmallVector<Value> GPUStage::joinWarps(ValueRange values, ArrayRef<Reduction> reductions, int64_t offset) {
  auto at = [&](unsigned index, Value thread) {
    Type type = values[index].getType(), element = getElementTypeOrSelf(type);
    auto vector = dyn_cast<VectorType>(type);
    int64_t count = vector ? vector.getNumElements() : 1, bytes = element.getIntOrFloatBitWidth() / 8 * count;
    Value start = shared(offset + index * threads() * bytes);
    return std::pair(k.address(start, k.mul(thread, count), element), unsigned(std::min<int64_t>(bytes, 16)));
  };
  for (auto [index, value] : llvm::enumerate(values)) {
    auto [place, alignment] = at(index, thread());
    LLVM::StoreOp::create(k.builder, k.loc, value, place, alignment);
  }
  barrier();
  SmallVector<Value> results;
  for (auto [index, value] : llvm::enumerate(values)) {
    SmallVector<Value> ofWarps;
    for (int64_t warp = 0; warp < warps(); ++warp) {
      auto [place, alignment] = at(index, k.add(lane(), warp * warpSize));
      ofWarps.push_back(LLVM::LoadOp::create(k.builder, k.loc, value.getType(), place, alignment));
    }
    results.push_back(joinHalves(ofWarps, reductions[index]));
  }
  return results;
}

/// Joins the vectors of `width` neighbouring lanes, then the elements. While there are several elements, a lane keeps
/// one half of them and gives the other away, which its partner keeps: a vector of four takes 2 + 1 + 3 shuffles until
/// every lane has one element, and 2 more to join the elements, where joining each of them over all lanes takes 20.
Value GPUStage::joinWarp(Value value, Reduction reduction, int64_t width) {
  SmallVector<Value> elements = {value};
  if (auto vector = dyn_cast<VectorType>(value.getType())) {
    elements.clear();
    for (int64_t i = 0; i < vector.getNumElements(); ++i)
      elements.push_back(vector::ExtractOp::create(k.builder, k.loc, value, ArrayRef<int64_t>{i}));
  }
  int64_t count = elements.size();
  for (int64_t distance = width / 2; distance > 0; distance /= 2) {
    if (elements.size() == 1) {
      elements[0] = join(elements[0], shuffleXor(elements[0], int32_t(distance)), reduction);
      continue;
    }
    Value keepsFirst = k.less(k.rem(lane(), 2 * distance), k.i64(distance));
    size_t half = elements.size() / 2;
    for (size_t i = 0; i < half; ++i) {
      Value kept = k.select(keepsFirst, elements[i], elements[i + half]);
      Value given = k.select(keepsFirst, elements[i + half], elements[i]);
      elements[i] = join(kept, shuffleXor(given, int32_t(distance)), reduction);
    }
    elements.resize(half);
  }
  Value result = elements[0];
  for (int64_t distance = width / 2; count > 1; distance /= 2, count /= 2)
    result = join(result, shuffleXor(result, int32_t(distance)), reduction);
  return result;
}

SmallVector<Value> GPUStage::joinLanes(ArrayRef<SmallVector<Value>> lanes, ArrayRef<Reduction> reductions,
                                       int64_t sharers, int64_t offset) {
  assert(llvm::isPowerOf2_64(sharers) && "halves of threads");
  SmallVector<Value> values;
  for (auto [accumulators, reduction] : llvm::zip(lanes, reductions))
    values.push_back(joinHalves(accumulators, reduction));
  if (sharers > warpSize)
    values = joinWarps(values, reductions, offset);
  for (auto [value, reduction] : llvm::zip(values, reductions))
    value = joinWarp(value, reduction, std::min(sharers, warpSize));
  return values;
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

static constexpr int64_t threadsOfItems = 256;

int64_t hadal::chooseItemsPerThread(int64_t items, int64_t mostPerThread, const TargetDescription &target) {
  // More items to a thread keep more loads under way, but only when every multiprocessor still has several blocks.
  constexpr int64_t blocksPerMultiprocessor = 4;
  int64_t perThread = mostPerThread;
  while (perThread > 1 && items < perThread * threadsOfItems * blocksPerMultiprocessor * target.multiprocessors)
    perThread /= 2;
  return perThread;
}

void hadal::addItemStage(KernelConfiguration &configuration, StringRef name, int64_t items) {
  configuration.addGPUStage(name, llvm::divideCeil(items, threadsOfItems * configuration.share()), threadsOfItems);
}
