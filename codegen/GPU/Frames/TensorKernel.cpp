//===- TensorKernel.cpp - what kernels for tensor cores are emitted with ------------------------------------------===//
//
// See the header. Every function builds one or a few operations.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/GPU/Frames/TensorKernel.h"

using namespace mlir;
using namespace hadal;

TensorKernel::TensorKernel(GPUStage &stage) : stage(stage), k(stage.k) {
  thread = k.truncate(stage.thread());
  groupThread = rem(thread, warpGroupSize);
  lane = rem(thread, warpSize);
}

//===----------------------------------------------------------------------===//
// Numbers and control
//===----------------------------------------------------------------------===//

Value TensorKernel::div(Value a, Value b) { return arith::DivUIOp::create(k.builder, k.loc, a, b); }
Value TensorKernel::rem(Value a, Value b) { return arith::RemUIOp::create(k.builder, k.loc, a, b); }
Value TensorKernel::both(Value a, Value b) { return arith::AndIOp::create(k.builder, k.loc, a, b); }
Value TensorKernel::wide(Value value) {
  return arith::ExtSIOp::create(k.builder, k.loc, k.builder.getI64Type(), value);
}
Value TensorKernel::yes() { return arith::ConstantOp::create(k.builder, k.loc, k.builder.getBoolAttr(true)); }

SmallVector<Value> TensorKernel::forReduce(Value begin, Value end, Value step, ValueRange initial, ReducingBody body) {
  auto loop = scf::ForOp::create(k.builder, k.loc, begin, end, step, initial);
  OpBuilder::InsertionGuard guard(k.builder);
  Block *block = loop.getBody();
  // Without carried values the loop is born with its terminator.
  if (block->mightHaveTerminator())
    block->getTerminator()->erase();
  k.builder.setInsertionPointToEnd(block);
  SmallVector<Value> next = body(loop.getInductionVar(), loop.getRegionIterArgs());
  scf::YieldOp::create(k.builder, k.loc, next);
  return SmallVector<Value>(loop.getResults());
}

void TensorKernel::forLoop(Value begin, Value end, Value step, Body body) {
  forReduce(begin, end, step, {}, [&](Value index, ValueRange) {
    body(index);
    return SmallVector<Value>();
  });
}

void TensorKernel::once(function_ref<void()> body) {
  k.ifThen(less(thread, number(warpSize)), [&] {
    Value elected = ptx::ElectOp::create(k.builder, k.loc, k.builder.getI1Type());
    k.ifThen(elected, body);
    // The other lanes wait here, not wherever the warp meets next.
    stage.syncWarp();
  });
}

//===----------------------------------------------------------------------===//
// Tiles and rings
//===----------------------------------------------------------------------===//

