//===- CodeKernel.cpp - the register tile of products whose B is in codes -----------------------------------------===//
//
// The depth is walked in the groups that have a scale. Of each group the product is formed from +0 with the codes as
// numbers, and joins the total by one fused multiply-add with the scale:
//
//   total = +0
//   for each group:
//     sum = +0
//     A of f32: sum = fma(A[m][d], code[d][n], sum)                      for every depth d of the group
//     A of bf16: sum = sum + (even + odd), as in StepKernel.cpp          for every step of 32
//     total = fma(sum, scale, total)
//
// What there is of a code in registers is exact. Whole numbers are converted by the instruction for it. An E4M3 number
// has the exponent and the fraction of a half-precision number whose bits lie 7 places higher, but for the bias of the
// exponent: so it becomes its 256th part, subnormal numbers included, and the group's sum is multiplied by 256. A CPU
// without the conversion from half precision puts the same number together.
//
// Scales are vectors for 16 columns, or one number where blocks have them (WeightCodes.h).
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/CodeKernel.h"
#include "codegen/CPU/FlushedCalls.h"
#include "codegen/Target/Arithmetic.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace hadal;

static_assert(codePanelColumns == arithmetic::lanes && codePanelDepth == arithmetic::depthStep);

namespace {

/// What E4M3 numbers are taken as, and what brings their sums back.
constexpr double partOfE4M3 = 256.0;

/// Makes vectors of numbers of the codes of a panel.
class CodeReader {
public:
  CodeReader(KernelBuilder &k, CodeFormat format) : k(k), format(format) {}

  /// Depths that go together.
  static constexpr int64_t depthsAtOnce = 8;

  /// What the numbers of depths [first, first + depthsAtOnce) of 16 columns are made of; the panel begins with depth 0.
  Value begin(Value panel, Value first) {
    if (format != CodeFormat::Int4)
      return k.address(panel, k.mul(first, k.lanes), k.builder.getI8Type());
    // A word for each column, with the eight codes.
    return k.loadVector(panel, k.mul(k.div(first, depthsAtOnce), k.lanes), {}, k.i32());
  }
  /// The numbers of one of these depths.
  Value take(Value begun, int64_t depth) {
    if (format == CodeFormat::Int4)
      return takeFromWord(begun, depth);
    Value bytes = k.loadVector(begun, k.i64(depth * k.lanes), {}, k.builder.getI8Type());
    return format == CodeFormat::FP8 ? widenE4M3(bytes) : toFloat(extend(bytes, 32));
  }

private:
  VectorType vectorOf(unsigned bits) { return k.vectorOf(k.builder.getIntegerType(bits)); }
  Value splat(unsigned bits, int64_t value) { return k.constant(vectorOf(bits), double(value)); }
  Value shiftLeft(Value value, Value by) { return arith::ShLIOp::create(k.builder, k.loc, value, by); }
  Value bitwiseAnd(Value a, Value b) { return arith::AndIOp::create(k.builder, k.loc, a, b); }
  Value bitwiseOr(Value a, Value b) { return arith::OrIOp::create(k.builder, k.loc, a, b); }
  Value toFloat(Value integers) { return arith::SIToFPOp::create(k.builder, k.loc, k.vectorOf(k.f32()), integers); }

  /// Shifted up to the highest bits, and down with the sign.
  Value takeFromWord(Value words, int64_t depth) {
    static_assert(depthsAtOnce == 8);
    Value code = depth == 7 ? words : shiftLeft(words, splat(32, 28 - 4 * depth));
    return toFloat(arith::ShRSIOp::create(k.builder, k.loc, code, splat(32, 28)));
  }

  Value extend(Value bytes, unsigned bits) { return arith::ExtSIOp::create(k.builder, k.loc, vectorOf(bits), bytes); }

  Value widenE4M3(Value bytes) { return k.target.has("f16c") ? widenByHalves(bytes) : widenByBits(bytes); }

