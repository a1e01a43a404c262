// ldmatrix and stmatrix against the layout that PTX gives: register i of lane l holds row l / 4, columns 2 (l % 4) and
// the next one of tile i, or of its transpose.
#include "test/runtime/devices/emulator/Launch.h"

#include <cstring>
#include <gtest/gtest.h>

namespace hadal::emulator {
namespace {

/// Where row r of tile t lies: rows need not be in order.
uint32_t rowOffset(uint32_t tile, uint32_t row) { return tile * 128 + row * 3 % 8 * 16; }

struct Case {
  int32_t count;
  bool transpose;
};
Case current;

uint16_t number(uint32_t tile, uint32_t row, uint32_t column) { return uint16_t(tile * 1000 + row * 10 + column); }

/// Lane 0 fills the tiles; all lanes load them and write their registers to argument 0.
void loadKernel(void *const *arguments, int64_t, const void *const *) {
  char *shared = static_cast<char *>(hadal_emulator_shared_memory());
  uint32_t lane = uint32_t(hadal_emulator_thread_id());
  if (lane == 0) {
    hadal_emulator_store(shared, 512, 16, 3, "fill");
    for (uint32_t tile = 0; tile < 4; ++tile)
      for (uint32_t row = 0; row < 8; ++row)
        for (uint32_t column = 0; column < 8; ++column)
          reinterpret_cast<uint16_t *>(shared + rowOffset(tile, row))[column] = number(tile, row, column);
  }
  hadal_emulator_sync_warp("sync");
  int32_t registers[4] = {};
  hadal_emulator_load_matrix(shared + rowOffset(lane / 8, lane % 8), current.count, current.transpose, registers,
                             "load");
  std::memcpy(static_cast<int32_t *>(arguments[0]) + lane * 4, registers, 16);
}

/// All lanes store registers that they make up; argument 0 takes the tiles.
void storeKernel(void *const *arguments, int64_t, const void *const *) {
  char *shared = static_cast<char *>(hadal_emulator_shared_memory());
  uint32_t lane = uint32_t(hadal_emulator_thread_id());
  int32_t registers[4];
  for (uint32_t tile = 0; tile < 4; ++tile) {
    uint16_t pair[2] = {number(tile, lane / 4, lane % 4 * 2), number(tile, lane / 4, lane % 4 * 2 + 1)};
    std::memcpy(&registers[tile], pair, 4);
  }
  hadal_emulator_store_matrix(shared + rowOffset(lane / 8, lane % 8), current.count, current.transpose, registers,
                              "store");
  hadal_emulator_sync_warp("sync");
  if (lane == 0) {
    hadal_emulator_load(shared, current.count * 128, 16, 3, "read");
    std::memcpy(arguments[0], shared, size_t(current.count) * 128);
  }
}

TEST(EmulatorMatrices, LoadInTheLayoutOfRegisters) {
  for (Case one : {Case{1, false}, {2, false}, {4, false}, {1, true}, {2, true}, {4, true}}) {
    current = one;
    std::vector<uint16_t> result(32 * 8);
    Launcher launcher(1);
    launcher.add(result, "registers");
    launcher.configuration = {.name = "l", .threads = 32, .sharedBytes = 512};
    ASSERT_EQ(launcher.run(loadKernel), "");
    for (uint32_t lane = 0; lane < 32; ++lane)
      for (uint32_t tile = 0; tile < uint32_t(one.count); ++tile)
        for (uint32_t half = 0; half < 2; ++half) {
          uint32_t row = lane / 4, column = lane % 4 * 2 + half;
          EXPECT_EQ(result[lane * 8 + tile * 2 + half],
                    one.transpose ? number(tile, column, row) : number(tile, row, column));
        }
  }
}

TEST(EmulatorMatrices, StoreWhatTheyLoad) {
  for (Case one : {Case{1, false}, {2, true}, {4, false}, {4, true}}) {
    current = one;
    std::vector<uint16_t> result(4 * 64);
    Launcher launcher(1);
    launcher.add(result, "tiles");
    launcher.configuration = {.name = "s", .threads = 32, .sharedBytes = 512};
    ASSERT_EQ(launcher.run(storeKernel), "");
    for (uint32_t tile = 0; tile < uint32_t(one.count); ++tile)
      for (uint32_t row = 0; row < 8; ++row)
        for (uint32_t column = 0; column < 8; ++column)
          EXPECT_EQ(result[rowOffset(tile, row) / 2 + column],
                    one.transpose ? number(tile, column, row) : number(tile, row, column));
  }
}

TEST(EmulatorMatrices, WantAlignedRows) {
  Launcher launcher(1);
  launcher.configuration = {.name = "m", .threads = 32, .sharedBytes = 1024};
  std::string fault = launcher.run([](void *const *, int64_t, const void *const *) {
    int32_t registers[1];
    hadal_emulator_load_matrix(static_cast<char *>(hadal_emulator_shared_memory()) + 8, 1, false, registers, "load");
  });
  EXPECT_NE(fault.find("load: reads 16 bytes at an address that is not a multiple of 16"), std::string::npos) << fault;
}

} // namespace
} // namespace hadal::emulator
