//===- QuantizeWeight.cpp - a weight brought into codes -----------------------------------------------------------===//
//
// A task takes a row of groups of a matrix: 16 columns, or as many as a block has, through the whole depth. Rows of the
// weight run along the depth, vectors of codes along the columns, so 16 columns by 32 of the depth are read and
// transposed in registers (a part); beyond the edges there are zeros. Where a group is as wide as a column, the largest
// magnitudes are then those of the part's 32 vectors, lane by lane; where it is a block, its rows are looked through
// before.
//
// Rounding to nearest is an addition: of a number whose last place is worth one, or, for E4M3, of what the bits that go
// leave at most.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/AnchoredStrategy.h"
#include "codegen/CPU/CPUStrategies.h"
#include "codegen/CPU/CodeKernel.h"
#include "codegen/CPU/Packing.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

namespace {

/// The codes of vectors of quotients, as integers of 32 bits.
class CodeWriter {
public:
  CodeWriter(KernelBuilder &k, CodeFormat format) : k(k), format(format), largest(getCodeForm(format).largest) {}

  Value encode(Value quotients) {
    Value limited = k.maxf(k.splat(-largest), minf(quotients, k.splat(largest)));
    return format == CodeFormat::FP8 ? roundToE4M3(limited) : roundToInteger(limited);
  }

  /// The least bf16 that is not below a positive number.
  Value roundUpToBF16(Value numbers) {
    Value bits = k.add(toBits(numbers), splat(0xffff));
    return toNumbers(bitwiseAnd(bits, splat(int32_t(0xffff0000))));
  }

  Value magnitude(Value numbers) { return toNumbers(bitwiseAnd(toBits(numbers), splat(0x7fffffff))); }

private:
  Value splat(int32_t value) { return k.broadcast(k.i32(value)); }
  Value toBits(Value numbers) { return arith::BitcastOp::create(k.builder, k.loc, k.vectorOf(k.i32()), numbers); }
  Value toNumbers(Value bits) { return arith::BitcastOp::create(k.builder, k.loc, k.vectorOf(k.f32()), bits); }
  Value bitwiseAnd(Value a, Value b) { return arith::AndIOp::create(k.builder, k.loc, a, b); }
  Value shiftRight(Value value, int32_t by) { return arith::ShRUIOp::create(k.builder, k.loc, value, splat(by)); }
  Value minf(Value a, Value b) { return arith::MinimumFOp::create(k.builder, k.loc, a, b); }

  /// Where the last place is worth one, the lowest bits count.
  Value roundToInteger(Value numbers) {
    constexpr double lastPlaceIsOne = 0x1.8p23;
    Value sum = k.addf(numbers, k.splat(lastPlaceIsOne));
    return k.sub(toBits(sum), toBits(k.splat(lastPlaceIsOne)));
  }

  /// Of the fraction 3 bits stay, and 4 of the exponent, which counts from 7 on. Below 2^-6 the last place is worth
  /// 2^-9.
  Value roundToE4M3(Value numbers) {
    constexpr int32_t lost = 20, bias = (127 - 7) << 3;
    constexpr double lastPlaceIsSubnormal = 0x1p14, leastNormal = 0x1p-6;
    Value size = magnitude(numbers), bits = toBits(size);
    Value odd = bitwiseAnd(shiftRight(bits, lost), splat(1));
    Value rounded = k.add(k.add(bits, splat((1 << (lost - 1)) - 1)), odd);
    Value normal = k.sub(shiftRight(rounded, lost), splat(bias));
    Value sum = k.addf(size, k.splat(lastPlaceIsSubnormal));
    Value subnormal = k.sub(toBits(sum), toBits(k.splat(lastPlaceIsSubnormal)));
    Value code = k.select(k.less(size, k.splat(leastNormal)), subnormal, normal);
    Value sign = bitwiseAnd(shiftRight(toBits(numbers), 24), splat(0x80));
    return arith::OrIOp::create(k.builder, k.loc, code, sign);
  }

  KernelBuilder &k;
  const CodeFormat format;
  const double largest;
};

class QuantizeWeightEmitter {
public:
  QuantizeWeightEmitter(KernelBuilder &k, QuantizeWeightOp op, Value weight, Value given, Value codes, Value scales)
      : k(k), format(op.getFormat()), form(getCodeForm(format)), writer(k, format), weight(weight), given(given),
        codes(codes), scales(scales) {
    ArrayRef<int64_t> shape = op.getWeight().getType().getShape();
    depth = shape.back();
    columns = shape[shape.size() - 2];
    panels = llvm::divideCeil(columns, codePanelColumns);
    groups = countCodeGroups(format, depth);
  }

