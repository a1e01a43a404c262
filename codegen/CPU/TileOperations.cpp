//===- TileOperations.cpp - what AMX does with a tile -------------------------------------------------------------===//
//
// See the header; the arithmetic is that of StepKernel.cpp.
//
// The emulated product first takes A's pairs of bf16 apart, into f32 in memory, from where they are broadcast; B's are
// taken apart by a shift and a mask when they are loaded. Eight rows at a time have their two chains in registers.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/TileOperations.h"
#include "codegen/CPU/FlushedCalls.h"
#include "codegen/Target/Arithmetic.h"

using namespace mlir;
using namespace hadal;

static_assert(arithmetic::depthStep * 2 == tileRowBytes, "a step of the depth is a row of bf16");

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

namespace {

/// An intrinsic of LLVM on full tiles; its first operands say their sizes.
LLVM::CallIntrinsicOp callIntrinsic(KernelBuilder &k, StringRef name, ArrayRef<int64_t> sizes, ValueRange operands,
                                    Type result = {}) {
  SmallVector<Value> all;
  for (int64_t size : sizes)
    all.push_back(arith::ConstantOp::create(k.builder, k.loc, k.builder.getI16IntegerAttr(int16_t(size))));
  all.append(operands.begin(), operands.end());
  StringAttr intrinsic = k.builder.getStringAttr(name);
  return result ? LLVM::CallIntrinsicOp::create(k.builder, k.loc, result, intrinsic, all)
                : LLVM::CallIntrinsicOp::create(k.builder, k.loc, intrinsic, all);
}

Type tileType(KernelBuilder &k) { return LLVM::LLVMX86AMXType::get(k.builder.getContext()); }

} // namespace

Value TileInstructions::load(Value pointer, Value stride) {
  return callIntrinsic(k, "llvm.x86.tileloadd64.internal", {tileRows, tileRowBytes}, {pointer, stride}, tileType(k))
      ->getResult(0);
}

void TileInstructions::store(Value tile, Value pointer, Value stride) {
  callIntrinsic(k, "llvm.x86.tilestored64.internal", {tileRows, tileRowBytes}, {pointer, stride, tile});
}

Value TileInstructions::zero() {
  return callIntrinsic(k, "llvm.x86.tilezero.internal", {tileRows, tileRowBytes}, {}, tileType(k))->getResult(0);
}

Value TileInstructions::multiply(Value c, Value a, Value b) {
  return callIntrinsic(k, "llvm.x86.tdpbf16ps.internal", {tileRows, tileRowBytes, tileRowBytes}, {c, a, b}, tileType(k))
      ->getResult(0);
}

//===----------------------------------------------------------------------===//
// Emulation
//===----------------------------------------------------------------------===//

namespace {

/// Row `row` of a tile whose rows lie `stride` bytes apart.
Value rowOfTile(KernelBuilder &k, Value pointer, int64_t row, Value stride) {
  return k.address(pointer, k.mul(stride, row), k.builder.getI8Type());
}

void copyTile(KernelBuilder &k, Value from, Value fromStride, Value to, Value toStride) {
  for (int64_t row = 0; row < tileRows; ++row)
    k.store(k.load(k.vectorOf(k.i32()), rowOfTile(k, from, row, fromStride)), rowOfTile(k, to, row, toStride));
}

/// c += a b of tiles whose rows follow one another.
void emitTileProduct(KernelBuilder &k, Value c, Value a, Value b) {
  assert(k.lanes == tileRows && "a row of a tile is a vector");
  constexpr int64_t pairs = arithmetic::depthStep / 2, rowsAtATime = 8;
  Value apart[2] = {reserve(k, tileRows * pairs), reserve(k, tileRows * pairs)};
  auto loadPairs = [&](Value tile, Value row) { return k.load(k.vectorOf(k.i32()), tile, k.mul(row, pairs)); };
  k.forLoop(k.i64(0), k.i64(tileRows), 1, [&](Value row) {
    Value both = loadPairs(a, row);
    for (int64_t parity = 0; parity < 2; ++parity)
      k.storeVector(takePairsApart(k, both, parity), apart[parity], k.mul(row, pairs));
  });
  k.forLoop(k.i64(0), k.i64(tileRows), rowsAtATime, [&](Value firstRow) {
    SmallVector<Value> zeros(2 * rowsAtATime, k.splat(0.0));
    SmallVector<Value> chains =
        k.forReduce(k.i64(0), k.i64(pairs), 1, zeros, [&](Value pair, ValueRange carried) -> SmallVector<Value> {
          SmallVector<Value> next = llvm::to_vector(carried);
          Value both = loadPairs(b, pair);
          for (int64_t parity = 0; parity < 2; ++parity) {
            Value rowOfB = takePairsApart(k, both, parity);
            for (int64_t row = 0; row < rowsAtATime; ++row) {
              Value place = k.add(k.mul(k.add(firstRow, row), pairs), pair);
              Value element = k.broadcast(k.load(k.f32(), apart[parity], place));
              Value &chain = next[2 * row + parity];
              chain = k.fma(element, rowOfB, chain);
            }
          }
          return next;
        });
    for (int64_t row = 0; row < rowsAtATime; ++row) {
      Value place = k.mul(k.add(firstRow, row), tileRows), sum = k.addf(chains[2 * row], chains[2 * row + 1]);
      k.storeVector(k.addf(k.loadVector(c, place), sum), c, place);
    }
  });
}

} // namespace