  /// Sign-extended to 16 bits and shifted, the sign stands in the highest bit and once more in the exponent's.
  Value widenByHalves(Value bytes) {
    Value shifted = shiftLeft(extend(bytes, 16), splat(16, 7));
    Value bits = bitwiseAnd(shifted, splat(16, int16_t(0xbfff)));
    Value halves = arith::BitcastOp::create(k.builder, k.loc, k.vectorOf(k.builder.getF16Type()), bits);
    return k.widen(halves);
  }

  /// Exponents count from 7 on, those of f32 from 127; one of 0 is subnormal: the number without its leading one.
  Value widenByBits(Value bytes) {
    constexpr int64_t bias = 127 - 7 - 8, fractionBits = 20;
    Value all = extend(bytes, 32), sign = shiftLeft(all, splat(32, 24));
    sign = bitwiseAnd(sign, splat(32, int32_t(0x80000000)));
    Value magnitude = bitwiseAnd(all, splat(32, 0x7f)), moved = shiftLeft(magnitude, splat(32, fractionBits));
    auto asFloat = [&](Value bits) {
      return arith::BitcastOp::create(k.builder, k.loc, k.vectorOf(k.f32()), bits).getResult();
    };
    auto asBits = [&](Value number) {
      return arith::BitcastOp::create(k.builder, k.loc, vectorOf(32), number).getResult();
    };
    Value normal = k.add(moved, splat(32, bias << 23));
    Value least = splat(32, (bias + 1) << 23);
    Value subnormal = asBits(k.subf(asFloat(k.add(moved, least)), asFloat(least)));
    Value isSubnormal = k.less(magnitude, splat(32, 8));
    return asFloat(bitwiseOr(sign, k.select(isSubnormal, subnormal, normal)));
  }

  KernelBuilder &k;
  const CodeFormat format;
};

class CodeKernelEmitter {
public:
  CodeKernelEmitter(KernelBuilder &k, const MicroKernel &tile, CodeFormat format, bool inSteps, ValueRange arguments)
      : k(k), tile(tile), format(format), form(getCodeForm(format)), inSteps(inSteps), a(arguments[0]), b(arguments[1]),
        c(arguments[2]), depth(arguments[3]), accumulate(arguments[4]), panelBytes(arguments[5]), scales(arguments[6]),
        column(arguments[7]), first(arguments[8]), groups(arguments[9]), reader(k, format) {}

  void emit() {
    k.ifThen(k.equal(accumulate, k.i64(0)), [&] {
      for (size_t i = 0; i < count(); ++i)
        k.storeVector(k.splat(0.0), c, k.i64(int64_t(i) * k.lanes));
    });
    Value firstGroup = k.div(first, form.depth);
    k.forLoop(k.i64(0), depth, form.depth, [&](Value begin) {
      Value end = k.min(depth, k.add(begin, form.depth));
      addGroup(multiplyGroup(begin, end), k.add(firstGroup, k.div(begin, form.depth)));
    });
  }

private:
  size_t count() const { return size_t(tile.rows * tile.vectors); }
  SmallVector<Value> zeros(size_t number) { return SmallVector<Value>(number, k.splat(0.0)); }

  SmallVector<Value> multiplyGroup(Value begin, Value end) {
    if (!inSteps)
      return k.forReduce(begin, end, CodeReader::depthsAtOnce, zeros(count()),
                         [&](Value index, ValueRange carried) -> SmallVector<Value> {
                           SmallVector<Value> chains = llvm::to_vector(carried);
                           multiply(index, chains, /*parities=*/1);
                           return chains;
                         });
    if (form.depth == arithmetic::depthStep)
      return multiplyStep(begin);
    return k.forReduce(begin, end, arithmetic::depthStep, zeros(count()),
                       [&](Value step, ValueRange sums) -> SmallVector<Value> {
                         SmallVector<Value> next;
                         for (auto [sum, term] : llvm::zip_equal(sums, multiplyStep(step)))
                           next.push_back(k.addf(sum, term));
                         return next;
                       });
  }

