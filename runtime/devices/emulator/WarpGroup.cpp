// Issuing, executing and waiting for products.
#include "runtime/devices/emulator/WarpGroup.h"

#include "runtime/devices/emulator/AsynchronousRead.h"
#include "runtime/devices/emulator/Worker.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace hadal::emulator {

// Unfinished numbers: 0x7fa plus the product's number in the low 20 bits. The processor sets bit 22 when it computes
// with a signalling NaN.
static constexpr uint32_t unfinishedBits = 0x7fa00000, quietBit = 0x00400000, numberMask = 0x000fffff;

static bool isUnfinished(uint32_t bits) { return (bits & ~(quietBit | numberMask)) == unfinishedBits; }

static uint32_t unfinishedNumber(uint32_t product) { return unfinishedBits | (product & numberMask); }

/// Of the product that unfinished numbers stand for among those that are remembered; out of range when it is forgotten.
uint32_t WarpGroup::indexOf(uint32_t bits) const { return (bits - first) & numberMask; }

bool ProductOperands::operator==(const ProductOperands &other) const {
  auto same = [](const MatrixTile &x, const MatrixTile &y) {
    return x.descriptor.bits == y.descriptor.bits && x.type == y.type && x.rowsContiguous == y.rowsContiguous &&
           x.rows == y.rows;
  };
  return (aInRegisters || same(a, other.a)) && same(b, other.b) && aInRegisters == other.aInRegisters &&
         accumulates == other.accumulates;
}

/// Row and column of accumulator number `index` of a thread ("Register Fragments and Shared Memory Matrix Layouts").
static uint32_t rowOf(uint32_t thread, uint32_t index) {
  return thread / 32 * 16 + index / 2 % 2 * 8 + thread % 32 / 4;
}
static uint32_t columnOf(uint32_t thread, uint32_t index) { return index / 4 * 8 + thread % 4 * 2 + index % 2; }

void WarpGroup::reset() {
  products.clear();
  first = 0;
  waitingCount = 0;
  waiting = WaitingThreads();
}

const char *WarpGroup::originOf(uint32_t bits) const {
  if (!isUnfinished(bits))
    return nullptr;
  uint32_t index = indexOf(bits);
  return index < products.size() ? products[index].location : "an earlier place";
}

/// The first thread to come: what the product is.
WarpGroup::Product &WarpGroup::begin(Worker &worker, const ProductOperands &operands, const float *accumulator,
                                     const char *location) {
  constexpr size_t mostRemembered = 256;
  while (products.size() > mostRemembered && products.front().executed) {
    products.pop_front();
    ++first;
  }
  uint32_t number = first + static_cast<uint32_t>(products.size());
  Product &product = products.emplace_back();
  product.operands = operands;
  product.location = location;
  product.group = worker.thread().productGroups;
  uint32_t bits = std::bit_cast<uint32_t>(accumulator[0]);
  if (operands.accumulates && isUnfinished(bits)) {
    uint32_t index = indexOf(bits);
    if (index + 1 >= products.size() || products[index].successor >= 0)
      worker.fail(location, "takes an accumulator that a later ptx.wgmma has overwritten");
    product.predecessor = first + index;
    products[index].successor = number;
  }
  if (product.predecessor < 0)
    product.accumulator.assign(64 * operands.b.rows, 0.0f);
  if (operands.aInRegisters)
    product.registers.resize(threads * 4);
  return product;
}