Value EmulatedTiles::load(Value pointer, Value stride) {
  Value tile = reserve(k, tileBytes / 4);
  copyTile(k, pointer, stride, tile, k.i64(tileRowBytes));
  return tile;
}

void EmulatedTiles::store(Value tile, Value pointer, Value stride) {
  copyTile(k, tile, k.i64(tileRowBytes), pointer, stride);
}

Value EmulatedTiles::zero() {
  Value tile = reserve(k, tileBytes / 4);
  for (int64_t row = 0; row < tileRows; ++row)
    k.storeVector(k.splat(0.0), tile, k.i64(row * tileRows));
  return tile;
}

Value EmulatedTiles::multiply(Value c, Value a, Value b) {
  Type types[] = {k.pointerType(), k.pointerType(), k.pointerType()};
  auto product = getFlushedFunction(k, "hadal.tile_product", types, [](KernelBuilder &inner, ValueRange tiles) {
    emitTileProduct(inner, tiles[0], tiles[1], tiles[2]);
  });
  callFunction(k, product, {c, a, b});
  return c;
}

//===----------------------------------------------------------------------===//
// Either
//===----------------------------------------------------------------------===//

/// Whether the runtime lets tile registers be used.
static Value mayUseTileRegisters(KernelBuilder &k) {
  auto module = k.builder.getBlock()->getParent()->getParentOfType<ModuleOp>();
  if (!module.lookupSymbol(tileRegistersSymbol)) {
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    LLVM::GlobalOp::create(builder, UnknownLoc::get(module.getContext()), builder.getI32Type(), /*isConstant=*/false,
                           LLVM::Linkage::External, tileRegistersSymbol, Attribute());
  }
  Value address = LLVM::AddressOfOp::create(k.builder, k.loc, k.pointerType(), tileRegistersSymbol);
  return arith::CmpIOp::create(k.builder, k.loc, arith::CmpIPredicate::ne, k.load(k.i32(), address), k.i32(0));
}

void hadal::callOnTiles(KernelBuilder &outer, StringRef name, ValueRange arguments,
                        function_ref<void(KernelBuilder &, TileOperations &, ValueRange)> body) {
  SmallVector<Type> types = llvm::to_vector(arguments.getTypes());
  auto callEmulated = [&](KernelBuilder &k, ValueRange values) {
    auto function =
        getFlushedFunction(k, (name + ".emulated").str(), types, [&](KernelBuilder &inner, ValueRange innerValues) {
          EmulatedTiles operations(inner);
          body(inner, operations, innerValues);
        });
    callFlushing(k, function, values);
  };
  auto either = getSharedFunction(outer, name, types, [&](KernelBuilder &k, ValueRange values) {
    if (k.target.emulatesTiles)
      return callEmulated(k, values);
    auto function =
        getSharedFunction(k, (name + ".registers").str(), types, [&](KernelBuilder &inner, ValueRange innerValues) {
          TileInstructions operations(inner);
          body(inner, operations, innerValues);
        });
    k.ifThen(mayUseTileRegisters(k), [&] { callFunction(k, function, values); }, [&] { callEmulated(k, values); });
  });
  callFunction(outer, either, arguments);
}
