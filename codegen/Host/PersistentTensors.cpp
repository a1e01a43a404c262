//===- PersistentTensors.cpp - the tensors that outlive a step ----------------------------------------------------===//
//
// Numbers parameters first, in the order of the program, then whatever else the entry points name, in the order in
// which they name it. Arguments of several entry points that name the same tensor are one tensor. Where its elements
// lie, which numbers its lengths follow from, and which part of another it is, the encoding of its type says.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "codegen/Host/Descriptor.h"
#include "dialect/IR/Encoding.h"
#include "runtime/include/hadal/program.h"

using namespace mlir;
using namespace hadal;

namespace {

/// What the runtime calls the role of an argument.
unsigned getTensorRole(ArgumentRole role) {
  switch (role) {
  case ArgumentRole::Parameter:
    return HADAL_PARAMETER;
  case ArgumentRole::Gradient:
    return HADAL_GRADIENT;
  case ArgumentRole::FirstMoment:
    return HADAL_FIRST_MOMENT;
  case ArgumentRole::SecondMoment:
    return HADAL_SECOND_MOMENT;
  case ArgumentRole::State:
    return HADAL_STATE;
  case ArgumentRole::Input:
    return HADAL_INPUT;
  case ArgumentRole::Scalar:
    return HADAL_SCALAR;
  case ArgumentRole::Packed:
    return HADAL_PACKED;
  }
  llvm_unreachable("all roles are handled");
}

} // namespace

std::optional<unsigned> hadal::getElementType(Type type) {
  if (type.isF32())
    return HADAL_F32;
  if (type.isInteger(32))
    return HADAL_I32;
  if (type.isBF16())
    return HADAL_BF16;
  if (type.isF16())
    return HADAL_F16;
  if (isa<Float8E4M3FNType>(type))
    return HADAL_F8E4M3FN;
  if (type.isInteger(8))
    return HADAL_I8;
  return std::nullopt;
}

/// What keeps a program from holding a tensor; empty when nothing does.
static std::string findFault(RankedTensorType tensor) {
  if (!tensor || !isBounded(tensor) || tensor.getRank() > HADAL_MAX_RANK || !getElementType(tensor.getElementType()))
    return "a tensor of at most " + std::to_string(HADAL_MAX_RANK) + " closed dimensions is expected";
  if (tensor.getEncoding() && !getEncoding(tensor))
    return "its encoding is none of hadal's";
  if (LayoutAttr layout = getLayout(tensor); layout && layout.getTiles().size() > HADAL_MAX_TILES)
    return "its layout has more than " + std::to_string(HADAL_MAX_TILES) + " tiles";
  if (ShardAttr shard = getShard(tensor); shard && shard.getGlobal() != tensor.getShape())
    return "it is a part of a tensor, and programs for many devices are not built yet";
  return "";
}

FailureOr<int64_t> PersistentTensors::add(Location loc, unsigned role, StringRef name, Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (std::string fault = findFault(tensor); !fault.empty())
    return emitError(loc) << "'" << name << "' has a type that a program cannot hold: " << type << "; " << fault;
  // An input or a result of another entry point may have the same name and another shape, and a parameter several
  // packed forms.
  bool isOneOfMany = role == HADAL_INPUT || role == HADAL_RESULT || role == HADAL_PACKED;
  Type key = isOneOfMany ? type : Type();
  auto [number, isNew] = numbers.try_emplace({role, StringAttr::get(type.getContext(), name), key}, tensors.size());
  if (!isNew) {
    if (tensors[number->second].type != tensor)
      return emitError(loc) << "'" << name << "' is " << tensor << " here and " << tensors[number->second].type
                            << " elsewhere";
    return number->second;
  }
  Tensor record{name.str(), role, tensor, ParameterOp(), int64_t(tensors.size()), false, false, loc};
  if (role <= HADAL_SECOND_MOMENT || role == HADAL_PACKED) {
    record.parameter = parameters.lookup(name);
    if (!record.parameter)
      return emitError(loc) << "names the parameter '" << name << "', which the module does not hold";
    record.owner = numbers.lookup({HADAL_PARAMETER, StringAttr::get(type.getContext(), name), Type()});
  }
  if (failed(addBounds(loc, name, type)))
    return failure();
  tensors.push_back(record);
  return tensors.size() - 1;
}

