//===- ChoiceFile.h - choices that a file names -------------------------------------------------------------------===//
//
// A JSON document as --print-config=json and hadal-tune write it:
//
//   {"kernels": [{"hash": "51a7...", "strategy": "packed_register_tiles", "form": "product_tiles",
//                 "choice": {"rows": 14, "vectors": 2, "row_block": 112, "column_block": 512}}, ...]}
//
// Other members are for people. A kernel whose hash is not there is selected for as ever; an entry whose kernel is not
// there is for another program.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_CHOICEFILE_H
#define HADAL_CODEGEN_SELECTION_CHOICEFILE_H

#include "codegen/Selection/Select.h"
#include "llvm/ADT/StringMap.h"

namespace hadal {

class ChoiceFile {
public:
  /// Reads a file; diagnostics with their places in it.
  static mlir::FailureOr<ChoiceFile> read(mlir::MLIRContext *context, llvm::StringRef path);

  /// What the file says of the kernel, or what is selected where it says nothing.
  mlir::FailureOr<Selection> select(const KernelAnatomy &anatomy, const TargetDescription &target);
  /// One remark about the entries that no kernel has asked for, if there are any.
  void noteUnused(mlir::MLIRContext *context) const;

private:
  struct Entry {
    std::string strategy, form;
    llvm::json::Object fields;
    mlir::Location location;
    bool isUsed = false;
  };
  mlir::LogicalResult add(const llvm::json::Value &value, size_t index, llvm::StringRef text,
                          mlir::MLIRContext *context);

  std::string path;
  llvm::StringMap<Entry> entries;
};

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_CHOICEFILE_H
