// wgmma: every layout of its operands, filled by TMA with the same swizzle, against a plain product; operands in
// registers; and what is said of products that are not waited for.
#include "runtime/devices/emulator/Numbers.h"
#include "test/runtime/devices/emulator/Launch.h"

#include <gtest/gtest.h>

namespace hadal::emulator {
namespace {

constexpr uint32_t rows = 64;

/// One operand: `count` rows (or columns) of 32 bytes of depth. In global memory, major K: count × depth; major MN:
/// depth × count.
struct Operand {
  uint32_t count;
  bool rowsContiguous;
  uint32_t swizzle;
};

struct Shape {
  OperandType type;
  Operand a, b;
};
Shape shape;

constexpr uint32_t operandOffset = 1024, operandBytes = 16384;

uint32_t elementBytes() { return bytesOf(shape.type); }
uint32_t depth() { return 32 / elementBytes(); }
/// Elements of a line of the swizzle; a box has one line's width.
uint32_t lineElements(const Operand &operand) { return (16u << operand.swizzle) / elementBytes(); }

TensorMap makeMap(const Operand &operand, std::vector<uint8_t> &memory) {
  TensorMap map;
  map.data = reinterpret_cast<std::byte *>(memory.data());
  map.elementBytes = elementBytes();
  map.rank = 2;
  // Major K: a line may be wider than the depth, so the tensor is padded with zeros by TMA.
  uint32_t fast = operand.rowsContiguous ? operand.count : depth(),
           slow = operand.rowsContiguous ? depth() : operand.count;
  map.sizes[0] = fast;
  map.sizes[1] = slow;
  map.strides[1] = fast * elementBytes();
  map.box[0] = lineElements(operand);
  map.box[1] = slow;
  map.swizzle = operand.swizzle;
  return map;
}

/// Bytes that the boxes of an operand fill.
uint32_t loadedBytes(const Operand &operand) {
  uint32_t fast = operand.rowsContiguous ? operand.count : depth(),
           slow = operand.rowsContiguous ? depth() : operand.count;
  uint32_t boxes = (fast + lineElements(operand) - 1) / lineElements(operand);
  return boxes * slow * (16u << operand.swizzle);
}

void loadOperand(const Operand &operand, const void *map, char *shared, uint32_t offset, void *barrier) {
  uint32_t fast = operand.rowsContiguous ? operand.count : depth(),
           slow = operand.rowsContiguous ? depth() : operand.count;
  for (uint32_t begin = 0; begin < fast; begin += lineElements(operand), offset += slow * (16u << operand.swizzle))
    hadal_emulator_tma_load(shared + offset, map, barrier, 2, int32_t(begin), 0, 0, 0, 0, 0, "load");
}

int64_t describe(const Operand &operand, uint32_t offset) {
  uint64_t span = 16u << operand.swizzle, leading, stride;
  uint32_t slow = operand.rowsContiguous ? depth() : operand.count;
  uint64_t box = slow * span; // from one box to the next
  if (!operand.swizzle && operand.rowsContiguous) {
    leading = 128; // from 8 of depth to the next 8
    stride = box;  // from 16 bytes of rows to the next
  } else if (!operand.swizzle) {
    leading = box; // from 16 bytes of depth to the next
    stride = 128;  // from 8 rows to the next 8
  } else {
    leading = box;
    stride = 8 * span;
  }
  uint64_t mode = operand.swizzle ? 4 - operand.swizzle : 0;
  return int64_t(offset / 16 | leading / 16 << 16 | stride / 16 << 32 | mode << 62);
}

void prepare(char *shared, const void *const *maps) {
  if (hadal_emulator_thread_id() == 0) {
    hadal_emulator_mbarrier_init(shared, 1, "init");
    hadal_emulator_fence_mbarrier_init("fence");
  }
  hadal_emulator_barrier(0, 128, "barrier");
  if (hadal_emulator_thread_id() == 0) {
    hadal_emulator_mbarrier_arrive_expect(shared, int32_t(loadedBytes(shape.a) + loadedBytes(shape.b)), "expect");
    loadOperand(shape.a, maps[0], shared, operandOffset, shared);
    loadOperand(shape.b, maps[1], shared, operandOffset + operandBytes, shared);
  }
  while (!hadal_emulator_mbarrier_try_wait(shared, 0, "wait"))
    ;
}

/// Writes a thread's share of the 64 × n result.
void writeResult(const float *accumulator, float *result) {
  uint32_t thread = uint32_t(hadal_emulator_thread_id());
  for (uint32_t i = 0; i < shape.b.count / 2; ++i) {
    uint32_t row = thread / 32 * 16 + i / 2 % 2 * 8 + thread % 32 / 4, column = i / 4 * 8 + thread % 4 * 2 + i % 2;
    result[row * shape.b.count + column] = accumulator[i];
  }
}

int32_t type() { return int32_t(shape.type); }

/// 1 + 2 · A · B: two products in a row on an accumulator of ones.
void productKernel(void *const *arguments, int64_t, const void *const *maps) {
  char *shared = static_cast<char *>(hadal_emulator_shared_memory());
  prepare(shared, maps);
  std::vector<float> accumulator(shape.b.count / 2, 1.0f);
  hadal_emulator_wgmma_fence("fence");
  for (int i = 0; i < 2; ++i)
    hadal_emulator_wgmma(accumulator.data(), describe(shape.a, operandOffset), nullptr,
                         describe(shape.b, operandOffset + operandBytes), int32_t(shape.b.count), true, type(), type(),
                         shape.a.rowsContiguous, shape.b.rowsContiguous, "wgmma");
  hadal_emulator_wgmma_commit("commit");
  hadal_emulator_wgmma_wait(0, "wait");
  hadal_emulator_wgmma_result(accumulator.data(), int32_t(shape.b.count / 2), "result");
  writeResult(accumulator.data(), static_cast<float *>(arguments[0]));
}

/// A · B with A in registers: argument 1 is A, 64 × depth.
void registersKernel(void *const *arguments, int64_t, const void *const *maps) {
  char *shared = static_cast<char *>(hadal_emulator_shared_memory());
  prepare(shared, maps);
  uint32_t thread = uint32_t(hadal_emulator_thread_id()), each = 4 / elementBytes();
  int32_t registers[4];
  for (uint32_t i = 0; i < 4; ++i) {
    uint32_t row = thread / 32 * 16 + i % 2 * 8 + thread % 32 / 4, column = i / 2 * (depth() / 2) + thread % 4 * each;
    memcpy(&registers[i], static_cast<uint8_t *>(arguments[1]) + (row * depth() + column) * elementBytes(), 4);
  }
  std::vector<float> accumulator(shape.b.count / 2, 5.0f);
  hadal_emulator_wgmma_fence("fence");
  hadal_emulator_wgmma(accumulator.data(), 0, registers, describe(shape.b, operandOffset + operandBytes),
                       int32_t(shape.b.count), false, type(), type(), 0, shape.b.rowsContiguous, "wgmma");
  hadal_emulator_wgmma_commit("commit");
  hadal_emulator_wgmma_wait(0, "wait");
  hadal_emulator_wgmma_result(accumulator.data(), int32_t(shape.b.count / 2), "result");
  writeResult(accumulator.data(), static_cast<float *>(arguments[0]));
}

/// Small whole numbers in a type, so that sums are exact.
void fill(std::vector<uint8_t> &memory, uint32_t seed) {
  for (size_t i = 0; i < memory.size() / elementBytes(); ++i) {
    int value = int((i * 2654435761u + seed) >> 13 & 7) - 3;
    uint16_t bf16 = roundToBfloat16(float(value));
    uint8_t e4m3 = roundToE4M3(float(value));
    // binary16 of a small whole number, and its upper half as e5m2
    int magnitude = value < 0 ? -value : value, exponent = magnitude >= 2 ? 1 : 0;
    uint16_t half = magnitude == 0 ? 0 : uint16_t((15 + exponent) << 10 | (magnitude == 3 ? 512 : 0));
    half |= value < 0 ? 0x8000 : 0;
    switch (shape.type) {
    case OperandType::BF16:
      memcpy(&memory[2 * i], &bf16, 2);
      break;
    case OperandType::F16:
      memcpy(&memory[2 * i], &half, 2);
      break;
    case OperandType::E4M3:
      memory[i] = e4m3;
      break;
    case OperandType::E5M2:
      memory[i] = uint8_t(half >> 8);
      break;
    }
  }
}

float numberAt(const Operand &operand, const std::vector<uint8_t> &memory, uint32_t row, uint32_t k) {
  size_t index = operand.rowsContiguous ? size_t(k) * operand.count + row : size_t(row) * depth() + k;
  uint16_t bits = 0;
  memcpy(&bits, &memory[index * elementBytes()], elementBytes());
  switch (shape.type) {
  case OperandType::BF16:
    return widenBfloat16(bits);
  case OperandType::F16:
    return widenFloat16(bits);
  case OperandType::E4M3:
    return widenE4M3(uint8_t(bits));
  case OperandType::E5M2:
    return widenE5M2(uint8_t(bits));
  }
  return 0;
}

struct Memory {
  std::vector<uint8_t> a, b;
  std::vector<float> result;
  Launcher launcher{1};

