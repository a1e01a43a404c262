// ldmatrix and stmatrix: 8 × 8 tiles of 16-bit numbers, exchanged between the lanes of a warp and shared memory.
#ifndef HADAL_RUNTIME_DEVICES_EMULATOR_MATRICES_H
#define HADAL_RUNTIME_DEVICES_EMULATOR_MATRICES_H

#include <cstdint>

namespace hadal::emulator {

class Worker;

/// `count` tiles (1, 2 or 4); lanes 8·i to 8·i + 7 name the rows of tile i.
void loadMatrices(Worker &worker, void *row, uint32_t count, bool transpose, int32_t *registers, const char *location);
void storeMatrices(Worker &worker, void *row, uint32_t count, bool transpose, const int32_t *registers,
                   const char *location);

} // namespace hadal::emulator

#endif // HADAL_RUNTIME_DEVICES_EMULATOR_MATRICES_H
