// The entry points of emulated kernels. Each finds the running CUDA thread and hands over to the part that knows.
#include "runtime/devices/emulator/calls.h"

#include "runtime/devices/emulator/Access.h"
#include "runtime/devices/emulator/Matrices.h"
#include "runtime/devices/emulator/TMA.h"
#include "runtime/devices/emulator/Worker.h"

#include <bit>
#include <cmath>

using namespace hadal::emulator;

static Worker &active() { return Worker::active(); }

/// Approximations flush denormal numbers to zero, keeping the sign.
static float flush(float value) { return std::fpclassify(value) == FP_SUBNORMAL ? std::copysign(0.0f, value) : value; }

/// An operand of a conversion or approximation: it must be a number.
static float operand(float value, const char *location) {
  if (std::isnan(value))
    checkStored(active(), &value, sizeof value, location);
  return value;
}

//===- Special registers and shared memory ------------------------------------------------------------------------===//

int32_t hadal_emulator_thread_id() { return static_cast<int32_t>(active().thread().number); }
int32_t hadal_emulator_block_id() { return static_cast<int32_t>(active().thread().block->number); }
int32_t hadal_emulator_block_count() { return static_cast<int32_t>(active().launch().configuration.blocks); }
int32_t hadal_emulator_cluster_rank() { return static_cast<int32_t>(active().thread().block->rank); }
void *hadal_emulator_shared_memory() { return active().thread().block->memory.data(); }

void *hadal_emulator_map_shared(void *pointer, int32_t rank, const char *location) {
  Worker &worker = active();
  size_t offset = sharedOffset(worker, pointer, location);
  size_t blocks = worker.cluster().blocks.size();
  if (rank < 0 || static_cast<size_t>(rank) >= blocks)
    worker.fail(location, "there is no block %d in the cluster of %zu", rank, blocks);
  return worker.cluster().blocks[rank]->memory.data() + offset;
}

//===- Accesses ---------------------------------------------------------------------------------------------------===//

void hadal_emulator_load(const void *pointer, int32_t bytes, int32_t alignment, int32_t space, const char *location) {
  checkAccess(active(), {pointer, size_t(bytes), size_t(alignment), uint32_t(space), false, location});
}

void hadal_emulator_store(const void *pointer, int32_t bytes, int32_t alignment, int32_t space, const char *location) {
  checkAccess(active(), {pointer, size_t(bytes), size_t(alignment), uint32_t(space), true, location});
}

/// Runs of elements that take part are checked at once.
static void checkMasked(const void *pointer, uint64_t mask, size_t bytes, size_t alignment, uint32_t space, bool writes,
                        const char *location) {
  while (mask) {
    int first = std::countr_zero(mask), count = std::countr_one(mask >> first);
    const std::byte *begin = static_cast<const std::byte *>(pointer) + first * bytes;
    checkAccess(active(), {begin, count * bytes, std::min(alignment, bytes), space, writes, location});
    mask = first + count == 64 ? 0 : mask >> (first + count) << (first + count);
  }
}

void hadal_emulator_masked_load(const void *pointer, int64_t mask, int32_t bytes, int32_t alignment, int32_t space,
                                const char *location) {
  checkMasked(pointer, uint64_t(mask), size_t(bytes), size_t(alignment), uint32_t(space), false, location);
}

void hadal_emulator_masked_store(const void *pointer, int64_t mask, int32_t bytes, int32_t alignment, int32_t space,
                                 const char *location) {
  checkMasked(pointer, uint64_t(mask), size_t(bytes), size_t(alignment), uint32_t(space), true, location);
}

void hadal_emulator_stored(const void *pointer, int32_t bytes, const char *location) {
  checkStored(active(), pointer, size_t(bytes), location);
}

//===- Threads ----------------------------------------------------------------------------------------------------===//

void hadal_emulator_barrier(int32_t id, int32_t threads, const char *location) {
  Worker &worker = active();
  worker.thread().block->barriers.arrive(worker, uint32_t(id), uint32_t(threads), /*wait=*/true, location);
}

