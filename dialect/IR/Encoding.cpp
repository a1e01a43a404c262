//===- Encoding.cpp - how tensors lie in memory -------------------------------------------------------------------===//
//
// Syntax and checks of the parts of an encoding, and the arithmetic of layouts. A part that would say nothing (the
// layout of plain rows, a tile of one, an encoding without parts) is refused, so that equal memory has equal types.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Encoding.h"
#include "dialect/IR/Checks.h"
#include "dialect/IR/Hadal.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace hadal;

//===--------------------------------------------------------------------------------------------------------------===//
// Syntax
//===--------------------------------------------------------------------------------------------------------------===//

FailureOr<SmallVector<int64_t>> hadal::parseNumbers(AsmParser &parser) {
  SmallVector<int64_t> numbers;
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                     [&] { return parser.parseInteger(numbers.emplace_back()); }))
    return failure();
  return numbers;
}

void hadal::printNumbers(AsmPrinter &printer, ArrayRef<int64_t> numbers) {
  printer << '[';
  llvm::interleaveComma(numbers, printer.getStream());
  printer << ']';
}

/// Parses a part of the given kind, unless it is there already.
template <typename Part> static ParseResult parsePart(AsmParser &parser, StringRef name, SMLoc loc, Part &part) {
  if (part)
    return parser.emitError(loc, "the encoding says its ") << name << " twice";
  FailureOr<Part> parsed = FieldParser<Part>::parse(parser);
  if (failed(parsed))
    return failure();
  part = *parsed;
  return success();
}

Attribute EncodingAttr::parse(AsmParser &parser, Type) {
  LayoutAttr layout;
  SmallVector<BoundAttr> bounds;
  ShardAttr shard;
  auto parseParts = [&]() -> ParseResult {
    StringRef name;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&name) || parser.parseEqual())
      return failure();
    if (name == "layout")
      return parsePart(parser, name, loc, layout);
    if (name == "shard")
      return parsePart(parser, name, loc, shard);
    if (name != "bounds" || !bounds.empty())
      return parser.emitError(loc, "expected the parts of an encoding, each once: layout, bounds, shard");
    return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                          [&] { return parsePart(parser, "bound", loc, bounds.emplace_back()); });
  };
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater, parseParts))
    return {};
  return EncodingAttr::getChecked([&] { return parser.emitError(loc); }, parser.getContext(), layout, ArrayRef(bounds),
                                  shard);
}

void EncodingAttr::print(AsmPrinter &printer) const {
  StringRef separator = "<";
  auto begin = [&](StringRef name) -> AsmPrinter & {
    printer << separator << name << " = ";
    separator = ", ";
    return printer;
  };
  if (getLayout())
    begin("layout").printStrippedAttrOrType(getLayout());
  if (!getBounds().empty()) {
    begin("bounds") << '[';
    llvm::interleaveComma(getBounds(), printer.getStream(),
                          [&](BoundAttr bound) { printer.printStrippedAttrOrType(bound); });
    printer << ']';
  }
  if (getShard())
    begin("shard").printStrippedAttrOrType(getShard());
  printer << '>';
}

//===--------------------------------------------------------------------------------------------------------------===//
// Checks
//===--------------------------------------------------------------------------------------------------------------===//

/// The most elements of all tiles of a layout, one within the other: beyond any register or cache line, and few enough
/// that padded bytes fit 64 bits.
static constexpr int64_t largestTile = 1 << 18;

LogicalResult LayoutAttr::verify(function_ref<InFlightDiagnostic()> emitError, ArrayRef<int64_t> outer,
                                 ArrayRef<int64_t> inner, ArrayRef<int64_t> tiles) {
  int64_t rank = outer.size();
  llvm::SmallBitVector seen(rank);
  for (int64_t dimension : outer) {
    if (dimension < 0 || dimension >= rank || seen.test(dimension))
      return emitError() << "a layout's `outer` is an order of all " << rank << " dimensions, got [" << outer << "]";
    seen.set(dimension);
  }
  if (inner.size() != tiles.size())
    return emitError() << "a layout cuts " << inner.size() << " dimensions (`inner`) into " << tiles.size()
                       << " lengths (`tiles`); there is one for each";
  for (int64_t dimension : inner)
    if (dimension < 0 || dimension >= rank)
      return emitError() << "a layout cuts dimension " << dimension << " of " << rank;
  int64_t elements = 1;
  for (int64_t tile : tiles) {
    if (tile < 2 || tile > largestTile)
      return emitError() << "a layout's tiles have 2 to " << largestTile << " elements, got " << tile;
    if ((elements *= tile) > largestTile)
      return emitError() << "a layout's tiles together have at most " << largestTile << " elements";
  }
  if (tiles.empty() && llvm::is_sorted(outer))
    return emitError() << "a layout row by row is none: leave it out";
  return success();
}

LogicalResult BoundAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringAttr number, int64_t most) {
  if (number.empty())
    return emitError() << "a bound names the number that tells the length";
  if (most < 1 || most > mostElements)
    return emitError() << "the bound of '" << number.getValue() << "' is to be 1 to " << mostElements << ", got "
                       << most;
  return success();
}