void WarpGroup::issue(Worker &worker, const ProductOperands &operands, const uint32_t *registers, float *accumulator,
                      const char *location) {
  Thread &thread = worker.thread();
  if (!thread.wgmmaFenced)
    worker.fail(location, "ptx.wgmma without ptx.wgmma_fence since the last ptx.wgmma_wait (or the kernel's begin)");
  uint32_t number = thread.products++, member = thread.number % threads, columns = operands.b.rows;
  Product &product = number == first + products.size() ? begin(worker, operands, accumulator, location) : *find(number);
  if (product.location != location && std::strcmp(product.location, location) != 0)
    worker.fail(location, "the threads of the warp group are not together: others issue the product at %s",
                product.location);
  if (product.operands != operands)
    worker.fail(location, "descriptors or scale of the product differ between threads of the warp group");
  if (operands.accumulates) {
    for (uint32_t i = 0; i < columns / 2; ++i) {
      uint32_t bits = std::bit_cast<uint32_t>(accumulator[i]);
      if (product.predecessor >= 0 ? bits != unfinishedNumber(uint32_t(product.predecessor)) : isUnfinished(bits))
        worker.fail(
            location,
            "the accumulator was computed from the result of the ptx.wgmma at %s, which has not been waited for",
            originOf(product.predecessor >= 0 ? unfinishedNumber(uint32_t(product.predecessor)) : bits));
      if (product.predecessor < 0)
        product.accumulator[rowOf(member, i) * columns + columnOf(member, i)] = accumulator[i];
    }
  }
  if (operands.aInRegisters)
    std::memcpy(&product.registers[member * 4], registers, 16);
  std::fill_n(accumulator, columns / 2, std::bit_cast<float>(unfinishedNumber(number)));
  if (++product.deposits == threads)
    checkOperands(worker, product);
}

/// All threads have come: the operands must be there.
void WarpGroup::checkOperands(Worker &worker, Product &product) {
  Block &block = *worker.thread().block;
  uint32_t begin = worker.thread().number / threads * threads;
  // A warp has met others when one of its lanes has; the warp group when all of its warps have.
  Time lastMeeting = ~0u;
  for (uint32_t warp = 0; warp < 4; ++warp) {
    Time latest = 0;
    for (uint32_t lane = 0; lane < 32; ++lane)
      latest = std::max(latest, block.threads[begin + warp * 32 + lane].lastMeeting);
    lastMeeting = std::min(lastMeeting, latest);
  }
  auto check = [&](const MatrixTile &tile, const char *what) {
    AsynchronousReader reader{lastMeeting, begin, threads, what, product.location};
    tile.forChunks([&](uint64_t offset) {
      checkBeforeRead(worker, block.memory, offset, 16, reader);
      return true;
    });
  };
  if (!product.operands.aInRegisters)
    check(product.operands.a, "operand A");
  check(product.operands.b, "operand B");
  product.issued = block.memory.beginMoment();
}

void WarpGroup::checkUntouched(Worker &worker, const Product &product, const char *location) {
  const SharedMemory &memory = worker.thread().block->memory;
  auto check = [&](const MatrixTile &tile, const char *what) {
    tile.forChunks([&](uint64_t offset) {
      checkUnchanged(worker, memory, offset, 16, product.issued, what, product.location, location);
      return true;
    });
  };
  if (!product.operands.aInRegisters)
    check(product.operands.a, "operand A");
  check(product.operands.b, "operand B");
}

/// d += a · b; a is 64 × depth, b depth × columns. Products of the operands' formats are exact in f32, so that a fused
/// multiply-add computes the same bits as a separate one.
__attribute__((target_clones("avx512f", "avx2", "default"))) static void
multiply(const float *a, const float *b, uint32_t depth, uint32_t columns, float *d) {
  for (uint32_t row = 0; row < 64; ++row)
    for (uint32_t k = 0; k < depth; ++k) {
      float factor = a[row * depth + k];
      for (uint32_t column = 0; column < columns; ++column)
        d[row * columns + column] += factor * b[k * columns + column];
    }
}

static void readTile(const MatrixTile &tile, const std::byte *memory, float *to, uint32_t rowStride,
                     uint32_t depthStride) {
  uint32_t perChunk = 16 / bytesOf(tile.type);
  for (uint32_t row = 0; row < tile.rows; row += tile.rowsContiguous ? perChunk : 1)
    for (uint32_t k = 0; k < tile.depth(); k += tile.rowsContiguous ? 1 : perChunk)
      widen(tile.type, memory + tile.offset(row, k), perChunk, to + row * rowStride + k * depthStride,
            tile.rowsContiguous ? rowStride : depthStride);
}

