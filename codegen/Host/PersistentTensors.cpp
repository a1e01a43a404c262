//===- PersistentTensors.cpp - the tensors that outlive a step ----------------------------------------------------===//
//
// Numbers parameters first, in the order of the program, then whatever else the entry points name, in the order in
// which they name it. Arguments of several entry points that name the same tensor are one tensor.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "codegen/Host/Descriptor.h"
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
  return std::nullopt;
}

FailureOr<int64_t> PersistentTensors::add(Location loc, unsigned role, StringRef name, Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape() || tensor.getRank() > HADAL_MAX_RANK ||
      !getElementType(tensor.getElementType()))
    return emitError(loc) << "'" << name << "' has a type that a program cannot hold: " << type
                          << "; a tensor of at most " << HADAL_MAX_RANK << " closed dimensions is expected";
  // An input or a result of another entry point may have the same name and another shape.
  Type key = role == HADAL_INPUT || role == HADAL_RESULT ? type : Type();
  auto [number, isNew] = numbers.try_emplace({role, StringAttr::get(type.getContext(), name), key}, tensors.size());
  if (!isNew) {
    if (tensors[number->second].type != tensor)
      return emitError(loc) << "'" << name << "' is " << tensor << " here and " << tensors[number->second].type
                            << " elsewhere";
    return number->second;
  }
  Tensor record{name.str(), role, tensor, ParameterOp(), int64_t(tensors.size())};
  if (role <= HADAL_SECOND_MOMENT) {
    record.parameter = parameters.lookup(name);
    if (!record.parameter)
      return emitError(loc) << "names the parameter '" << name << "', which the module does not hold";
    record.owner = numbers.lookup({HADAL_PARAMETER, StringAttr::get(type.getContext(), name), Type()});
  }
  tensors.push_back(record);
  return number->second;
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
    }
    for (unsigned index = 0; index < entry.getNumResults(); ++index) {
      if (getTiedArgument(entry, index))
        continue;
      StringAttr name = hadal::getResultName(entry, index);
      if (!name)
        return entry.emitError("result ")
               << index << " of @" << entry.getSymName() << " is neither tied to an argument nor named (hadal.result)";
      Type element = getElementTypeOrSelf(entry.getResultTypes()[index]);
      if (!element.isF32() && !element.isInteger(32))
        return entry.emitError("result ") << index << " of @" << entry.getSymName() << " ('" << name.getValue()
                                          << "') has elements of " << element << ": the runtime reads f32 and i32";
      FailureOr<int64_t> number = add(entry.getLoc(), HADAL_RESULT, name, entry.getResultTypes()[index]);
      if (failed(number))
        return failure();
      results[{entry, index}] = *number;
    }
  }
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
    if (auto result = results.find({entry, index}); result != results.end())
      found.insert(result->second);
  return found.takeVector();
}

Attribute PersistentTensors::write(TableWriter &writer) const {
  std::vector<rows::tensor> rows;
  SmallVector<int64_t> closed(HADAL_MAX_RANK, HADAL_NONE);
  for (const Tensor &tensor : tensors) {
    SmallVector<Attribute> aliases;
    ParameterOp parameter = tensor.role == HADAL_PARAMETER ? tensor.parameter : ParameterOp();
    if (parameter && parameter.getAliases())
      for (StringRef alias : parameter.getAliases()->getAsValueRange<StringAttr>())
        aliases.push_back(writer.string(alias));
    rows.push_back({.name = writer.string(tensor.name),
                    .role = tensor.role,
                    .element_type = *getElementType(tensor.type.getElementType()),
                    .lifetime = tensor.role == HADAL_INPUT || tensor.role == HADAL_RESULT ? HADAL_RUN : HADAL_SESSION,
                    .layout = HADAL_ROW_MAJOR,
                    .rank = tensor.type.getRank(),
                    .initializer = parameter ? int64_t(parameter.getInitializer()) : 0,
                    .dimensions = tensor.type.getShape(),
                    .extents = ArrayRef<int64_t>(closed),
                    .global_dimensions = tensor.type.getShape(),
                    .box_offsets = ArrayRef<int64_t>(),
                    .initializer_std = parameter ? parameter.getStd().convertToDouble() : 0.0,
                    .owner = tensor.owner,
                    .trainable = parameter && parameter.getTrainable(),
                    .alias_count = int64_t(aliases.size()),
                    .aliases = writer.pointers("aliases." + std::to_string(rows.size()), aliases)});
  }
  return writer.table("tensors", rows);
}
