//===- KernelBuilder.cpp - conveniences for emitting kernels ------------------------------------------------------===//
//
// See the header. Nothing here decides anything: every function builds one or a few operations.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Emit/KernelBuilder.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"
#include <numeric>

using namespace mlir;
using namespace hadal;

namespace {
/// The alignment that a buffer is sure to have: that of its element.
unsigned elementBytes(Type type) { return getElementTypeOrSelf(type).getIntOrFloatBitWidth() / 8; }

/// The type in which a value is moved: bf16 as the integer of its bits, so that no target needs a bf16 of its own.
Type movedType(Type type) {
  if (!getElementTypeOrSelf(type).isBF16())
    return type;
  Type bits = IntegerType::get(type.getContext(), 16);
  auto vector = dyn_cast<VectorType>(type);
  return vector ? Type(VectorType::get(vector.getShape(), bits)) : bits;
}

/// The same bits as another type.
Value reinterpret(KernelBuilder &k, Value value, Type type) {
  return value.getType() == type ? value : arith::BitcastOp::create(k.builder, k.loc, type, value).getResult();
}
} // namespace

Type KernelBuilder::pointerType() { return LLVM::LLVMPointerType::get(builder.getContext()); }

Value KernelBuilder::i64(int64_t value) {
  return arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(value));
}
Value KernelBuilder::i32(int32_t value) {
  return arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(value));
}
Value KernelBuilder::f32(double value) {
  return arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(value));
}
Value KernelBuilder::constant(Type type, double value) {
  Type element = getElementTypeOrSelf(type);
  TypedAttr scalar = isa<FloatType>(element) ? TypedAttr(builder.getFloatAttr(element, value))
                                             : TypedAttr(builder.getIntegerAttr(element, int64_t(value)));
  if (auto vector = dyn_cast<VectorType>(type))
    scalar = SplatElementsAttr::get(vector, scalar);
  return arith::ConstantOp::create(builder, loc, scalar);
}

Value KernelBuilder::add(Value a, Value b) { return arith::AddIOp::create(builder, loc, a, b); }
Value KernelBuilder::sub(Value a, Value b) { return arith::SubIOp::create(builder, loc, a, b); }
Value KernelBuilder::mul(Value a, Value b) { return arith::MulIOp::create(builder, loc, a, b); }
Value KernelBuilder::div(Value a, int64_t b) { return arith::DivUIOp::create(builder, loc, a, i64(b)); }
Value KernelBuilder::rem(Value a, int64_t b) { return arith::RemUIOp::create(builder, loc, a, i64(b)); }
Value KernelBuilder::min(Value a, Value b) { return arith::MinSIOp::create(builder, loc, a, b); }
Value KernelBuilder::max(Value a, Value b) { return arith::MaxSIOp::create(builder, loc, a, b); }
Value KernelBuilder::less(Value a, Value b) {
  if (isa<FloatType>(getElementTypeOrSelf(a.getType())))
    return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLT, a, b);
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, a, b);
}
Value KernelBuilder::equal(Value a, Value b) {
  if (isa<FloatType>(getElementTypeOrSelf(a.getType())))
    return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OEQ, a, b);
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, a, b);
}
Value KernelBuilder::extend(Value value) { return arith::ExtSIOp::create(builder, loc, builder.getI64Type(), value); }
Value KernelBuilder::truncate(Value value) {
  return arith::TruncIOp::create(builder, loc, builder.getI32Type(), value);
}

Value KernelBuilder::addf(Value a, Value b) { return arith::AddFOp::create(builder, loc, a, b); }
Value KernelBuilder::subf(Value a, Value b) { return arith::SubFOp::create(builder, loc, a, b); }
Value KernelBuilder::mulf(Value a, Value b) { return arith::MulFOp::create(builder, loc, a, b); }
Value KernelBuilder::divf(Value a, Value b) { return arith::DivFOp::create(builder, loc, a, b); }
Value KernelBuilder::fma(Value a, Value b, Value c) { return math::FmaOp::create(builder, loc, a, b, c); }
Value KernelBuilder::maxf(Value a, Value b) { return arith::MaximumFOp::create(builder, loc, a, b); }
Value KernelBuilder::widen(Value value) {
  if (getElementTypeOrSelf(value.getType()).isF32())
    return value;
  auto vector = dyn_cast<VectorType>(value.getType());
  Type type = vector ? Type(VectorType::get(vector.getShape(), f32())) : f32();
  return arith::ExtFOp::create(builder, loc, type, value);
}
Value KernelBuilder::round(Value value, Type element) {
  if (!element || getElementTypeOrSelf(value.getType()) == element)
    return value;
  auto vector = dyn_cast<VectorType>(value.getType());
  Type type = vector ? Type(VectorType::get(vector.getShape(), element)) : element;
  return arith::TruncFOp::create(builder, loc, type, value);
}
Value KernelBuilder::select(Value condition, Value a, Value b) {
  return arith::SelectOp::create(builder, loc, condition, a, b);
}

