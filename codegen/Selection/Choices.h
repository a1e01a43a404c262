//===- Choices.h - what strategies choose -------------------------------------------------------------------------===//
//
// The attributes of Choices.td, in the dialect `kernel`, and what reads and writes them field by field: a choice in a
// file (ChoiceFiles.h) is an object with the same fields as the attribute.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_CHOICES_H
#define HADAL_CODEGEN_SELECTION_CHOICES_H

#include "mlir/IR/Attributes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Dialect.h"
#include "llvm/Support/JSON.h"
#include <variant>

namespace hadal {

/// A field's value: a number, a truth value, or a choice again (null where an optional one is missing).
using FieldValue = std::variant<int64_t, bool, mlir::Attribute>;
using FieldVisitor = llvm::function_ref<void(llvm::StringRef name, FieldValue value)>;
using EmitError = llvm::function_ref<mlir::InFlightDiagnostic()>;

class FieldReader;

} // namespace hadal

#include "codegen/Selection/ChoiceInterfaces.h.inc"
#include "codegen/Selection/ChoicesDialect.h.inc"
#define GET_ATTRDEF_CLASSES
#include "codegen/Selection/ChoiceAttributes.h.inc"

namespace hadal {

/// Reads the fields of one choice from a JSON object. What is missing, superfluous or of another kind is said once.
class FieldReader {
public:
  FieldReader(mlir::MLIRContext *context, const llvm::json::Object &object, EmitError emitError)
      : context(context), object(object), emitError(emitError) {}

  void read(llvm::StringRef name, int64_t &value);
  void read(llvm::StringRef name, bool &value);
  /// A choice within: null when it is missing, which is for the choice around it to judge.
  template <typename Choice> void read(llvm::StringRef name, Choice &value) {
    if (const llvm::json::Object *within = readObject(name)) {
      FieldReader reader(context, *within, emitError);
      value = Choice::fromFields(context, reader);
      isGood &= bool(value);
    }
  }
  /// The choice that `make` makes of the fields when all of them are good and no other is there; else null.
  template <typename Make> auto finish(Make make) -> decltype(make()) {
    return checkNames() ? make() : decltype(make()){};
  }
  EmitError getEmitError() const { return emitError; }

private:
  const llvm::json::Object *readObject(llvm::StringRef name);
  void complain(const llvm::Twine &what);
  bool checkNames();

  mlir::MLIRContext *context;
  const llvm::json::Object &object;
  EmitError emitError;
  llvm::SmallVector<llvm::StringRef> names;
  bool isGood = true;
};

/// A choice's fields: `rows = 14, tiles = {...}`; nothing for null.
void printChoice(llvm::raw_ostream &stream, ChoiceInterface choice);
/// A choice as a JSON object of its fields.
llvm::json::Object toJSON(ChoiceInterface choice);
/// The choice of a form (`product_tiles`) with the fields of an object; null after a diagnostic.
ChoiceInterface makeChoice(mlir::MLIRContext *context, llvm::StringRef form, const llvm::json::Object &fields,
                           EmitError emitError);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_CHOICES_H
