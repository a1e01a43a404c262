//===- Places.h - lines of the model, by number -------------------------------------------------------------------===//
//
// The places that a report names, each once, and the text of the files that they lie in, as far as these are at hand.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_REPORT_PLACES_H
#define HADAL_CODEGEN_REPORT_PLACES_H

#include "codegen/Report/ProgramFacts.h"
#include "llvm/Support/JSON.h"
#include <map>

namespace hadal {

class Places {
public:
  int64_t number(const Place &place);
  /// Of each place its file and line; of each file its lines, or nothing where it cannot be read any more. Of a long
  /// file (a phase that was resumed rather than a model) only the lines that are named.
  llvm::json::Array list() const;
  llvm::json::Array listFiles() const;

private:
  std::map<Place, int64_t> numbers;
  std::vector<Place> places;
};

} // namespace hadal

#endif // HADAL_CODEGEN_REPORT_PLACES_H