Value KernelBuilder::argument(unsigned index) {
  if (!arguments.empty())
    return arguments[index];
  Value slot = LLVM::GEPOp::create(builder, loc, pointerType(), pointerType(), argumentArray,
                                   ArrayRef<LLVM::GEPArg>{int32_t(index)});
  return LLVM::LoadOp::create(builder, loc, pointerType(), slot, /*alignment=*/8, /*isVolatile=*/false,
                              /*isNonTemporal=*/false, /*isInvariant=*/true);
}

TypedPointer KernelBuilder::typedArgument(KernelOp kernel, unsigned index) {
  unsigned operands = kernel.getNumArguments();
  Type type = index < operands ? kernel.getArgumentTypes()[index] : kernel.getResultTypes()[index - operands];
  return {argument(index), getElementTypeOrSelf(type)};
}

Value KernelBuilder::address(Value pointer, Value index, Type element) {
  return LLVM::GEPOp::create(builder, loc, pointer.getType(), element, pointer, ArrayRef<LLVM::GEPArg>{index},
                             LLVM::GEPNoWrapFlags::inbounds);
}

Value KernelBuilder::load(Type type, Value pointer, Value index) {
  if (index)
    pointer = address(pointer, index, getElementTypeOrSelf(type));
  Value moved = LLVM::LoadOp::create(builder, loc, movedType(type), pointer, elementBytes(type));
  return reinterpret(*this, moved, type);
}

void KernelBuilder::store(Value value, Value pointer, Value index) {
  Type type = value.getType();
  if (index)
    pointer = address(pointer, index, getElementTypeOrSelf(type));
  LLVM::StoreOp::create(builder, loc, reinterpret(*this, value, movedType(type)), pointer, elementBytes(type));
}

Value KernelBuilder::loadVector(Value pointer, Value index, Value mask, Type element, Value otherwise) {
  VectorType type = vectorOf(element ? element : f32());
  if (!mask)
    return load(type, pointer, index);
  Type moved = movedType(type);
  otherwise = otherwise ? reinterpret(*this, otherwise, moved) : constant(moved, 0);
  Value loaded = LLVM::MaskedLoadOp::create(builder, loc, moved, address(pointer, index, type.getElementType()), mask,
                                            otherwise, builder.getI32IntegerAttr(elementBytes(type)));
  return reinterpret(*this, loaded, type);
}

void KernelBuilder::storeVector(Value value, Value pointer, Value index, Value mask) {
  if (!mask)
    return store(value, pointer, index);
  Type element = getElementTypeOrSelf(value.getType());
  value = reinterpret(*this, value, movedType(value.getType()));
  LLVM::MaskedStoreOp::create(builder, loc, value, address(pointer, index, element), mask,
                              builder.getI32IntegerAttr(elementBytes(element)));
}

void KernelBuilder::prefetch(Value pointer, Value index, Type element, bool forWriting, bool later) {
  constexpr int32_t allLevels = 3, fromSecondLevelOn = 2, ofData = 1;
  LLVM::Prefetch::create(builder, loc, address(pointer, index, element), int32_t(forWriting),
                         later ? fromSecondLevelOn : allLevels, ofData);
}

void KernelBuilder::storeStreamed(Value value, Value pointer, Value index) {
  Type element = getElementTypeOrSelf(value.getType());
  unsigned alignment = unsigned(lanes * elementBytes(element));
  LLVM::StoreOp::create(builder, loc, value, address(pointer, index, element), alignment, /*isVolatile=*/false,
                        /*isNonTemporal=*/true);
}

void KernelBuilder::fenceStreamed() {
  LLVM::CallIntrinsicOp::create(builder, loc, builder.getStringAttr("llvm.x86.sse.sfence"), ValueRange());
}

/// The alignment of an access at a multiple of so many elements in a buffer that is aligned to 16 bytes.
static unsigned alignmentAt(Type element, int64_t multiple) {
  return std::gcd<int64_t>(16, multiple * elementBytes(element));
}

Value KernelBuilder::loadAligned(Type element, Value pointer, Value index, int64_t multiple) {
  VectorType type = vectorOf(element);
  Value moved = LLVM::LoadOp::create(builder, loc, movedType(type), address(pointer, index, element),
                                     alignmentAt(element, multiple));
  return reinterpret(*this, moved, type);
}

void KernelBuilder::storeAligned(Value value, Value pointer, Value index, int64_t multiple) {
  Type element = getElementTypeOrSelf(value.getType());
  value = reinterpret(*this, value, movedType(value.getType()));
  LLVM::StoreOp::create(builder, loc, value, address(pointer, index, element), alignmentAt(element, multiple));
}