void hadal_emulator_barrier_arrive(int32_t id, int32_t threads, const char *location) {
  Worker &worker = active();
  worker.thread().block->barriers.arrive(worker, uint32_t(id), uint32_t(threads), /*wait=*/false, location);
}

static uint64_t meetWarp(Warp::Complete complete, uint64_t value, const char *location) {
  Worker &worker = active();
  Thread &thread = worker.thread();
  return thread.block->warps[thread.warp()].meet(worker, location, complete, value);
}

void hadal_emulator_sync_warp(const char *location) {
  meetWarp(
      [](Worker &worker, Warp &warp, const char *) {
        Time now = worker.thread().block->memory.advance();
        for (Thread *lane : warp.lanes)
          lane->lastMeeting = now;
      },
      0, location);
}

/// The lane that `lane` reads from (ptx::ShuffleKind); out of range it keeps its own value.
template <int kind> static int shuffleSource(int lane, int operand) {
  int source = kind == 0 ? lane ^ operand : kind == 1 ? lane - operand : kind == 2 ? lane + operand : operand & 31;
  return source < 0 || source > 31 ? lane : source;
}

template <int kind> static void shuffle(Worker &, Warp &warp, const char *) {
  for (int lane = 0; lane < 32; ++lane)
    warp.lanes[lane]->result = uint32_t(warp.values[shuffleSource<kind>(lane, int32_t(warp.values[lane] >> 32))]);
}

int32_t hadal_emulator_shuffle(int32_t kind, int32_t value, int32_t lane, const char *location) {
  static constexpr Warp::Complete kinds[] = {shuffle<0>, shuffle<1>, shuffle<2>, shuffle<3>};
  return int32_t(meetWarp(kinds[kind], uint32_t(value) | uint64_t(uint32_t(lane)) << 32, location));
}

int32_t hadal_emulator_ballot(bool predicate, const char *location) {
  return int32_t(meetWarp(
      [](Worker &, Warp &warp, const char *) {
        uint32_t votes = 0;
        for (int lane = 0; lane < 32; ++lane)
          votes |= uint32_t(warp.values[lane]) << lane;
        for (Thread *lane : warp.lanes)
          lane->result = votes;
      },
      predicate, location));
}

static void nothing(Worker &, Warp &, const char *) {}

bool hadal_emulator_elect(const char *location) {
  meetWarp(nothing, 0, location);
  return active().thread().lane() == 0;
}

void hadal_emulator_set_max_registers(int32_t, int32_t, const char *location) { meetWarp(nothing, 0, location); }

void hadal_emulator_cluster_arrive(const char *location) { active().cluster().barrier.arrive(active(), location); }
void hadal_emulator_cluster_wait(const char *location) { active().cluster().barrier.wait(active(), location); }

//===- mbarriers --------------------------------------------------------------------------------------------------===//

static MBarrier &barrierAt(Worker &worker, void *pointer, const char *location) {
  return worker.thread().block->mbarriers.at(worker, sharedOffset(worker, pointer, location), location);
}

void hadal_emulator_mbarrier_init(void *barrier, int32_t count, const char *location) {
  Worker &worker = active();
  worker.thread().block->mbarriers.initialize(worker, sharedOffset(worker, barrier, location), uint32_t(count),
                                              location);
}

void hadal_emulator_fence_mbarrier_init(const char *) {
  Thread &thread = active().thread();
  thread.block->mbarriers.fence(thread.number);
}

void hadal_emulator_mbarrier_arrive(void *barrier, const char *location) {
  Worker &worker = active();
  worker.thread().block->mbarriers.arrive(worker, barrierAt(worker, barrier, location), 0, location);
}