/// A of 64 × depth from the registers of all threads: register i of a thread holds elements of row 8·(i%2) + lane/4 of
/// its warp's 16, from column (i/2)·depth/2 + lane%4 · its elements on.
static void readRegisters(OperandType type, const std::vector<uint32_t> &registers, uint32_t depth, float *to) {
  uint32_t each = 4 / bytesOf(type);
  for (uint32_t thread = 0; thread < WarpGroup::threads; ++thread)
    for (uint32_t i = 0; i < 4; ++i) {
      uint32_t row = thread / 32 * 16 + i % 2 * 8 + thread % 32 / 4, column = i / 2 * depth / 2 + thread % 4 * each;
      widen(type, reinterpret_cast<const std::byte *>(&registers[thread * 4 + i]), each, to + row * depth + column, 1);
    }
}

void WarpGroup::execute(Worker &worker, Product &product, const char *location) {
  checkUntouched(worker, product, location);
  const ProductOperands &operands = product.operands;
  uint32_t columns = operands.b.rows, depth = operands.b.depth();
  static thread_local std::vector<float> a, b;
  a.resize(64 * 32);
  b.resize(256 * 32);
  const std::byte *memory = worker.thread().block->memory.data();
  if (operands.aInRegisters)
    readRegisters(operands.a.type, product.registers, depth, a.data());
  else
    readTile(operands.a, memory, a.data(), depth, 1);
  readTile(operands.b, memory, b.data(), 1, columns);
  if (Product *predecessor = product.predecessor < 0 ? nullptr : find(static_cast<uint32_t>(product.predecessor)))
    product.accumulator = std::move(predecessor->accumulator);
  product.accumulator.resize(64 * columns);
  multiply(a.data(), b.data(), depth, columns, product.accumulator.data());
  product.executed = true;
}

void WarpGroup::finishGroups(Worker &worker, uint32_t groups, const char *location) {
  for (size_t i = 0; i < products.size(); ++i) {
    Product &product = products[i];
    if (product.executed || product.group >= groups)
      continue;
    if (product.deposits != threads)
      worker.fail(location, "only %u of 128 threads have issued the ptx.wgmma at %s", product.deposits,
                  product.location);
    execute(worker, product, location);
  }
}

void WarpGroup::wait(Worker &worker, uint32_t pending, const char *location) {
  Thread &thread = worker.thread();
  thread.wgmmaFenced = false;
  if (waitingCount == 0) {
    waitingLocation = location;
    waitingFor = thread.productGroups;
  } else if (std::strcmp(waitingLocation, location) != 0 || waitingFor != thread.productGroups) {
    worker.fail(location, "the threads of the warp group are not together: others wait at %s", waitingLocation);
  }
  if (++waitingCount < threads) {
    waiting.add(thread);
    worker.wait(Wait::WarpGroup, location);
    return;
  }
  worker.waitUntilIdle(location);
  finishGroups(worker, waitingFor > pending ? waitingFor - pending : 0, location);
  waitingCount = 0;
  while (Thread *other = waiting.take())
    worker.wake(*other);
}

void WarpGroup::collect(Worker &worker, float *accumulator, uint32_t count, const char *location) {
  uint32_t bits = std::bit_cast<uint32_t>(accumulator[0]);
  if (!isUnfinished(bits))
    return;
  Product *product = find(first + indexOf(bits));
  if (!product || (product->executed && product->successor >= 0))
    worker.fail(location, "waits for the result of the ptx.wgmma at %s, which a later one has taken as its accumulator",
                originOf(bits));
  if (!product->executed)
    return; // still under way
  uint32_t member = worker.thread().number % threads, columns = product->operands.b.rows;
  if (count != columns / 2)
    worker.fail(location, "waits for %u numbers of a product that has %u for each thread", count, columns / 2);
  for (uint32_t i = 0; i < count; ++i)
    accumulator[i] = product->accumulator[rowOf(member, i) * columns + columnOf(member, i)];
}

const char *WarpGroup::unfinished() const {
  for (const Product &product : products)
    if (!product.executed)
      return product.location;
  return nullptr;
}

} // namespace hadal::emulator