Value KernelBuilder::loadNumber(TypedPointer from, Value index) {
  return widen(load(from.element ? from.element : f32(), from.pointer, index));
}
void KernelBuilder::storeNumber(Value value, TypedPointer to, Value index) {
  store(round(value, to.element), to.pointer, index);
}
Value KernelBuilder::loadVector(TypedPointer from, Value index, Value mask) {
  return widen(loadVector(from.pointer, index, mask, from.element));
}
void KernelBuilder::storeVector(Value value, TypedPointer to, Value index, Value mask) {
  storeVector(round(value, to.element), to.pointer, index, mask);
}

Value KernelBuilder::loadAligned(TypedPointer from, Value index, int64_t multiple) {
  return widen(loadAligned(from.element ? from.element : f32(), from.pointer, index, multiple));
}
void KernelBuilder::storeAligned(Value value, TypedPointer to, Value index, int64_t multiple) {
  storeAligned(round(value, to.element), to.pointer, index, multiple);
}

Value KernelBuilder::gather(Type element, Value pointer, Value indices, Value mask) {
  int64_t length = cast<VectorType>(indices.getType()).getNumElements();
  auto pointers = VectorType::get({length}, pointerType());
  Value addresses = LLVM::GEPOp::create(builder, loc, pointers, element, pointer, ArrayRef<LLVM::GEPArg>{indices});
  if (!mask)
    mask = constant(VectorType::get({length}, builder.getI1Type()), 1);
  auto type = VectorType::get({length}, element);
  return LLVM::masked_gather::create(builder, loc, type, addresses, mask, ValueRange{constant(type, 0)},
                                     builder.getI32IntegerAttr(elementBytes(element)));
}

Value KernelBuilder::broadcast(Value scalar) {
  return vector::BroadcastOp::create(builder, loc, vectorOf(scalar.getType()), scalar);
}

Value KernelBuilder::laneNumbers() {
  SmallVector<int32_t> numbers;
  for (int64_t lane = 0; lane < lanes; ++lane)
    numbers.push_back(lane);
  return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(vectorOf(i32()), ArrayRef<int32_t>(numbers)));
}

Value KernelBuilder::maskFor(Value count) {
  // Counts beyond the vector would wrap in i32: cut them first.
  Value limited = truncate(min(count, i64(lanes)));
  return less(laneNumbers(), broadcast(limited));
}

Value KernelBuilder::maskBetween(int64_t first, int64_t end) {
  SmallVector<bool> bits;
  for (int64_t lane = 0; lane < lanes; ++lane)
    bits.push_back(first <= lane && lane < end);
  auto type = vectorOf(builder.getI1Type());
  return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, ArrayRef<bool>(bits)));
}

/// Halves a vector until one lane is left, joining the halves by `join`.
static Value reduceByHalves(KernelBuilder &k, Value vector, function_ref<Value(Value, Value)> join) {
  int64_t length = cast<VectorType>(vector.getType()).getNumElements();
  while (length > 1) {
    SmallVector<int64_t> low, high;
    for (int64_t lane = 0; lane < length / 2; ++lane) {
      low.push_back(lane);
      high.push_back(lane + length / 2);
    }
    Value a = vector::ShuffleOp::create(k.builder, k.loc, vector, vector, low);
    Value b = vector::ShuffleOp::create(k.builder, k.loc, vector, vector, high);
    vector = join(a, b);
    length /= 2;
  }
  return vector::ExtractOp::create(k.builder, k.loc, vector, ArrayRef<int64_t>{0});
}

Value KernelBuilder::reduceAdd(Value vector) {
  bool isReal = isa<FloatType>(getElementTypeOrSelf(vector.getType()));
  return reduceByHalves(*this, vector, [&](Value a, Value b) { return isReal ? addf(a, b) : add(a, b); });
}
Value KernelBuilder::reduceMax(Value vector) {
  return reduceByHalves(*this, vector, [&](Value a, Value b) { return maxf(a, b); });
}

Value KernelBuilder::reduceMin(Value vector) {
  return reduceByHalves(*this, vector, [&](Value a, Value b) { return min(a, b); });
}

void KernelBuilder::forLoop(Value begin, Value end, int64_t step, Body body) {
  forReduce(begin, end, step, {}, [&](Value index, ValueRange) {
    body(index);
    return SmallVector<Value>();
  });
}

SmallVector<Value> KernelBuilder::forReduce(Value begin, Value end, int64_t step, ValueRange initial,
                                            ReducingBody body) {
  auto loop = scf::ForOp::create(builder, loc, begin, end, i64(step), initial);
  {
    OpBuilder::InsertionGuard guard(builder);
    Block *block = loop.getBody();
    // Without carried values the loop is born with its terminator.
    if (block->mightHaveTerminator())
      block->getTerminator()->erase();
    builder.setInsertionPointToEnd(block);
    SmallVector<Value> next = body(loop.getInductionVar(), loop.getRegionIterArgs());
    scf::YieldOp::create(builder, loc, next);
  }
  return SmallVector<Value>(loop.getResults());
}

