// Three loops, each written once for AVX-512 and once for AVX2 with fused multiply-adds:
//
//   read      adds up a buffer; in the second-level cache, and in memory
//   copy      memory to memory past the caches, as a kernel writes what nobody reads soon
//   products  packed panels of A and B that fit the second-level cache, in register tiles without a store: what a
//             micro-kernel could reach that nothing holds up
//
// All threads run a loop at once, since they share memory. A round takes as many turns as fill some milliseconds on
// this machine, and the best of several rounds counts: a bound is what the machine can do, not what its neighbours
// leave.
#include "runtime/devices/cpu/Probes.h"

#include "runtime/core/Error.h"
#include "runtime/core/Memory.h"

#include <algorithm>
#include <chrono>
#include <immintrin.h>
#include <unistd.h>
#include <vector>

namespace hadal {
namespace {

#define HADAL_AVX512 __attribute__((target("avx512f"), noinline))
#define HADAL_AVX2 __attribute__((target("avx2,fma"), noinline))

/// What the loops leave, so that no compiler takes them away.
struct alignas(64) Result {
  float value = 0;
};

//===----------------------------------------------------------------------===//
// The loops
//===----------------------------------------------------------------------===//

/// Panels of A and B: `depth` columns of `rows` numbers, and `panels` of B, each `depth` rows of `columns` numbers.
struct ProductShape {
  int rows, columns, depth, panelsOfA, panelsOfB;
  double multiplyAdds() const { return static_cast<double>(rows) * columns * depth * panelsOfA * panelsOfB; }
  size_t numbersOfA() const { return static_cast<size_t>(rows) * depth * panelsOfA; }
  size_t numbersOfB() const { return static_cast<size_t>(columns) * depth * panelsOfB; }
};
constexpr int depth = 256, panelsOfA = 4, panelsOfB = 8;
constexpr ProductShape productOfAVX512{14, 32, depth, panelsOfA, panelsOfB};
constexpr ProductShape productOfAVX2{6, 16, depth, panelsOfA, panelsOfB};

HADAL_AVX512 float multiplyAVX512(const float *a, const float *b) {
  constexpr ProductShape shape = productOfAVX512;
  __m512 total = _mm512_setzero_ps();
  for (int i = 0; i < shape.panelsOfA; ++i)
    for (int j = 0; j < shape.panelsOfB; ++j) {
      __m512 sums[shape.rows][2] = {};
      const float *column = a + static_cast<ptrdiff_t>(i) * shape.depth * shape.rows;
      const float *row = b + static_cast<ptrdiff_t>(j) * shape.depth * shape.columns;
      for (int k = 0; k < shape.depth; ++k, column += shape.rows, row += shape.columns) {
        __m512 first = _mm512_load_ps(row), second = _mm512_load_ps(row + 16);
#pragma clang loop unroll(full)
        for (int r = 0; r < shape.rows; ++r) {
          __m512 element = _mm512_set1_ps(column[r]);
          sums[r][0] = _mm512_fmadd_ps(element, first, sums[r][0]);
          sums[r][1] = _mm512_fmadd_ps(element, second, sums[r][1]);
        }
      }
      for (auto &pair : sums)
        total = _mm512_add_ps(total, _mm512_add_ps(pair[0], pair[1]));
    }
  return _mm512_cvtss_f32(total);
}

HADAL_AVX2 float multiplyAVX2(const float *a, const float *b) {
  constexpr ProductShape shape = productOfAVX2;
  __m256 total = _mm256_setzero_ps();
  for (int i = 0; i < shape.panelsOfA; ++i)
    for (int j = 0; j < shape.panelsOfB; ++j) {
      __m256 sums[shape.rows][2] = {};
      const float *column = a + static_cast<ptrdiff_t>(i) * shape.depth * shape.rows;
      const float *row = b + static_cast<ptrdiff_t>(j) * shape.depth * shape.columns;
      for (int k = 0; k < shape.depth; ++k, column += shape.rows, row += shape.columns) {
        __m256 first = _mm256_load_ps(row), second = _mm256_load_ps(row + 8);
#pragma clang loop unroll(full)
        for (int r = 0; r < shape.rows; ++r) {
          __m256 element = _mm256_set1_ps(column[r]);
          sums[r][0] = _mm256_fmadd_ps(element, first, sums[r][0]);
          sums[r][1] = _mm256_fmadd_ps(element, second, sums[r][1]);
        }
      }
      for (auto &pair : sums)
        total = _mm256_add_ps(total, _mm256_add_ps(pair[0], pair[1]));
    }
  return _mm256_cvtss_f32(total);
}

constexpr size_t numbersPerTurn = 128; // of the loops over memory: buffers are multiples

HADAL_AVX512 float readAVX512(const float *source, size_t count) {
  __m512 sums[8] = {};
  for (size_t i = 0; i < count; i += numbersPerTurn)
#pragma clang loop unroll(full)
    for (int v = 0; v < 8; ++v)
      sums[v] = _mm512_add_ps(sums[v], _mm512_load_ps(source + i + static_cast<size_t>(16 * v)));
  __m512 total = _mm512_setzero_ps();
  for (__m512 sum : sums)
    total = _mm512_add_ps(total, sum);
  return _mm512_cvtss_f32(total);
}

HADAL_AVX2 float readAVX2(const float *source, size_t count) {
  __m256 sums[8] = {};
  for (size_t i = 0; i < count; i += numbersPerTurn / 2)
#pragma clang loop unroll(full)
    for (int v = 0; v < 8; ++v)
      sums[v] = _mm256_add_ps(sums[v], _mm256_load_ps(source + i + static_cast<size_t>(8 * v)));
  __m256 total = _mm256_setzero_ps();
  for (__m256 sum : sums)
    total = _mm256_add_ps(total, sum);
  return _mm256_cvtss_f32(total);
}

HADAL_AVX512 void copyAVX512(const float *source, float *target, size_t count) {
  for (size_t i = 0; i < count; i += 16)
    _mm512_stream_ps(target + i, _mm512_load_ps(source + i));
  _mm_sfence();
}

HADAL_AVX2 void copyAVX2(const float *source, float *target, size_t count) {
  for (size_t i = 0; i < count; i += 8)
    _mm256_stream_ps(target + i, _mm256_load_ps(source + i));
  _mm_sfence();
}

struct Loops {
  ProductShape product;
  float (*multiply)(const float *a, const float *b);
  float (*read)(const float *source, size_t count);
  void (*copy)(const float *source, float *target, size_t count);
};

std::optional<Loops> chooseLoops(std::string_view features) {
  auto has = [&](std::string_view name) {
    return ("," + std::string(features) + ",").find(concat(",", name, ",")) != std::string::npos;
  };
  if (has("avx512f"))
    return Loops{productOfAVX512, multiplyAVX512, readAVX512, copyAVX512};
  if (has("avx2") && has("fma"))
    return Loops{productOfAVX2, multiplyAVX2, readAVX2, copyAVX2};
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Taking the time
//===----------------------------------------------------------------------===//

using Clock = std::chrono::steady_clock;

constexpr double secondsOfRound = 0.012;
constexpr int rounds = 5;

/// `turn(thread)` on all threads at once, `turns` times each: seconds until the last one is done.
template <class Turn> double runTurns(ThreadTeam &team, int64_t turns, Turn &turn) {
  struct Context {
    Turn &turn;
    int64_t turns;
  } context{turn, turns};
  Clock::time_point begin = Clock::now();
  team.run(
      [](void *pointer, unsigned thread) {
        Context &context = *static_cast<Context *>(pointer);
        for (int64_t i = 0; i < context.turns; ++i)
          context.turn(thread);
      },
      &context);
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Turns per second of one thread while all of them work, in the best round.
template <class Turn> double measureRate(ThreadTeam &team, Turn turn) {
  runTurns(team, 1, turn); // touches memory, wakes vector units
  double once = std::max(runTurns(team, 1, turn), 1e-7);
  int64_t turns = std::max<int64_t>(1, static_cast<int64_t>(secondsOfRound / once));
  double best = 0;
  for (int round = 0; round < rounds; ++round)
    best = std::max(best, static_cast<double>(turns) / runTurns(team, turns, turn));
  return best;
}

/// Memory that all threads measure in, in parts of each thread's own, which it has written: of memory that was only
/// read the operating system has a single page.
class Buffer {
public:
  Buffer(ThreadTeam &team, size_t bytesPerThread)
      : bytes(bytesPerThread), mapping(bytesPerThread * team.size(), "measuring the machine") {
    team.run(
        [](void *self, unsigned thread) {
          const Buffer &buffer = *static_cast<const Buffer *>(self);
          std::fill_n(buffer.of(thread), buffer.numbers(), 0.5F);
        },
        this);
  }
  float *of(unsigned thread) const { return reinterpret_cast<float *>(mapping.data() + thread * bytes); }
  size_t numbers() const { return bytes / sizeof(float); }

private:
  size_t bytes;
  Mapping mapping;
};

double measureProducts(ThreadTeam &team, const Loops &loops, std::vector<Result> &results) {
  size_t numbers = loops.product.numbersOfA() + loops.product.numbersOfB();
  Buffer buffer(team, (numbers * sizeof(float) + 4095) / 4096 * 4096);
  double turns = measureRate(team, [&](unsigned thread) {
    float *b = buffer.of(thread);
    results[thread].value += loops.multiply(b + loops.product.numbersOfB(), b);
  });
  return turns * loops.product.multiplyAdds() * team.size();
}

double measureReads(ThreadTeam &team, const Loops &loops, std::vector<Result> &results, size_t bytesPerThread) {
  Buffer buffer(team, bytesPerThread);
  double turns = measureRate(
      team, [&](unsigned thread) { results[thread].value += loops.read(buffer.of(thread), buffer.numbers()); });
  return turns * static_cast<double>(bytesPerThread) * team.size();
}

double measureCopies(ThreadTeam &team, const Loops &loops, size_t bytesPerThread) {
  Buffer buffer(team, bytesPerThread);
  double turns = measureRate(team, [&](unsigned thread) {
    size_t half = buffer.numbers() / 2;
    loops.copy(buffer.of(thread), buffer.of(thread) + half, half);
  });
  return turns * static_cast<double>(bytesPerThread) * team.size();
}

size_t secondLevelBytes() {
  long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
  return bytes > 0 ? static_cast<size_t>(bytes) : size_t{1} << 20;
}

size_t lastLevelBytes() {
  long bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
  return bytes > 0 ? static_cast<size_t>(bytes) : size_t{32} << 20;
}

} // namespace

std::optional<MachineRates> measureMachineRates(ThreadTeam &team, std::string_view features) {
  constexpr size_t unit = size_t{1} << 16;
  std::optional<Loops> loops = chooseLoops(features);
  // More than the last-level cache holds, so that memory has to be read.
  size_t inMemory = (2 * lastLevelBytes() / team.size() + unit - 1) / unit * unit;
  if (!loops || availableMemory().bytes / 2 < inMemory * team.size())
    return std::nullopt;
  std::vector<Result> results(team.size());
  MachineRates rates;
  rates.multiplyAdds = measureProducts(team, *loops, results);
  rates.cacheBytes = measureReads(team, *loops, results, std::max(secondLevelBytes() / 2 / unit, size_t{1}) * unit);
  rates.memoryBytes = std::max(measureReads(team, *loops, results, inMemory), measureCopies(team, *loops, inMemory));
  for (Result &result : results)
    asm volatile("" : : "m"(result.value));
  return rates;
}

} // namespace hadal
