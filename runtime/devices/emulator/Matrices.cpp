// The exchange. Register i of lane l holds columns 2·(l%4) and the next one of row l/4 of tile i, or of its transpose.
#include "runtime/devices/emulator/Matrices.h"

#include "runtime/devices/emulator/Access.h"
#include "runtime/devices/emulator/Worker.h"

#include <cstring>

namespace hadal::emulator {

/// Where a lane's number `half` of tile `tile` lies.
static std::byte *placeOf(Warp &warp, uint32_t tile, uint32_t lane, uint32_t half, bool transpose) {
  uint32_t row = lane / 4, column = lane % 4 * 2 + half;
  if (transpose)
    std::swap(row, column);
  return reinterpret_cast<std::byte *>(warp.values[tile * 8 + row]) + column * 2;
}

template <uint32_t count, bool transpose, bool stores> static void exchange(Worker &, Warp &warp, const char *) {
  for (uint32_t lane = 0; lane < 32; ++lane)
    for (uint32_t i = 0; i < count; ++i)
      for (uint32_t half = 0; half < 2; ++half) {
        std::byte *memory = placeOf(warp, i, lane, half, transpose);
        std::byte *number = static_cast<std::byte *>(warp.places[lane]) + i * 4 + half * 2;
        stores ? std::memcpy(memory, number, 2) : std::memcpy(number, memory, 2);
      }
}

template <bool stores> static Warp::Complete exchangeFor(uint32_t count, bool transpose) {
  if (count == 1)
    return transpose ? exchange<1, true, stores> : exchange<1, false, stores>;
  if (count == 2)
    return transpose ? exchange<2, true, stores> : exchange<2, false, stores>;
  return transpose ? exchange<4, true, stores> : exchange<4, false, stores>;
}

template <bool stores>
static void meet(Worker &worker, void *row, uint32_t count, bool transpose, int32_t *registers, const char *location) {
  Thread &thread = worker.thread();
  if (thread.lane() < count * 8) { // the others' addresses do not count
    sharedOffset(worker, row, location);
    checkAccess(worker, {row, 16, 16, 3, stores, location});
  }
  thread.block->warps[thread.warp()].meet(worker, location, exchangeFor<stores>(count, transpose),
                                          reinterpret_cast<uint64_t>(row), registers);
}

void loadMatrices(Worker &worker, void *row, uint32_t count, bool transpose, int32_t *registers, const char *location) {
  meet<false>(worker, row, count, transpose, registers, location);
}

void storeMatrices(Worker &worker, void *row, uint32_t count, bool transpose, const int32_t *registers,
                   const char *location) {
  meet<true>(worker, row, count, transpose, const_cast<int32_t *>(registers), location);
}

} // namespace hadal::emulator
