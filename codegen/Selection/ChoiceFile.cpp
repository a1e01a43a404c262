//===- ChoiceFile.cpp - choices that a file names -----------------------------------------------------------------===//
//
// The reader of JSON keeps no places, so an entry's place is that of its hash in the text.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/ChoiceFile.h"
#include "codegen/Anatomy/KernelAnatomy.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace hadal;

/// The place of a position in a text.
static Location findLocation(MLIRContext *context, StringRef path, StringRef text, size_t position) {
  StringRef before = text.take_front(position);
  size_t lineStart = before.rfind('\n');
  return FileLineColLoc::get(context, path, before.count('\n') + 1,
                             position - (lineStart == StringRef::npos ? 0 : lineStart + 1) + 1);
}

/// What the reader of JSON says begins with a place: `[4:3, byte=60]: Expected , or ] after array element`.
static LogicalResult complainAboutJSON(MLIRContext *context, StringRef path, StringRef message) {
  unsigned line = 1, column = 1;
  StringRef rest = message;
  if (rest.consume_front("[") && !rest.consumeInteger(10, line) && rest.consume_front(":") &&
      !rest.consumeInteger(10, column))
    message = rest.split("]: ").second;
  return emitError(FileLineColLoc::get(context, path, line, column), "is no JSON: ") << message;
}

FailureOr<ChoiceFile> ChoiceFile::read(MLIRContext *context, StringRef path) {
  Location whole = FileLineColLoc::get(context, path, 1, 1);
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer)
    return emitError(UnknownLoc::get(context), "cannot read the choices in ")
           << path << ": " << buffer.getError().message();
  StringRef text = (*buffer)->getBuffer();
  llvm::Expected<llvm::json::Value> document = llvm::json::parse(text);
  if (!document)
    return complainAboutJSON(context, path, llvm::toString(document.takeError()));
  const llvm::json::Object *object = document->getAsObject();
  const llvm::json::Array *kernels = object ? object->getArray("kernels") : nullptr;
  if (!kernels)
    return emitError(whole, "has no list 'kernels': give a file that --print-config=json or hadal-tune has written");
  ChoiceFile file;
  file.path = path.str();
  for (auto [index, value] : llvm::enumerate(*kernels))
    if (failed(file.add(value, index, text, context)))
      return failure();
  return file;
}

LogicalResult ChoiceFile::add(const llvm::json::Value &value, size_t index, StringRef text, MLIRContext *context) {
  const llvm::json::Object *object = value.getAsObject();
  std::optional<StringRef> hash = object ? object->getString("hash") : std::nullopt;
  if (!hash)
    return emitError(FileLineColLoc::get(context, path, 1, 1), "kernels[")
           << index << "] has no 'hash': it names the kernel, as --print-config=json prints it";
  size_t position = text.find(("\"" + *hash + "\"").str());
  Location location = position == StringRef::npos ? Location(FileLineColLoc::get(context, path, 1, 1))
                                                  : findLocation(context, path, text, position);
  std::optional<StringRef> strategy = object->getString("strategy"), form = object->getString("form");
  const llvm::json::Object *fields = object->getObject("choice");
  if (!strategy)
    return emitError(location, "the kernel ") << *hash << " has no 'strategy'";
  if (bool(form) != bool(fields))
    return emitError(location, "the kernel ")
           << *hash << " has a '" << (form ? "form" : "choice") << "' and no '" << (form ? "choice" : "form") << "'";
  Entry entry{strategy->str(), form.value_or("").str(), fields ? *fields : llvm::json::Object(), location};
  if (!entries.try_emplace(*hash, std::move(entry)).second)
    return emitError(location, "the kernel ") << *hash << " is named twice";
  return success();
}

FailureOr<Selection> ChoiceFile::select(const KernelAnatomy &anatomy, const TargetDescription &target) {
  KernelOp kernel = anatomy.kernel();
  auto found = entries.find(hashKernel(kernel, target));
  if (found == entries.end())
    return hadal::select(anatomy, target);
  Entry &entry = found->second;
  entry.isUsed = true;
  auto emitError = [&] {
    return mlir::emitError(entry.location, "the choice for '") << kernel.getSymName() << "' is wrong: ";
  };
  ChoiceInterface choice;
  if (!entry.form.empty()) {
    choice = makeChoice(kernel.getContext(), entry.form, entry.fields, emitError);
    if (!choice)
      return failure();
  }
  FailureOr<Selection> selection = selectNamed(anatomy, target, entry.strategy, choice, emitError);
  if (succeeded(selection))
    selection->source = path;
  return selection;
}

void ChoiceFile::noteUnused(MLIRContext *context) const {
  size_t unused = llvm::count_if(entries, [](const auto &entry) { return !entry.second.isUsed; });
  if (unused > 0)
    emitRemark(FileLineColLoc::get(context, path, 1, 1))
        << unused << " of " << entries.size()
        << " choices are for kernels that this program does not have on this target, and were ignored";
}