/// The numbers of open lengths; a number has one bound in the whole program.
LogicalResult PersistentTensors::addBounds(Location loc, StringRef name, Type type) {
  for (BoundAttr bound : getBounds(type)) {
    auto [known, isNew] = bounds.insert({bound.getNumber(), bound.getMost()});
    if (!isNew && known->second != bound.getMost())
      return emitError(loc) << "a length of '" << name << "' is the number '" << bound.getNumber().getValue()
                            << "', at most " << bound.getMost() << " here and " << known->second << " elsewhere";
  }
  return success();
}

LogicalResult PersistentTensors::gatherArguments(func::FuncOp entry) {
  for (unsigned index = 0; index < entry.getNumArguments(); ++index) {
    std::optional<ArgumentMeaning> meaning = getArgumentMeaning(entry, index);
    if (!meaning)
      return entry.emitError("argument ")
             << index << " of @" << entry.getSymName() << " does not say what it is ("
             << getRoleAttrName(ArgumentRole::Parameter) << ", " << getRoleAttrName(ArgumentRole::Input) << ", ...)";
    FailureOr<int64_t> number = add(entry.getArgument(index).getLoc(), getTensorRole(meaning->role), meaning->name,
                                    entry.getArgumentTypes()[index]);
    if (failed(number))
      return failure();
    arguments[{entry, index}] = *number;
    tensors[*number].isRead |= !getLoadedParameter(entry);
  }
  return success();
}

LogicalResult PersistentTensors::gatherResults(func::FuncOp entry) {
  for (unsigned index = 0; index < entry.getNumResults(); ++index) {
    if (getTiedArgument(entry, index))
      continue;
    Type type = entry.getResultTypes()[index];
    if (FlatSymbolRefAttr parameter = getPackedResult(entry, index)) {
      FailureOr<int64_t> number = add(entry.getLoc(), HADAL_PACKED, parameter.getValue(), type);
      if (failed(number))
        return failure();
      results[{entry, index}] = *number;
      if (!getLoadedParameter(entry))
        continue;
      if (std::exchange(tensors[*number].isMade, true))
        return entry.emitError("result ")
               << index << " of @" << entry.getSymName() << " is a packed form that is made already";
      tensors[tensors[*number].owner].isMade = true;
      continue;
    }
    StringAttr name = hadal::getResultName(entry, index);
    if (!name)
      return entry.emitError("result ") << index << " of @" << entry.getSymName()
                                        << " is neither tied to an argument nor named (hadal.result)";
    Type element = getElementTypeOrSelf(type);
    if (!element.isF32() && !element.isInteger(32))
      return entry.emitError("result ") << index << " of @" << entry.getSymName() << " ('" << name.getValue()
                                        << "') has elements of " << element << ": the runtime reads f32 and i32";
    FailureOr<int64_t> number = add(entry.getLoc(), HADAL_RESULT, name, type);
    if (failed(number))
      return failure();
    results[{entry, index}] = *number;
  }
  return success();
}

/// What an entry point makes of a parameter, it makes of the parameter's packed forms as well: they would hold old
/// numbers otherwise.
LogicalResult PersistentTensors::checkForms(func::FuncOp entry) const {
  DenseSet<int64_t> written, owners;
  for (unsigned index = 0; index < entry.getNumResults(); ++index) {
    if (auto result = results.find({entry, index}); result != results.end())
      written.insert(result->second);
    std::optional<unsigned> tied = getTiedArgument(entry, index);
    if (int64_t number = tied ? ofArgument(entry, *tied) : -1; tied && tensors[number].role == HADAL_PARAMETER)
      owners.insert(number);
  }
  for (auto [number, tensor] : llvm::enumerate(tensors))
    if (tensor.role == HADAL_PACKED && owners.contains(tensor.owner) && !written.contains(number))
      return entry.emitError("@") << entry.getSymName() << " writes '" << tensor.name << "' and not its packed form "
                                  << tensor.type << ": the form would hold what the parameter was";
  return success();
}

LogicalResult PersistentTensors::gather(ModuleOp module) {
  for (auto parameter : module.getOps<ParameterOp>()) {
    parameters[parameter.getSymName()] = parameter;
    if (failed(add(parameter.getLoc(), HADAL_PARAMETER, parameter.getSymName(), parameter.getType())))
      return failure();
  }
  for (auto entry : module.getOps<func::FuncOp>()) {
    if (entry.isExternal())
      return entry.emitError("the entry point @") << entry.getSymName() << " has no body";
    if (failed(gatherArguments(entry)) || failed(gatherResults(entry)))
      return failure();
  }
  for (auto entry : module.getOps<func::FuncOp>())
    if (failed(checkForms(entry)))
      return failure();
  for (const Tensor &tensor : tensors)
    if (tensor.role == HADAL_PACKED && !tensor.isMade)
      return emitError(tensor.loc) << "reads a packed form of '" << tensor.name << "', " << tensor.type
                                   << ", which no entry point makes when the parameter is loaded (" << loadsAttrName
                                   << ")";
  return success();
}