LogicalResult ShardAttr::verify(function_ref<InFlightDiagnostic()> emitError, ArrayRef<int64_t> global,
                                ArrayRef<int64_t> offsets, ArrayAttr axes) {
  if (offsets.size() != global.size() || axes.size() != global.size())
    return emitError() << "a shard has an offset and a list of axes for each of the " << global.size()
                       << " dimensions of the whole, got " << offsets.size() << " and " << axes.size();
  SmallVector<StringRef> names;
  for (auto [dimension, list] : llvm::enumerate(axes)) {
    auto axesOfDimension = dyn_cast<ArrayAttr>(list);
    if (!axesOfDimension || !llvm::all_of(axesOfDimension, llvm::IsaPred<StringAttr>))
      return emitError() << "a shard's axes are lists of names, one for each dimension; that of dimension " << dimension
                         << " is " << list;
    for (StringRef name : axesOfDimension.getAsValueRange<StringAttr>()) {
      if (name.empty() || llvm::is_contained(names, name))
        return emitError() << "a shard is cut along each axis once, got '" << name << "'"
                           << (name.empty() ? ", which is no name" : " twice");
      names.push_back(name);
    }
    if (offsets[dimension] < 0 || offsets[dimension] >= global[dimension])
      return emitError() << "a shard begins inside of the whole, got " << offsets[dimension] << " of "
                         << global[dimension] << " in dimension " << dimension;
  }
  return success();
}

LogicalResult EncodingAttr::verify(function_ref<InFlightDiagnostic()> emitError, LayoutAttr layout,
                                   ArrayRef<BoundAttr> bounds, ShardAttr shard) {
  if (!layout && bounds.empty() && !shard)
    return emitError() << "an encoding without a part says nothing: leave it out";
  for (auto [place, bound] : llvm::enumerate(bounds))
    for (BoundAttr other : bounds.take_front(place))
      if (other.getNumber() == bound.getNumber() && other != bound)
        return emitError() << "the number '" << bound.getNumber().getValue() << "' is at most " << other.getMost()
                           << " and at most " << bound.getMost();
  return success();
}

/// A shard lies within the whole, and a dimension that is not cut is whole.
static LogicalResult verifyShard(ShardAttr shard, ArrayRef<int64_t> shape,
                                 function_ref<InFlightDiagnostic()> emitError) {
  if (shard.getGlobal().size() != shape.size())
    return emitError() << "a shard of " << shard.getGlobal().size() << " dimensions encodes a tensor of "
                       << shape.size();
  for (auto [dimension, length] : llvm::enumerate(shape)) {
    int64_t whole = shard.getGlobal()[dimension], offset = shard.getOffsets()[dimension];
    if (ShapedType::isDynamic(length))
      return emitError() << "a shard has closed lengths; dimension " << dimension << " is open";
    if (length > whole - offset)
      return emitError() << "a shard of " << length << " from " << offset << " on reaches beyond the whole, " << whole
                         << ", in dimension " << dimension;
    if (cast<ArrayAttr>(shard.getAxes()[dimension]).empty() && length != whole)
      return emitError() << "a shard has " << length << " of " << whole << " in dimension " << dimension
                         << ", which no axis cuts";
  }
  return success();
}

LogicalResult EncodingAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                                           function_ref<InFlightDiagnostic()> emitError) const {
  if (LayoutAttr layout = getLayout(); layout && layout.getOuter().size() != shape.size())
    return emitError() << "a layout of " << layout.getOuter().size() << " dimensions encodes a tensor of "
                       << shape.size();
  int64_t open = llvm::count_if(shape, ShapedType::isDynamic);
  if (!getBounds().empty() && open != int64_t(getBounds().size()))
    return emitError() << "a tensor with " << open << " open lengths has as many bounds, got " << getBounds().size();
  SmallVector<int64_t> lengths;
  llvm::copy_if(shape, std::back_inserter(lengths), [](int64_t length) { return !ShapedType::isDynamic(length); });
  for (BoundAttr bound : getBounds())
    lengths.push_back(bound.getMost());
  if (int64_t most = countElements(lengths); ShapedType::isDynamic(most) || most > mostElements)
    return emitError() << "a tensor whose open lengths are as long as their bounds has at most " << mostElements
                       << " elements";
  return getShard() ? verifyShard(getShard(), shape, emitError) : success();
}

LogicalResult hadal::verifyEncodings(Operation *op) {
  auto takesSome = dyn_cast<EncodedTensorsOpInterface>(op);
  for (OpOperand &operand : op->getOpOperands())
    if (unsigned number = operand.getOperandNumber();
        isEncoded(operand.get().getType()) && !(takesSome && takesSome.takesEncoding(number)))
      return op->emitOpError("takes no encoded tensor as operand ")
             << number << ", got " << operand.get().getType() << ": bring it into rows first (hadal.unpack)";
  for (OpResult result : op->getResults())
    if (unsigned number = result.getResultNumber();
        isEncoded(result.getType()) && !(takesSome && takesSome.yieldsEncoding(number)))
      return op->emitOpError("yields no encoded tensor as result ")
             << number << ", got " << result.getType() << ": pack its result (hadal.pack)";
  if (takesSome)
    return success();
  for (Region &region : op->getRegions())
    for (BlockArgument argument : region.getArguments())
      if (isEncoded(argument.getType()))
        return op->emitOpError("takes no encoded tensor as argument ")
               << argument.getArgNumber() << ", got " << argument.getType();
  return success();
}

