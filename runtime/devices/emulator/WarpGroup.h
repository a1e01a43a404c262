// wgmma: products of a warp group (128 threads), which run while the threads go on.
//
// A thread that issues a product leaves its part of the accumulator here and gets *unfinished* numbers: signalling NaNs
// that carry the product's number. Another product may take them as its accumulator; ptx.wgmma_wait exchanges those of
// finished groups for the results. Whoever computes with them before makes quiet NaNs of them that still carry the
// number, so that a store can say which product was not waited for.
//
// A product reads its operands from shared memory when its group is waited for, as late as a GPU may.
#ifndef HADAL_RUNTIME_DEVICES_EMULATOR_WARPGROUP_H
#define HADAL_RUNTIME_DEVICES_EMULATOR_WARPGROUP_H

#include "runtime/devices/emulator/MatrixTile.h"
#include "runtime/devices/emulator/Thread.h"

#include <deque>
#include <vector>

namespace hadal::emulator {

class Worker;

/// The operands of one wgmma.
struct ProductOperands {
  MatrixTile a, b;
  /// Whether A comes from registers.
  bool aInRegisters = false;
  /// Whether the accumulator counts.
  bool accumulates = true;

  bool operator==(const ProductOperands &other) const;
};

class WarpGroup {
public:
  static constexpr uint32_t threads = 128;

  void reset();
  /// The running thread's share of a product: `accumulator` becomes unfinished numbers.
  void issue(Worker &worker, const ProductOperands &operands, const uint32_t *registers, float *accumulator,
             const char *location);
  /// Waits until at most `pending` of the closed groups are under way.
  void wait(Worker &worker, uint32_t pending, const char *location);
  /// Exchanges unfinished numbers for results where those are known.
  void collect(Worker &worker, float *accumulator, uint32_t count, const char *location);
  /// Where the first product was issued that nobody waited for; null when there is none.
  const char *unfinished() const;
  /// Where the product was issued that these bits stand for, or from which they were computed; null when they are an
  /// ordinary number.
  const char *originOf(uint32_t bits) const;
  uint32_t arrived() const { return waitingCount; }

private:
  struct Product {
    ProductOperands operands;
    const char *location = nullptr;
    uint32_t deposits = 0, group = 0;
    /// The product whose result is this one's accumulator; -1: `accumulator` is filled in by the threads.
    int64_t predecessor = -1;
    /// The one that took this one's result.
    int64_t successor = -1;
    Time issued = 0;
    bool executed = false;
    std::vector<float> accumulator;
    std::vector<uint32_t> registers;
  };

  /// Those from number `first` on; older ones are forgotten.
  std::deque<Product> products;
  uint32_t first = 0;

  uint32_t waitingCount = 0, waitingFor = 0;
  const char *waitingLocation = nullptr;
  WaitingThreads waiting;

  uint32_t indexOf(uint32_t bits) const;
  Product *find(uint32_t number) {
    return number >= first && number - first < products.size() ? &products[number - first] : nullptr;
  }
  Product &begin(Worker &worker, const ProductOperands &operands, const float *accumulator, const char *location);
  void checkOperands(Worker &worker, Product &product);
  void checkUntouched(Worker &worker, const Product &product, const char *location);
  void execute(Worker &worker, Product &product, const char *location);
  void finishGroups(Worker &worker, uint32_t groups, const char *location);
};

} // namespace hadal::emulator

#endif // HADAL_RUNTIME_DEVICES_EMULATOR_WARPGROUP_H