  /// Columns of a task.
  static int64_t columnsOfTask(CodeFormat format) { return std::max(getCodeForm(format).columns, codePanelColumns); }
  static int64_t countTasks(QuantizeWeightOp op) {
    RankedTensorType type = op.getWeight().getType();
    int64_t columns = type.getShape()[type.getRank() - 2];
    return type.getNumElements() / (columns * type.getShape().back()) *
           int64_t(llvm::divideCeil(columns, columnsOfTask(op.getFormat())));
  }

  void emitTask(Value task) {
    int64_t tasksOfMatrix = llvm::divideCeil(columns, columnsOfTask(format));
    Value matrix = k.div(task, tasksOfMatrix), number = k.rem(task, tasksOfMatrix);
    Value column = k.mul(number, columnsOfTask(format));
    k.forLoop(k.i64(0), k.i64(groups), 1, [&](Value group) {
      if (form.hasBlocks())
        emitBlock(matrix, number, column, group);
      else
        emitPart(matrix, column, group, Value());
    });
  }

private:
  /// The row of the weight with a column of a matrix.
  Value rowOf(Value matrix, Value column) { return at(k, weight, k.mul(k.add(k.mul(matrix, columns), column), depth)); }

  /// A block of columns by depth, which has one scale.
  void emitBlock(Value matrix, Value number, Value column, Value group) {
    Value end = k.min(k.i64(columns), k.add(column, form.columns)), begin = k.mul(group, form.depth);
    Value length = k.min(k.i64(form.depth), k.sub(k.i64(depth), begin));
    int64_t rowsOfScales = llvm::divideCeil(columns, form.columns);
    Value place = k.add(k.mul(k.add(k.mul(matrix, rowsOfScales), number), groups), group);
    Value scale = findScale(matrix, column, end, begin, length);
    if (given) {
      Value own = k.load(k.f32(), given, place);
      scale = k.select(k.equal(own, k.f32(0.0)), scale, own);
    }
    k.store(scale, scales, place);
    Value divisor = k.broadcast(scale);
    k.forLoop(column, end, codePanelColumns, [&](Value panelColumn) {
      k.forLoop(k.i64(0), length, codePanelDepth, [&](Value d) {
        emitPart(matrix, panelColumn, k.add(k.mul(group, form.depth / codePanelDepth), k.div(d, codePanelDepth)),
                 divisor);
      });
    });
  }

  Value findScale(Value matrix, Value column, Value end, Value begin, Value length) {
    Value sizes = k.forReduce(column, end, 1, k.splat(0.0), [&](Value row, ValueRange carried) {
      Value from = at(k, rowOf(matrix, row), begin);
      Value largest = carried[0];
      for (int64_t d = 0; d < form.depth; d += k.lanes) {
        Value mask = k.maskFor(k.max(k.i64(0), k.sub(length, k.i64(d))));
        largest = k.maxf(largest, writer.magnitude(k.loadVector(from, k.min(k.i64(d), length), mask)));
      }
      return SmallVector<Value>{largest};
    })[0];
    Value largest = k.reduceMax(sizes);
    return k.select(k.equal(largest, k.f32(0.0)), k.f32(1.0), k.divf(largest, k.f32(form.largest)));
  }

  /// 16 columns by 32 of the depth, number `part` of the depth. Without a divisor it is a group of each column.
  void emitPart(Value matrix, Value column, Value part, Value divisor) {
    SmallVector<Value> numbers;
    for (int64_t d = 0; d < codePanelDepth; d += k.lanes)
      llvm::append_range(numbers, readSquare(matrix, column, k.add(k.mul(part, codePanelDepth), d)));
    if (!divisor)
      divisor = storeScales(matrix, column, part, numbers);
    SmallVector<Value> encoded;
    for (Value vector : numbers)
      encoded.push_back(writer.encode(k.divf(vector, divisor)));
    storeCodes(matrix, column, part, encoded);
  }