tile::MatrixType TensorKernel::matrix(int64_t extent, int64_t depth, bool depthContiguous, ptx::Swizzle swizzle) {
  return tile::MatrixType::get(k.builder.getContext(), extent, depth, ptx::OperandType::BF16,
                               depthContiguous ? ptx::Major::K : ptx::Major::MN, swizzle);
}
Value TensorKernel::view(tile::MatrixType type, int64_t offset) {
  return tile::ViewOp::create(k.builder, k.loc, type, stage.shared(offset));
}
Value TensorKernel::ring(int64_t barrierOffset, int64_t stages) {
  return tile::RingOp::create(k.builder, k.loc, tile::RingType::get(k.builder.getContext(), stages), barrierOffset);
}
Value TensorKernel::ringTile(Value ring, Value fill, tile::MatrixType type, int64_t offset, int64_t stride) {
  return tile::RingTileOp::create(k.builder, k.loc, type, ring, fill, offset, stride);
}
void TensorKernel::acquire(Value ring, Value fill) { tile::RingAcquireOp::create(k.builder, k.loc, ring, fill); }
void TensorKernel::expect(Value ring, Value fill, int64_t bytes) {
  tile::RingExpectOp::create(k.builder, k.loc, ring, fill, bytes);
}
void TensorKernel::load(Value map, ValueRange coordinates, Value tile, Value ring, Value fill, int64_t firstPanel,
                        int64_t panels, Value firstRow, Value multicast) {
  tile::LoadOp::create(k.builder, k.loc, map, coordinates, tile, ring, fill, firstRow, multicast, firstPanel, panels);
}
void TensorKernel::commit(Value ring, Value fill) { tile::RingCommitOp::create(k.builder, k.loc, ring, fill); }
void TensorKernel::wait(Value ring, Value fill) { tile::RingWaitOp::create(k.builder, k.loc, ring, fill); }
void TensorKernel::release(Value ring, Value fill, int64_t cluster, Value condition) {
  Value first = k.equal(lane, number(0));
  k.ifThen(condition ? both(first, condition) : first,
           [&] { tile::RingReleaseOp::create(k.builder, k.loc, ring, fill, cluster); });
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

Value TensorKernel::product(Value a, Value aRow, Value b, Value bColumn, Value accumulator, Value accumulate) {
  return tile::ProductOp::create(k.builder, k.loc, accumulator.getType(), a, b, accumulator,
                                 accumulate ? accumulate : yes(), aRow, bColumn);
}
void TensorKernel::waitProducts(int64_t pending) { waitProducts(pending, {}); }
SmallVector<Value> TensorKernel::waitProducts(int64_t pending, ValueRange accumulators) {
  auto wait = ptx::WgmmaWaitOp::create(k.builder, k.loc, accumulators.getTypes(), pending, accumulators);
  return SmallVector<Value>(wait.getResults());
}
Value TensorKernel::zeros(int64_t columns) {
  auto type = VectorType::get({columns / 2}, k.f32());
  return arith::ConstantOp::create(k.builder, k.loc, cast<TypedAttr>(k.builder.getZeroAttr(type)));
}
Value TensorKernel::pack(Value accumulator) {
  int64_t length = cast<VectorType>(accumulator.getType()).getNumElements();
  return tile::PackOp::create(k.builder, k.loc, VectorType::get({length / 2}, k.i32()), accumulator);
}
void TensorKernel::write(Value registers, Value tile, Value row, Value column) {
  tile::WriteOp::create(k.builder, k.loc, registers, tile, row, column, /*transpose=*/false);
}
Value TensorKernel::at(Value vector, int64_t i) {
  return vector::ExtractOp::create(k.builder, k.loc, vector, ArrayRef<int64_t>{i});
}
Value TensorKernel::fromNumbers(ValueRange numbers, Type element) {
  auto type = VectorType::get({int64_t(numbers.size())}, element ? element : k.f32());
  return vector::FromElementsOp::create(k.builder, k.loc, type, numbers);
}

//===----------------------------------------------------------------------===//
// Roles
//===----------------------------------------------------------------------===//

void TensorKernel::start(ArrayRef<Value> rings, ArrayRef<std::pair<int64_t, int64_t>> arrivals, ArrayRef<Value> maps) {
  once([&] {
    for (Value map : maps)
      ptx::PrefetchMapOp::create(k.builder, k.loc, map);
    for (auto [ring, counts] : llvm::zip(rings, arrivals))
      tile::RingInitOp::create(k.builder, k.loc, ring, counts.first, counts.second);
    ptx::FenceMBarrierInitOp::create(k.builder, k.loc);
  });
  if (stage.spec.cluster == 1)
    return stage.barrier();
  ptx::ClusterArriveOp::create(k.builder, k.loc);
  ptx::ClusterWaitOp::create(k.builder, k.loc);
}

void TensorKernel::specialize(Registers registers, function_ref<void()> producer, function_ref<void(Value)> consumer) {
  IntegerAttr few, many;
  if (registers) {
    few = k.builder.getI32IntegerAttr(registers->first);
    many = k.builder.getI32IntegerAttr(registers->second);
  }
  auto roles = tile::SpecializeOp::create(k.builder, k.loc, few, many);
  OpBuilder::InsertionGuard guard(k.builder);
  k.builder.createBlock(&roles.getProducer());
  producer();
  tile::EndOp::create(k.builder, k.loc);
  Block *block = k.builder.createBlock(&roles.getConsumer(), {}, {k.i32()}, {k.loc});
  consumer(block->getArgument(0));
  tile::EndOp::create(k.builder, k.loc);
}

void TensorKernel::finish() {
  if (stage.spec.cluster == 1)
    return;
  ptx::ClusterArriveOp::create(k.builder, k.loc);
  ptx::ClusterWaitOp::create(k.builder, k.loc);
}

Value TensorKernel::accumulatorRow(int64_t half) {
  return add(add(mul(div(groupThread, warpSize), 16), div(lane, 4)), 8 * half);
}
Value TensorKernel::accumulatorColumn() { return mul(rem(lane, 4), 2); }