  Memory() : a(rows * 32), b(shape.b.count * 32), result(rows * shape.b.count) {
    fill(a, 1);
    fill(b, 77);
    launcher.add(result, "result");
    launcher.add(a, "a", /*writable=*/false);
    launcher.add(b, "b", /*writable=*/false);
    launcher.maps = {makeMap(shape.a, a), makeMap(shape.b, b)};
    launcher.configuration = {.name = "w", .threads = 128, .sharedBytes = operandOffset + 3 * operandBytes};
  }
  void expect(float offset, float factor) {
    for (uint32_t row = 0; row < rows; ++row)
      for (uint32_t column = 0; column < shape.b.count; ++column) {
        float sum = 0;
        for (uint32_t k = 0; k < depth(); ++k)
          sum += numberAt(shape.a, a, row, k) * numberAt(shape.b, b, column, k);
        ASSERT_EQ(result[row * shape.b.count + column], offset + factor * sum) << row << ", " << column;
      }
  }
};

TEST(EmulatorWgmma, ReadsEveryLayout) {
  for (OperandType type : {OperandType::BF16, OperandType::F16, OperandType::E4M3, OperandType::E5M2})
    for (bool aRows : {false, true})
      for (bool bRows : {false, true})
        for (uint32_t swizzle = 0; swizzle < 16; ++swizzle) {
          if (bytesOf(type) == 1 && (aRows || bRows))
            continue;
          shape = {type, {rows, aRows, swizzle % 4}, {swizzle == 5 ? 256u : 64u, bRows, swizzle / 4}};
          SCOPED_TRACE(testing::Message()
                       << "type " << int(type) << " major " << aRows << bRows << " swizzle " << swizzle);
          Memory memory;
          ASSERT_EQ(memory.launcher.run(productKernel), "");
          memory.expect(1, 2);
        }
}

TEST(EmulatorWgmma, TakesAFromRegisters) {
  for (OperandType type : {OperandType::BF16, OperandType::E4M3}) {
    shape = {type, {rows, false, 3}, {128, false, 3}};
    Memory memory;
    ASSERT_EQ(memory.launcher.run(registersKernel), "");
    memory.expect(0, 1);
  }
}

/// Two products in groups of their own; waits for one of them. Argument 0 takes the first result.
void overlapKernel(void *const *arguments, int64_t useSecond, const void *const *maps) {
  char *shared = static_cast<char *>(hadal_emulator_shared_memory());
  prepare(shared, maps);
  std::vector<float> first(shape.b.count / 2, 1.0f), second(shape.b.count / 2, 1.0f);
  hadal_emulator_wgmma_fence("fence");
  for (float *accumulator : {first.data(), second.data()}) {
    hadal_emulator_wgmma(accumulator, describe(shape.a, operandOffset), nullptr,
                         describe(shape.b, operandOffset + operandBytes), int32_t(shape.b.count), true, type(), type(),
                         shape.a.rowsContiguous, shape.b.rowsContiguous,
                         accumulator == first.data() ? "first wgmma" : "second wgmma");
    hadal_emulator_wgmma_commit("commit");
  }
  hadal_emulator_wgmma_wait(1, "wait");
  hadal_emulator_wgmma_result(first.data(), int32_t(shape.b.count / 2), "result");
  hadal_emulator_wgmma_result(second.data(), int32_t(shape.b.count / 2), "result");
  float *used = useSecond ? second.data() : first.data();
  float shifted = used[0] + 1.0f; // arithmetic keeps what tells an unfinished number
  hadal_emulator_stored(&shifted, 4, "store");
  hadal_emulator_wgmma_wait(0, "wait for all");
  hadal_emulator_wgmma_result(second.data(), int32_t(shape.b.count / 2), "result");
  writeResult(useSecond ? second.data() : first.data(), static_cast<float *>(arguments[0]));
}

TEST(EmulatorWgmma, LetsGroupsRunOn) {
  shape = {OperandType::BF16, {rows, false, 3}, {64, true, 3}};
  Memory memory;
  EXPECT_EQ(memory.launcher.run(overlapKernel, 0), "");
  memory.expect(1, 1);
  std::string fault = memory.launcher.run(overlapKernel, 1);
  EXPECT_NE(fault.find("store: uses the result of the ptx.wgmma at second wgmma, which has not been waited for"),
            std::string::npos)
      << fault;
}

} // namespace
} // namespace hadal::emulator
