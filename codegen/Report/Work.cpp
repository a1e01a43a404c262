//===- Work.cpp - what a kernel has to do, and how fast that could be done ----------------------------------------===//
//
// Products state their extents (ContractionOpInterface, AttentionOpInterface, the head's analysis), or how much they
// are with sequences as long as they may become (LengthOpInterface). Everything else is counted from the body with
// rowwise operations written out: an operation for each number that is made.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Report/Work.h"
#include "codegen/Anatomy/AttentionShape.h"
#include "codegen/Anatomy/Elementwise.h"
#include "dialect/IR/Encoding.h"
#include "llvm/ADT/STLExtras.h"
#include <numeric>

using namespace mlir;
using namespace hadal;

/// Where rows or the depth are grouped, all batches together have so many.
static double countMultiplyAdds(const ContractionForm &form) {
  double one = double(form.rows) * double(form.columns) * double(form.depth);
  return form.grouping == ContractionGrouping::None ? one * double(form.batches) : one;
}

/// Scores and their products with values; a gradient forms the scores again and makes four products more. A query sees
/// the keys up to its own, or as many as there may be where positions are told.
static double countMultiplyAdds(AttentionOpInterface attention) {
  AttentionShape shape = AttentionShape::of(attention);
  double keys = shape.isPlain() ? double(shape.keys + 1) / 2 : double(shape.keys);
  double pairs = double(shape.batch) * double(shape.heads) * double(shape.sequence) * keys;
  double query = double(shape.query()), value = double(shape.value);
  return pairs * (attention.isGradient() ? 3 * query + 2 * value : query + value);
}

static double countMultiplyAdds(const Head &head) {
  double logits = double(head.tokens) * double(head.channels) * double(head.vocabulary);
  return logits * (1 + head.hiddenGradient.exists() + head.weightGradient.exists());
}

static double countMultiplyAdds(const KernelAnatomy &anatomy) {
  if (const Contraction *contraction = anatomy.contraction())
    if (std::optional<ContractionForm> form = cast<ContractionOpInterface>(contraction->anchor).getContraction())
      return countMultiplyAdds(*form);
  if (AttentionOpInterface attention = anatomy.attention())
    return countMultiplyAdds(attention);
  if (const AnchoredKernel *anchored = anatomy.anchored())
    if (auto product = dyn_cast<LengthOpInterface>(anchored->anchor))
      return product.countMultiplyAdds(product.getMostLength());
  return anatomy.head() ? countMultiplyAdds(*anatomy.head()) : 0;
}

static bool hasBF16Factors(KernelOp kernel) {
  auto products = kernel.getBody().getOps<ProductOpInterface>();
  return !products.empty() && llvm::all_of(products, [](ProductOpInterface product) {
    return llvm::all_of(product.getFactors(), [&](unsigned factor) {
      return getElementTypeOrSelf(product->getOperand(factor).getType()).isBF16();
    });
  });
}

/// Numbers that the body makes beside its products; what moves columns makes none, and a sum along a row takes one for
/// each that it sums.
static double countElementOperations(const KernelAnatomy &anatomy) {
  double count = 0;
  for (Operation &op : anatomy.expanded().getBody().front().without_terminator()) {
    if (isa<ProductOpInterface>(op) || movesColumns(&op) || op.hasTrait<OpTrait::ConstantLike>() ||
        op.getNumResults() == 0)
      continue;
    auto reduction = dyn_cast<RowReductionOpInterface>(op);
    count += double(elementsOf(reduction ? reduction.getInput() : op.getResult(0)));
  }
  return count;
}

/// The bytes of an operand that its readers may need: all, unless each of them chooses rows of it.
static int64_t countReadBytes(BlockArgument argument) {
  int64_t all = getByteSize(argument.getType()), chosen = 0;
  for (OpOperand &use : argument.getUses()) {
    Operation *reader = use.getOwner();
    auto kernelOp = dyn_cast<KernelOpInterface>(reader);
    std::optional<RowSelection> selection = kernelOp ? kernelOp.getRowSelection() : std::nullopt;
    auto tokens = dyn_cast<TokenTableOpInterface>(reader);
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    bool isTable = tokens && type && type.getRank() == 2 && type.getDimSize(0) == int64_t(tokens.getVocabulary());
    if (!isTable && !(selection && selection->source == use.getOperandNumber()))
      return all;
    chosen += getByteSize(reader->getResult(0).getType());
  }
  return std::min(all, chosen);
}

/// Elements of the longest tensor that a kernel touches: an operation each is the least for one that reads more than it
/// makes, or makes more than one tensor.
static double countLongest(KernelOp kernel, const KernelWork &work) {
  double most = 0;
  for (auto [types, bytes] :
       {std::pair(kernel.getArgumentTypes(), ArrayRef(work.read)), {kernel.getResultTypes(), ArrayRef(work.written)}})
    for (auto [type, size] : llvm::zip_equal(types, bytes))
      most = std::max(most, double(size) * 8.0 / double(cast<RankedTensorType>(type).getElementTypeBitWidth()));
  return most;
}

int64_t KernelWork::readBytes() const { return std::accumulate(read.begin(), read.end(), int64_t(0)); }
int64_t KernelWork::writtenBytes() const { return std::accumulate(written.begin(), written.end(), int64_t(0)); }

KernelWork KernelWork::of(const KernelAnatomy &anatomy) {
  KernelOp kernel = anatomy.kernel();
  KernelWork work;
  work.multiplyAdds = countMultiplyAdds(anatomy);
  work.isBF16 = work.multiplyAdds > 0 && hasBF16Factors(kernel);
  if (anatomy.expanded())
    work.elementOperations = countElementOperations(anatomy);
  for (BlockArgument argument : kernel.getBody().getArguments())
    work.read.push_back(countReadBytes(argument));
  for (Type type : kernel.getResultTypes())
    work.written.push_back(getByteSize(type));
  if (anatomy.anchored())
    work.elementOperations = std::max(work.elementOperations, countLongest(kernel, work));
  return work;
}

Roofs Roofs::of(const TargetDescription &target, int64_t threads) {
  bool isCPU = target.kind() == TargetKind::CPU;
  Roofs roofs;
  roofs.workers = isCPU ? threads : target.multiprocessors;
  double cycles = target.clock * double(roofs.workers);
  roofs.memoryBandwidth = isCPU ? target.memoryBandwidth * double(threads) : target.memoryBandwidth;
  roofs.cacheBandwidth = target.cacheBytesPerCycle * cycles;
  roofs.cacheBytes = isCPU ? target.l2Bytes * threads : target.architecture->l2Bytes;
  roofs.products = target.multiplyAddsPerCycle * cycles;
  roofs.bf16Products = target.bf16MultiplyAddsPerCycle * cycles;
  return roofs;
}

StringRef Bound::limit() const {
  return products >= memory && products >= cache ? "products" : memory >= cache ? "memory" : "cache";
}

Bound Bound::of(const KernelWork &work, const Roofs &roofs) {
  double bytes = double(work.bytes());
  Bound bound;
  bound.memory = bytes > double(roofs.cacheBytes) ? bytes / roofs.memoryBandwidth : 0;
  bound.cache = bytes / roofs.cacheBandwidth;
  bound.products = work.multiplyAdds / (work.isBF16 ? roofs.bf16Products : roofs.products);
  return bound;
}