void KernelBuilder::ifThen(Value condition, function_ref<void()> then, function_ref<void()> otherwise) {
  auto branch = scf::IfOp::create(builder, loc, condition, /*withElseRegion=*/bool(otherwise));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&branch.getThenRegion().front());
  then();
  if (!otherwise)
    return;
  builder.setInsertionPointToStart(&branch.getElseRegion().front());
  otherwise();
}

Value KernelBuilder::either(Type type, Value condition, function_ref<Value()> then, function_ref<Value()> otherwise) {
  auto branch = scf::IfOp::create(builder, loc, type, condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&branch.getThenRegion().front());
  scf::YieldOp::create(builder, loc, then());
  builder.setInsertionPointToStart(&branch.getElseRegion().front());
  scf::YieldOp::create(builder, loc, otherwise());
  return branch.getResult(0);
}

void KernelBuilder::forVectors(int64_t begin, int64_t end, VectorBody body) {
  forVectorsReduce(begin, end, {}, [&](Value index, Value mask, ValueRange) {
    body(index, mask);
    return SmallVector<Value>();
  });
}

SmallVector<Value>
KernelBuilder::forVectorsReduce(int64_t begin, int64_t end, ValueRange initial,
                                function_ref<SmallVector<Value>(Value index, Value mask, ValueRange carried)> body) {
  int64_t whole = begin + (end - begin) / lanes * lanes;
  SmallVector<Value> carried(initial);
  if (whole > begin)
    carried = forReduce(i64(begin), i64(whole), lanes, carried,
                        [&](Value index, ValueRange values) { return body(index, Value(), values); });
  if (whole < end)
    carried = body(i64(whole), maskFor(end - whole), carried);
  return carried;
}

StageFunction::StageFunction(OpBuilder &builder, KernelOp kernel, const StageSpec &stage,
                             const TargetDescription &target)
    : k(builder, kernel.getLoc(), target), guard(builder) {
  Type pointer = k.pointerType(), integer = builder.getI64Type();
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()),
                                          {pointer, integer, integer, integer, pointer});
  function = LLVM::LLVMFuncOp::create(builder, kernel.getLoc(), getStageSymbol(kernel, stage), type);
  Block *block = function.addEntryBlock(builder);
  k.argumentArray = block->getArgument(0);
  iteration = block->getArgument(1);
  firstTask = block->getArgument(2);
  endTask = block->getArgument(3);
  k.scratch = block->getArgument(4);
  builder.setInsertionPointToEnd(block);
  LLVM::ReturnOp ret = LLVM::ReturnOp::create(builder, kernel.getLoc(), ValueRange{});
  builder.setInsertionPoint(ret);
}

StageFunction::~StageFunction() = default;

LLVM::LLVMFuncOp hadal::createHelperFunction(OpBuilder &builder, Location loc, StringRef name,
                                             ArrayRef<Type> arguments) {
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()), arguments);
  auto function = LLVM::LLVMFuncOp::create(builder, loc, name, type, LLVM::Linkage::Internal);
  builder.setInsertionPointToEnd(function.addEntryBlock(builder));
  auto ret = LLVM::ReturnOp::create(builder, loc, ValueRange{});
  builder.setInsertionPoint(ret);
  return function;
}

LLVM::GlobalOp hadal::createConstantTable(OpBuilder &builder, Location loc, StringRef name, ArrayRef<float> values) {
  // The nearest module: the program's, or the one of the GPU's kernels.
  Operation *module = builder.getInsertionBlock()->getParentOp();
  while (!module->hasTrait<OpTrait::SymbolTable>())
    module = module->getParentOp();
  // The name carries a hash of the contents, so that kernels share equal tables.
  ArrayRef<uint8_t> bytes(reinterpret_cast<const uint8_t *>(values.data()), values.size() * sizeof(float));
  std::string symbol = (name + "." + llvm::utohexstr(llvm::xxh3_64bits(bytes), /*LowerCase=*/true)).str();
  if (Operation *existing = SymbolTable::lookupSymbolIn(module, symbol))
    return cast<LLVM::GlobalOp>(existing);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&module->getRegion(0).front());
  auto type = LLVM::LLVMArrayType::get(builder.getF32Type(), values.size());
  auto attribute =
      DenseElementsAttr::get(RankedTensorType::get({int64_t(values.size())}, builder.getF32Type()), values);
  return LLVM::GlobalOp::create(builder, loc, type, /*isConstant=*/true, LLVM::Linkage::Internal, symbol, attribute,
                                /*alignment=*/64);
}