SmallVector<int64_t> PersistentTensors::getInputs(func::FuncOp entry) const {
  llvm::SetVector<int64_t> inputs;
  for (unsigned index = 0; index < entry.getNumArguments(); ++index) {
    int64_t number = ofArgument(entry, index);
    if (tensors[number].role == HADAL_INPUT || tensors[number].role == HADAL_SCALAR)
      inputs.insert(number);
  }
  return inputs.takeVector();
}

SmallVector<int64_t> PersistentTensors::getResults(func::FuncOp entry) const {
  llvm::SetVector<int64_t> found;
  for (unsigned index = 0; index < entry.getNumResults(); ++index)
    if (auto result = results.find({entry, index});
        result != results.end() && tensors[result->second].role == HADAL_RESULT)
      found.insert(result->second);
  return found.takeVector();
}

int64_t PersistentTensors::getLoaded(func::FuncOp entry) const {
  FlatSymbolRefAttr parameter = getLoadedParameter(entry);
  return parameter ? numbers.lookup({HADAL_PARAMETER, parameter.getAttr(), Type()}) : HADAL_NONE;
}

std::vector<rows::number> PersistentTensors::writeNumbers(TableWriter &writer) const {
  std::vector<rows::number> rows;
  for (auto [name, bound] : bounds)
    rows.push_back({.name = writer.string(name.getValue()), .bound = bound});
  return rows;
}

rows::tensor PersistentTensors::writeRow(const Tensor &tensor, unsigned index, TableWriter &writer) const {
  ParameterOp parameter = tensor.role == HADAL_PARAMETER ? tensor.parameter : ParameterOp();
  SmallVector<Attribute> aliases;
  if (parameter && parameter.getAliases())
    for (StringRef alias : parameter.getAliases()->getAsValueRange<StringAttr>())
      aliases.push_back(writer.string(alias));
  SmallVector<int64_t> extents(HADAL_MAX_RANK, HADAL_NONE), dimensions = getBoundedShape(tensor.type);
  for (auto [dimension, bound] : llvm::enumerate(getBoundOfEachDimension(tensor.type)))
    if (bound)
      extents[dimension] = std::distance(bounds.begin(), bounds.find(bound.getNumber()));
  LayoutAttr layout = getLayout(tensor.type);
  ShardAttr shard = getShard(tensor.type);
  auto ofLayout = [&](auto get) { return layout ? (layout.*get)() : ArrayRef<int64_t>(); };
  bool isExchanged = tensor.role == HADAL_INPUT || tensor.role == HADAL_RESULT;
  bool isPackedOnly = parameter && !tensor.isRead && tensor.isMade;
  return {.name = writer.string(tensor.name),
          .role = tensor.role,
          .element_type = *getElementType(tensor.type.getElementType()),
          .lifetime = isExchanged    ? HADAL_RUN
                      : isPackedOnly ? HADAL_LOADING
                                     : HADAL_SESSION,
          .layout = layout ? HADAL_TILED : HADAL_ROW_MAJOR,
          .order = ofLayout(&LayoutAttr::getOuter),
          .tile_count = int64_t(ofLayout(&LayoutAttr::getTiles).size()),
          .tile_dimensions = ofLayout(&LayoutAttr::getInner),
          .tiles = ofLayout(&LayoutAttr::getTiles),
          .rank = tensor.type.getRank(),
          .initializer = parameter ? int64_t(parameter.getInitializer()) : 0,
          .dimensions = ArrayRef<int64_t>(dimensions),
          .extents = ArrayRef<int64_t>(extents),
          .global_dimensions = shard ? shard.getGlobal() : ArrayRef<int64_t>(dimensions),
          .box_offsets = shard ? shard.getOffsets() : ArrayRef<int64_t>(),
          .initializer_std = parameter ? parameter.getStd().convertToDouble() : 0.0,
          .owner = tensor.owner,
          .trainable = parameter && parameter.getTrainable(),
          .alias_count = int64_t(aliases.size()),
          .aliases = writer.pointers("aliases." + std::to_string(index), aliases)};
}

Attribute PersistentTensors::write(TableWriter &writer) const {
  std::vector<rows::tensor> rows;
  for (auto [index, tensor] : llvm::enumerate(tensors))
    rows.push_back(writeRow(tensor, index, writer));
  return writer.table("tensors", rows);
}