void hadal_emulator_mbarrier_arrive_remote(void *pointer, const char *location) {
  Worker &worker = active();
  Block *block = worker.cluster().find(pointer);
  if (!block)
    worker.fail(location, "takes a pointer that does not point to the cluster's shared memory");
  MBarrier &barrier = block->mbarriers.at(worker, static_cast<std::byte *>(pointer) - block->memory.data(), location);
  if (!barrier.fenced && block != worker.thread().block)
    worker.fail(location,
                "the mbarrier of block %u of the cluster has not been made known to it: ptx.fence_mbarrier_init is "
                "missing after its initialization",
                block->rank);
  block->mbarriers.arrive(worker, barrier, 0, location);
}

void hadal_emulator_mbarrier_arrive_expect(void *barrier, int32_t bytes, const char *location) {
  Worker &worker = active();
  worker.thread().block->mbarriers.arrive(worker, barrierAt(worker, barrier, location), uint32_t(bytes), location);
}

bool hadal_emulator_mbarrier_try_wait(void *barrier, int32_t parity, const char *location) {
  Worker &worker = active();
  return worker.thread().block->mbarriers.wait(worker, barrierAt(worker, barrier, location), uint32_t(parity),
                                               location);
}

//===- TMA --------------------------------------------------------------------------------------------------------===//

void hadal_emulator_fence_proxy_async(const char *) {
  Thread &thread = active().thread();
  thread.block->memory.fence(thread.number, thread.lastMeeting);
}

void hadal_emulator_tma_load(void *destination, const void *map, void *barrier, int32_t rank, int32_t x0, int32_t x1,
                             int32_t x2, int32_t x3, int32_t x4, int32_t multicast, const char *location) {
  Worker &worker = active();
  int32_t coordinates[5] = {x0, x1, x2, x3, x4};
  loadBox(worker, sharedOffset(worker, destination, location), map, sharedOffset(worker, barrier, location),
          uint32_t(rank), coordinates, uint32_t(multicast) & 0xffff, location);
}

void hadal_emulator_tma_store(const void *map, void *source, int32_t rank, int32_t x0, int32_t x1, int32_t x2,
                              int32_t x3, int32_t x4, const char *location) {
  Worker &worker = active();
  int32_t coordinates[5] = {x0, x1, x2, x3, x4};
  storeBox(worker, map, sharedOffset(worker, source, location), uint32_t(rank), coordinates, location);
}

void hadal_emulator_tma_commit(const char *) { commitStores(active()); }
void hadal_emulator_tma_wait(int32_t pending, bool read, const char *location) {
  waitForStores(active(), uint32_t(pending), read, location);
}
void hadal_emulator_prefetch_map(const void *, const char *) {}

//===- Matrices ---------------------------------------------------------------------------------------------------===//

static WarpGroup &group(Worker &worker, const char *location) {
  Thread &thread = worker.thread();
  size_t number = thread.number / WarpGroup::threads;
  if (number >= thread.block->groups.size())
    worker.fail(location, "is for warp groups of 128 threads, but the block has only %zu threads",
                thread.block->threads.size());
  return thread.block->groups[number];
}

void hadal_emulator_wgmma_fence(const char *) { active().thread().wgmmaFenced = true; }

void hadal_emulator_wgmma(float *accumulator, int64_t a, const int32_t *registers, int64_t b, int32_t columns,
                          bool scale, int32_t type_a, int32_t type_b, int32_t major_a, int32_t major_b,
                          const char *location) {
  ProductOperands operands;
  operands.a = {{uint64_t(a)}, OperandType(type_a), major_a != 0, 64};
  operands.b = {{uint64_t(b)}, OperandType(type_b), major_b != 0, uint32_t(columns)};
  operands.aInRegisters = registers != nullptr;
  operands.accumulates = scale;
  Worker &worker = active();
  group(worker, location).issue(worker, operands, reinterpret_cast<const uint32_t *>(registers), accumulator, location);
}

void hadal_emulator_wgmma_commit(const char *) { ++active().thread().productGroups; }

void hadal_emulator_wgmma_wait(int32_t pending, const char *location) {
  Worker &worker = active();
  group(worker, location).wait(worker, uint32_t(pending), location);
}

