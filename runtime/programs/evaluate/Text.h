// A text cut into documents, and documents into windows that a model reads.
//
// A document is scored by itself: its first token has no context and is not scored, every other one is a target. A
// window holds at most T inputs and the target that follows each. Window k of a document has its tokens k T to k T + T:
// the windows of a file that is one document are the samples of training (io/TokenFile.h), and one more where the last
// targets do not fill a window.
#ifndef HADAL_RUNTIME_PROGRAMS_EVALUATE_TEXT_H
#define HADAL_RUNTIME_PROGRAMS_EVALUATE_TEXT_H

#include "runtime/io/TokenFile.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace hadal {

/// Inputs [first, first + targets) of the file, and the targets one place behind them.
struct Window {
  uint64_t first;
  uint64_t targets; // 1 to T
};

class Text {
public:
  /// `separator` ends a document and belongs to it; without one the file is one document. Reads the whole file then.
  Text(const TokenFile &file, int64_t sequenceLength, std::optional<int32_t> separator);

  /// Where documents begin in the file; the last entry is the file's end. A file without tokens has no document.
  const std::vector<uint64_t> &boundaries() const { return starts; }
  uint64_t documents() const { return starts.size() - 1; }
  uint64_t windows() const { return windowCount; }
  uint64_t targets() const { return targetCount; }

  /// Walks over all windows in the order of the file.
  class Cursor {
  public:
    explicit Cursor(const Text &text) : text(text) {}
    /// The next window; nothing behind the last one.
    std::optional<Window> next();

  private:
    const Text &text;
    size_t document = 0;
    uint64_t offset = 0; // within the document
  };

private:
  std::vector<uint64_t> starts;
  uint64_t length; // T
  uint64_t windowCount = 0, targetCount = 0;

  void findDocuments(const TokenFile &file, int32_t separator);
};

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_EVALUATE_TEXT_H
