//===- Places.cpp - lines of the model, by number -----------------------------------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Report/Places.h"
#include "llvm/Support/LineIterator.h"
#include "llvm/Support/MemoryBuffer.h"
#include <set>

using namespace mlir;
using namespace hadal;

int64_t Places::number(const Place &place) {
  auto [found, isNew] = numbers.try_emplace(place, places.size());
  if (isNew)
    places.push_back(place);
  return found->second;
}

llvm::json::Array Places::list() const {
  llvm::json::Array list;
  for (const Place &place : places)
    list.push_back(llvm::json::Object{{"file", place.file}, {"line", int64_t(place.line)}});
  return list;
}

/// [line, text] of a file: all of it, or the lines that are named.
static llvm::json::Array readLines(StringRef path, const std::set<unsigned> &named) {
  constexpr size_t longest = 64 << 10;
  llvm::json::Array lines;
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> file = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!file)
    return lines;
  bool isShort = (*file)->getBufferSize() <= longest;
  for (llvm::line_iterator line(**file, /*SkipBlanks=*/false); !line.is_at_eof(); ++line)
    if (unsigned number = line.line_number(); isShort || named.contains(number))
      lines.push_back(llvm::json::Array{int64_t(number), llvm::json::fixUTF8(line->take_front(400))});
  return lines;
}

llvm::json::Array Places::listFiles() const {
  std::map<std::string, std::set<unsigned>> files;
  for (const Place &place : places)
    files[place.file].insert(place.line);
  llvm::json::Array list;
  for (const auto &[path, named] : files)
    list.push_back(llvm::json::Object{{"path", path}, {"lines", readLines(path, named)}});
  return list;
}
