//===- OutputFile.h - files that are written whole ----------------------------------------------------------------===//
//
// Declares how the tools write: to a temporary file with a name of its own in the folder of the output, which takes the
// output's place when it is complete. Two processes that write the same output do not meet, and what fails or is
// interrupted leaves what was there before.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SUPPORT_OUTPUTFILE_H
#define HADAL_CODEGEN_SUPPORT_OUTPUTFILE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <optional>
#include <string>

namespace hadal {

/// A file that is going to take the place of another. Unless committed, it is removed, also when a signal ends the
/// process.
class OutputFile {
public:
  /// `suffix` ends the temporary's name. Fails, naming the output, when no file could be written there: the folder does
  /// not exist or may not be written, the name is too long.
  static llvm::Expected<OutputFile> create(llvm::StringRef path, llvm::StringRef suffix = "");
  OutputFile(OutputFile &&) = default;
  ~OutputFile();

  /// The temporary file, which may be written by another program.
  llvm::StringRef getTemporary() const { return temporary->TmpName; }
  /// The same, to be written here.
  int getDescriptor() const { return temporary->FD; }
  /// Puts the temporary file in the place of the output; of what a symbolic link leads to.
  llvm::Error commit();

private:
  OutputFile(llvm::StringRef path, llvm::sys::fs::TempFile file) : path(path), temporary(std::move(file)) {}

  std::string path;
  std::optional<llvm::sys::fs::TempFile> temporary;
};

/// Whether a file may take the place of what is at the path, if anything is: not of /dev/null or a pipe, nor of "-",
/// standard output.
bool isReplaceable(llvm::StringRef path);

/// Writes a whole file by way of an OutputFile. What is not replaceable is written straight into.
llvm::Error writeFile(llvm::StringRef path, llvm::function_ref<llvm::Error(llvm::raw_pwrite_stream &)> write);
llvm::Error writeFile(llvm::StringRef path, llvm::StringRef text);

/// Fails as `writeFile` would, before there is anything to write.
llvm::Error requireWritable(llvm::StringRef path);

/// A file for another program to read or write, where TMPDIR says. It is removed at the end, also by a signal.
class TemporaryFile {
public:
  /// Fails, naming the folder, when there cannot be one. `suffix` ends its name, behind a dot.
  static llvm::Expected<TemporaryFile> create(llvm::StringRef suffix);
  TemporaryFile(TemporaryFile &&other) : path(std::move(other.path)) { other.path.clear(); }
  ~TemporaryFile();

  llvm::StringRef getPath() const { return path; }
  llvm::Error write(llvm::StringRef text) const;

private:
  explicit TemporaryFile(llvm::StringRef path) : path(path) {}

  std::string path;
};

} // namespace hadal

#endif // HADAL_CODEGEN_SUPPORT_OUTPUTFILE_H
