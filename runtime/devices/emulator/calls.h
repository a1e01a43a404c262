/* What emulated kernels call: one function per operation of the ptx dialect, and the checks of loads and stores.
 * codegen/Emulator writes the calls. The operations' meaning is that of dialect/PTX/PTXOps.td; `location` says where
 * the operation stands: "model.mlir:12:3 in kernel.stage, ptx.wgmma".
 */
#ifndef HADAL_RUNTIME_DEVICES_EMULATOR_CALLS_H
#define HADAL_RUNTIME_DEVICES_EMULATOR_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Special registers and shared memory. */
int32_t hadal_emulator_thread_id(void);
int32_t hadal_emulator_block_id(void);
int32_t hadal_emulator_block_count(void);
int32_t hadal_emulator_cluster_rank(void);
void *hadal_emulator_shared_memory(void);
void *hadal_emulator_map_shared(void *pointer, int32_t rank, const char *location);

/* Ordinary accesses, before they are made. `space`: 0 generic, 3 shared, 7 shared memory of the cluster. Of a masked
 * vector, bit i of `mask` says whether element i takes part. */
void hadal_emulator_load(const void *pointer, int32_t bytes, int32_t alignment, int32_t space, const char *location);
void hadal_emulator_store(const void *pointer, int32_t bytes, int32_t alignment, int32_t space, const char *location);
void hadal_emulator_masked_load(const void *pointer, int64_t mask, int32_t bytes, int32_t alignment, int32_t space,
                                const char *location);
void hadal_emulator_masked_store(const void *pointer, int64_t mask, int32_t bytes, int32_t alignment, int32_t space,
                                 const char *location);
/* After a store of f32 numbers. */
void hadal_emulator_stored(const void *pointer, int32_t bytes, const char *location);

/* Threads. */
void hadal_emulator_barrier(int32_t id, int32_t threads, const char *location);
void hadal_emulator_barrier_arrive(int32_t id, int32_t threads, const char *location);
void hadal_emulator_sync_warp(const char *location);
int32_t hadal_emulator_shuffle(int32_t kind, int32_t value, int32_t lane, const char *location);
int32_t hadal_emulator_ballot(bool predicate, const char *location);
bool hadal_emulator_elect(const char *location);
void hadal_emulator_set_max_registers(int32_t action, int32_t count, const char *location);
void hadal_emulator_cluster_arrive(const char *location);
void hadal_emulator_cluster_wait(const char *location);

/* mbarriers. */
void hadal_emulator_mbarrier_init(void *barrier, int32_t count, const char *location);
void hadal_emulator_fence_mbarrier_init(const char *location);
void hadal_emulator_mbarrier_arrive(void *barrier, const char *location);
void hadal_emulator_mbarrier_arrive_remote(void *barrier, const char *location);
void hadal_emulator_mbarrier_arrive_expect(void *barrier, int32_t bytes, const char *location);
bool hadal_emulator_mbarrier_try_wait(void *barrier, int32_t parity, const char *location);

/* TMA. `map` is a hadal::emulator::TensorMap; coordinates beyond the rank are 0. */
void hadal_emulator_fence_proxy_async(const char *location);
void hadal_emulator_tma_load(void *destination, const void *map, void *barrier, int32_t rank, int32_t x0, int32_t x1,
                             int32_t x2, int32_t x3, int32_t x4, int32_t multicast, const char *location);
void hadal_emulator_tma_store(const void *map, void *source, int32_t rank, int32_t x0, int32_t x1, int32_t x2,
                              int32_t x3, int32_t x4, const char *location);
void hadal_emulator_tma_commit(const char *location);
void hadal_emulator_tma_wait(int32_t pending, bool read, const char *location);
void hadal_emulator_prefetch_map(const void *map, const char *location);

/* Matrices. `registers` is null where A is described by `a`. `columns` = 2 · length of the accumulator. Types are
 * ptx::OperandType, majors ptx::Major. */
void hadal_emulator_wgmma_fence(const char *location);
void hadal_emulator_wgmma(float *accumulator, int64_t a, const int32_t *registers, int64_t b, int32_t columns,
                          bool scale, int32_t type_a, int32_t type_b, int32_t major_a, int32_t major_b,
                          const char *location);
void hadal_emulator_wgmma_commit(const char *location);
void hadal_emulator_wgmma_wait(int32_t pending, const char *location);
/* After wgmma_wait, for each accumulator that passes through it. */
void hadal_emulator_wgmma_result(float *accumulator, int32_t count, const char *location);
void hadal_emulator_load_matrix(void *pointer, int32_t count, bool transpose, int32_t *registers, const char *location);
void hadal_emulator_store_matrix(void *pointer, int32_t count, bool transpose, const int32_t *registers,
                                 const char *location);

/* Conversions and approximations. */
int32_t hadal_emulator_pack_bf16(float low, float high, const char *location);
int16_t hadal_emulator_pack_e4m3(float low, float high, const char *location);
float hadal_emulator_exp2(float value, const char *location);
float hadal_emulator_log2(float value, const char *location);
float hadal_emulator_reciprocal(float value, const char *location);
float hadal_emulator_rsqrt(float value, const char *location);

/* All of them by name, for who links kernels at run time; the last name is null. */
struct hadal_emulator_symbol {
  const char *name;
  void *address;
};
extern const struct hadal_emulator_symbol hadal_emulator_symbols[];

#ifdef __cplusplus
}
#endif

#endif /* HADAL_RUNTIME_DEVICES_EMULATOR_CALLS_H */