  /// Of 16 depths the vectors of 16 columns; zero beyond the edges.
  SmallVector<Value> readSquare(Value matrix, Value column, Value begin) {
    Value mask = k.maskFor(k.max(k.i64(0), k.sub(k.i64(depth), begin)));
    SmallVector<Value> rows;
    for (int64_t lane = 0; lane < k.lanes; ++lane) {
      Value row = k.add(column, lane), last = k.i64(columns - 1);
      Value loaded = k.loadVector(rowOf(matrix, k.min(row, last)), k.min(begin, k.i64(depth)), mask);
      rows.push_back(columns % k.lanes == 0 ? loaded : k.select(k.less(row, k.i64(columns)), loaded, k.splat(0.0)));
    }
    return transposeSquare(k, rows);
  }

  /// The place of a panel among those of all matrices.
  Value panelOf(Value matrix, Value column) { return k.add(k.mul(matrix, panels), k.div(column, codePanelColumns)); }

  Value storeScales(Value matrix, Value column, Value group, ArrayRef<Value> numbers) {
    Value largest = writer.magnitude(numbers.front());
    for (Value vector : numbers.drop_front())
      largest = k.maxf(largest, writer.magnitude(vector));
    Value one = k.splat(1.0), zero = k.splat(0.0);
    Value scale = writer.roundUpToBF16(k.divf(largest, k.splat(form.largest)));
    scale = k.select(k.equal(largest, zero), one, scale);
    // Columns beyond the edge have no scale.
    Value stored = scale;
    if (columns % k.lanes != 0)
      stored = k.select(k.maskFor(k.sub(k.i64(columns), column)), scale, zero);
    Value place = k.mul(k.add(k.mul(panelOf(matrix, column), groups), group), k.lanes);
    k.storeVector(stored, TypedPointer(scales, getScaleElement(k, format)), place);
    return scale;
  }

  void storeCodes(Value matrix, Value column, Value part, ArrayRef<Value> encoded) {
    Type byte = k.builder.getI8Type();
    Value panel = k.mul(panelOf(matrix, column), getCodePanelBytes(format, depth));
    Value base = k.address(codes, k.add(panel, k.mul(part, codePanelColumns * codePanelDepth / form.perByte)), byte);
    if (form.perByte == 1) {
      for (auto [d, vector] : llvm::enumerate(encoded))
        k.storeVector(arith::TruncIOp::create(k.builder, k.loc, k.vectorOf(byte), vector), base,
                      k.i64(int64_t(d) * k.lanes));
      return;
    }
    constexpr int64_t codesOfWord = 8, bitsOfCode = 4;
    for (int64_t d = 0; d < codePanelDepth; d += codesOfWord) {
      Value word;
      for (int64_t i = 0; i < codesOfWord; ++i) {
        Value code = arith::AndIOp::create(k.builder, k.loc, encoded[d + i], k.broadcast(k.i32(15)));
        code = arith::ShLIOp::create(k.builder, k.loc, code, k.broadcast(k.i32(int32_t(bitsOfCode * i))));
        word = word ? arith::OrIOp::create(k.builder, k.loc, word, code).getResult() : code;
      }
      k.storeVector(word, base, k.i64(d / codesOfWord * k.lanes));
    }
  }

  KernelBuilder &k;
  const CodeFormat format;
  const CodeForm form;
  CodeWriter writer;
  Value weight, given, codes, scales;
  int64_t depth, columns, panels, groups;
};

class QuantizeWeightStrategy : public AnchoredStrategy<QuantizeWeightOp> {
public:
  QuantizeWeightStrategy() : AnchoredStrategy(KernelKind::Packing, "codes_of_panels") {}

  bool serves(const KernelAnatomy &anatomy, Refusals &refusals) const override {
    return AnchoredStrategy::serves(anatomy, refusals) && anatomy.anchored()->results[0] >= 0 &&
           anatomy.anchored()->results[1] >= 0;
  }

protected:
  void plan(QuantizeWeightOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    configuration.addStage("quantize", QuantizeWeightEmitter::countTasks(op));
  }
  void emitStage(QuantizeWeightOp op, unsigned, AnchorContext &context) const override {
    Value given = op.getGiven() ? context.operand(1) : Value();
    QuantizeWeightEmitter emitter(context.k, op, context.operand(0), given, context.result(0), context.result(1));
    context.stage.forTasks([&](Value task) { emitter.emitTask(task); });
  }
};

} // namespace

void hadal::registerQuantizeWeightStrategy() { registerStrategy(std::make_unique<QuantizeWeightStrategy>()); }