void hadal_emulator_wgmma_result(float *accumulator, int32_t count, const char *location) {
  Worker &worker = active();
  group(worker, location).collect(worker, accumulator, uint32_t(count), location);
}

void hadal_emulator_load_matrix(void *pointer, int32_t count, bool transpose, int32_t *registers,
                                const char *location) {
  loadMatrices(active(), pointer, uint32_t(count), transpose, registers, location);
}

void hadal_emulator_store_matrix(void *pointer, int32_t count, bool transpose, const int32_t *registers,
                                 const char *location) {
  storeMatrices(active(), pointer, uint32_t(count), transpose, registers, location);
}

//===- Conversions and approximations -----------------------------------------------------------------------------===//

int32_t hadal_emulator_pack_bf16(float low, float high, const char *location) {
  return int32_t(roundToBfloat16(operand(low, location)) | uint32_t(roundToBfloat16(operand(high, location))) << 16);
}
int16_t hadal_emulator_pack_e4m3(float low, float high, const char *location) {
  return int16_t(roundToE4M3(operand(low, location)) | roundToE4M3(operand(high, location)) << 8);
}
float hadal_emulator_exp2(float value, const char *location) {
  return flush(std::exp2(flush(operand(value, location))));
}
float hadal_emulator_log2(float value, const char *location) {
  return flush(std::log2(flush(operand(value, location))));
}
float hadal_emulator_reciprocal(float value, const char *location) {
  return flush(1.0f / flush(operand(value, location)));
}
float hadal_emulator_rsqrt(float value, const char *location) {
  return flush(1.0f / std::sqrt(flush(operand(value, location))));
}

//===- By name ----------------------------------------------------------------------------------------------------===//

#define SYMBOL(operation)                                                                                              \
  { "hadal_emulator_" #operation, reinterpret_cast<void *>(&hadal_emulator_##operation) }
const struct hadal_emulator_symbol hadal_emulator_symbols[] = {SYMBOL(thread_id),
                                                               SYMBOL(block_id),
                                                               SYMBOL(block_count),
                                                               SYMBOL(cluster_rank),
                                                               SYMBOL(shared_memory),
                                                               SYMBOL(map_shared),
                                                               SYMBOL(load),
                                                               SYMBOL(store),
                                                               SYMBOL(masked_load),
                                                               SYMBOL(masked_store),
                                                               SYMBOL(stored),
                                                               SYMBOL(barrier),
                                                               SYMBOL(barrier_arrive),
                                                               SYMBOL(sync_warp),
                                                               SYMBOL(shuffle),
                                                               SYMBOL(ballot),
                                                               SYMBOL(elect),
                                                               SYMBOL(set_max_registers),
                                                               SYMBOL(cluster_arrive),
                                                               SYMBOL(cluster_wait),
                                                               SYMBOL(mbarrier_init),
                                                               SYMBOL(fence_mbarrier_init),
                                                               SYMBOL(mbarrier_arrive),
                                                               SYMBOL(mbarrier_arrive_remote),
                                                               SYMBOL(mbarrier_arrive_expect),
                                                               SYMBOL(mbarrier_try_wait),
                                                               SYMBOL(fence_proxy_async),
                                                               SYMBOL(tma_load),
                                                               SYMBOL(tma_store),
                                                               SYMBOL(tma_commit),
                                                               SYMBOL(tma_wait),
                                                               SYMBOL(prefetch_map),
                                                               SYMBOL(wgmma_fence),
                                                               SYMBOL(wgmma),
                                                               SYMBOL(wgmma_commit),
                                                               SYMBOL(wgmma_wait),
                                                               SYMBOL(wgmma_result),
                                                               SYMBOL(load_matrix),
                                                               SYMBOL(store_matrix),
                                                               SYMBOL(pack_bf16),
                                                               SYMBOL(pack_e4m3),
                                                               SYMBOL(exp2),
                                                               SYMBOL(log2),
                                                               SYMBOL(reciprocal),
                                                               SYMBOL(rsqrt),
                                                               {nullptr, nullptr}};
#undef SYMBOL
