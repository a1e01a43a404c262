/* What a GPU takes of a launch, one line per architecture that kernels can be compiled for.
 *
 * The compiler keeps to these numbers when it chooses tiles; the runtime refuses a program that does not before
 * anything runs, on a GPU and on the emulator alike. They stand nowhere else (CUDA Programming Guide, "Compute
 * Capabilities", technical specifications per compute capability).
 */
#ifndef HADAL_GPU_LIMITS_H
#define HADAL_GPU_LIMITS_H

#include <stdint.h>
#include <string.h>

/* X(name, threads of a block, blocks of a cluster that every GPU of the architecture starts ("portable"), bytes of
 * shared memory of a block, bytes of shared memory, registers and threads of a multiprocessor) */
#define HADAL_GPU_ARCHITECTURES(X)                                                                                     \
  X("sm_80", 1024, 1, 166912, 167936, 65536, 2048)                                                                     \
  X("sm_90a", 1024, 8, 232448, 233472, 65536, 2048)

struct hadal_gpu_limits {
  const char *architecture;
  int64_t threads_per_block;
  int64_t blocks_per_cluster;
  int64_t shared_bytes_per_block;
  int64_t shared_bytes_per_multiprocessor;
  int64_t registers_per_multiprocessor;
  int64_t threads_per_multiprocessor;
};

/* The limits of an architecture ("sm_90a"), or NULL when it is none that is known here. */
static inline const struct hadal_gpu_limits *hadal_find_gpu_limits(const char *architecture) {
#define HADAL_ROW(...) {__VA_ARGS__},
  static const struct hadal_gpu_limits known[] = {HADAL_GPU_ARCHITECTURES(HADAL_ROW)};
#undef HADAL_ROW
  for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); ++i)
    if (strcmp(known[i].architecture, architecture) == 0)
      return &known[i];
  return 0;
}

#endif /* HADAL_GPU_LIMITS_H */