  /// even + odd, for every vector of the tile.
  SmallVector<Value> multiplyStep(Value begin) {
    SmallVector<Value> chains =
        k.forReduce(begin, k.add(begin, arithmetic::depthStep), CodeReader::depthsAtOnce, zeros(2 * count()),
                    [&](Value index, ValueRange carried) -> SmallVector<Value> {
                      SmallVector<Value> next = llvm::to_vector(carried);
                      multiply(index, next, /*parities=*/2);
                      return next;
                    });
    SmallVector<Value> sums;
    for (size_t i = 0; i < count(); ++i)
      sums.push_back(k.addf(chains[i], chains[count() + i]));
    return sums;
  }

  /// Some depths from `index` on, each onto the chain of its parity.
  void multiply(Value index, MutableArrayRef<Value> chains, int64_t parities) {
    Value aHere = at(k, a, k.mul(index, tile.depthStride));
    SmallVector<Value> begun, numbers(tile.vectors);
    for (int64_t v = 0; v < tile.vectors; ++v)
      begun.push_back(reader.begin(k.address(b, k.mul(panelBytes, v), k.builder.getI8Type()), index));
    for (int64_t d = 0; d < CodeReader::depthsAtOnce; ++d) {
      for (int64_t v = 0; v < tile.vectors; ++v)
        numbers[v] = reader.take(begun[v], d);
      for (int64_t row = 0; row < tile.rows; ++row) {
        Value element = k.load(k.f32(), aHere, k.i64(row * tile.rowStride + d * tile.depthStride));
        Value broadcast = k.broadcast(element);
        for (int64_t v = 0; v < tile.vectors; ++v) {
          Value &chain = chains[(d % parities) * int64_t(count()) + row * tile.vectors + v];
          chain = k.fma(broadcast, numbers[v], chain);
        }
      }
    }
  }

  /// The scales of the group for a vector of columns.
  Value loadScales(Value group, int64_t vector) {
    Value columnHere = k.add(column, vector * k.lanes);
    Value place = k.add(k.mul(k.div(columnHere, form.hasBlocks() ? form.columns : k.lanes), groups), group);
    TypedPointer memory{scales, getScaleElement(k, format)};
    return form.hasBlocks() ? k.broadcast(k.loadNumber(memory, place)) : k.loadVector(memory, k.mul(place, k.lanes));
  }

  void addGroup(ArrayRef<Value> sums, Value group) {
    for (int64_t v = 0; v < tile.vectors; ++v) {
      Value scale = loadScales(group, v);
      for (int64_t row = 0; row < tile.rows; ++row) {
        int64_t number = row * tile.vectors + v;
        Value place = k.i64(number * k.lanes), sum = sums[number];
        if (format == CodeFormat::FP8)
          sum = k.mulf(sum, k.splat(partOfE4M3));
        k.storeVector(k.fma(sum, scale, k.loadVector(c, place)), c, place);
      }
    }
  }

  KernelBuilder &k;
  const MicroKernel &tile;
  const CodeFormat format;
  const CodeForm form;
  const bool inSteps;
  Value a, b, c, depth, accumulate, panelBytes, scales, column, first, groups;
  CodeReader reader;
};

} // namespace

Type hadal::getScaleElement(KernelBuilder &k, CodeFormat format) {
  return getCodeForm(format).hasBlocks() ? k.f32() : Type(k.builder.getBF16Type());
}

LLVM::LLVMFuncOp hadal::getCodeKernel(KernelBuilder &outer, const MicroKernel &tile, CodeFormat format, bool inSteps) {
  std::string name = llvm::formatv("hadal.code_kernel.{0}.{1}{2}", stringifyCodeFormat(format), tile.name(outer.lanes),
                                   inSteps ? ".in_steps" : "");
  Type pointer = outer.pointerType(), integer = outer.i64Type();
  SmallVector<Type> types{pointer, pointer, pointer, integer, integer, integer, pointer, integer, integer, integer};
  return getSharedFunction(outer, name, types, [&](KernelBuilder &k, ValueRange arguments) {
    auto emit = [&](KernelBuilder &inner, ValueRange values) {
      CodeKernelEmitter(inner, tile, format, inSteps, values).emit();
    };
    if (!inSteps)
      return emit(k, arguments);
    callFlushing(k, getFlushedFunction(k, name + ".flushed", types, emit), arguments);
  });
}