//===--------------------------------------------------------------------------------------------------------------===//
// Accessors
//===--------------------------------------------------------------------------------------------------------------===//

bool hadal::isEncoded(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getEncoding();
}

EncodingAttr hadal::getEncoding(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor ? dyn_cast_or_null<EncodingAttr>(tensor.getEncoding()) : EncodingAttr();
}

LayoutAttr hadal::getLayout(Type type) {
  EncodingAttr encoding = getEncoding(type);
  return encoding ? encoding.getLayout() : LayoutAttr();
}

ArrayRef<BoundAttr> hadal::getBounds(Type type) {
  EncodingAttr encoding = getEncoding(type);
  return encoding ? encoding.getBounds() : ArrayRef<BoundAttr>();
}

ShardAttr hadal::getShard(Type type) {
  EncodingAttr encoding = getEncoding(type);
  return encoding ? encoding.getShard() : ShardAttr();
}

RankedTensorType hadal::withLayout(RankedTensorType type, LayoutAttr layout) {
  ArrayRef<BoundAttr> bounds = getBounds(type);
  ShardAttr shard = getShard(type);
  if (!layout && bounds.empty() && !shard)
    return withoutEncoding(type);
  return RankedTensorType::get(type.getShape(), type.getElementType(),
                               EncodingAttr::get(type.getContext(), layout, bounds, shard));
}

RankedTensorType hadal::withoutEncoding(RankedTensorType type) {
  return RankedTensorType::get(type.getShape(), type.getElementType());
}

//===--------------------------------------------------------------------------------------------------------------===//
// Memory
//===--------------------------------------------------------------------------------------------------------------===//

bool hadal::isBounded(RankedTensorType type) { return type.getNumDynamicDims() == 0 || !getBounds(type).empty(); }

SmallVector<BoundAttr> hadal::getBoundOfEachDimension(RankedTensorType type) {
  ArrayRef<BoundAttr> left = getBounds(type);
  SmallVector<BoundAttr> bounds(type.getRank());
  for (auto [dimension, length] : llvm::enumerate(type.getShape()))
    if (ShapedType::isDynamic(length) && !left.empty()) {
      bounds[dimension] = left.front();
      left = left.drop_front();
    }
  return bounds;
}

SmallVector<int64_t> hadal::getBoundedShape(RankedTensorType type) {
  assert(isBounded(type) && "an open length has no bound");
  SmallVector<int64_t> shape(type.getShape());
  for (auto [length, bound] : llvm::zip(shape, getBoundOfEachDimension(type)))
    if (bound)
      length = bound.getMost();
  return shape;
}

SmallVector<MemoryDimension> hadal::getMemoryDimensions(RankedTensorType type) {
  SmallVector<int64_t> shape = getBoundedShape(type);
  SmallVector<MemoryDimension> memory;
  LayoutAttr layout = getLayout(type);
  if (!layout) {
    for (auto [dimension, length] : llvm::enumerate(shape))
      memory.push_back({unsigned(dimension), 1, length});
    return memory;
  }
  // From the innermost tile outwards, a dimension's divisor is what has been cut off it so far.
  SmallVector<int64_t> divisors(shape.size(), 1);
  for (auto [dimension, tile] : llvm::reverse(llvm::zip(layout.getInner(), layout.getTiles()))) {
    memory.push_back({unsigned(dimension), divisors[dimension], tile});
    divisors[dimension] *= tile;
  }
  for (int64_t dimension : llvm::reverse(layout.getOuter())) {
    int64_t tiles = llvm::divideCeil(shape[dimension], divisors[dimension]);
    memory.push_back({unsigned(dimension), divisors[dimension], tiles});
  }
  std::reverse(memory.begin(), memory.end());
  return memory;
}

int64_t hadal::getElementPlace(ArrayRef<MemoryDimension> memory, ArrayRef<int64_t> indices) {
  int64_t place = 0;
  for (const MemoryDimension &part : memory)
    place = place * part.length + indices[part.dimension] / part.divisor % part.length;
  return place;
}

int64_t hadal::getMemorySize(RankedTensorType type) {
  int64_t elements = 1;
  for (const MemoryDimension &part : getMemoryDimensions(type))
    elements *= part.length;
  return elements;
}

int64_t hadal::getByteSize(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return getMemorySize(tensor) * int64_t(llvm::divideCeil(tensor.getElementTypeBitWidth(), 8));
}

SmallVector<int64_t> hadal::getStrides(RankedTensorType type) {
  assert(!getLayout(type) && "elements in tiles have no strides");
  SmallVector<int64_t> shape = getBoundedShape(type), strides(shape.size());
  int64_t stride = 1;
  for (auto [own, length] : llvm::reverse(llvm::zip(strides, shape))) {
    own = stride;
    stride *= length;
  }
  return strides;
}
