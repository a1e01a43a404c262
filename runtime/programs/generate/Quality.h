// How near a program's probabilities are to those that another program of the same model has written (--logits): its
// tokens are given, and each row of logits is compared with the row behind the same tokens.
#ifndef HADAL_RUNTIME_PROGRAMS_GENERATE_QUALITY_H
#define HADAL_RUNTIME_PROGRAMS_GENERATE_QUALITY_H

#include "runtime/io/Safetensors.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hadal {

struct QualityFigures {
  double meanDivergence = 0, agreement = 0;
  int64_t tokens = 0;
};

class Quality {
public:
  /// Fails where the file is none of --logits for this vocabulary.
  Quality(const std::filesystem::path &path, int64_t vocabulary);

  /// How many tokens there are of a text; 0 for one that the file does not have.
  int64_t tokensOf(size_t text) const;
  /// Token number `place` of a text, which the program is to go on with.
  int32_t tokenAt(size_t text, size_t place) const;
  /// Compares the logits that token number `place` would be drawn by.
  void compare(size_t text, size_t place, std::span<const float> logits);

  /// What was found: the mean of the divergences, and how often the likeliest token was the same.
  QualityFigures figures() const;

private:
  const SafetensorsEntry *find(size_t text, const char *what) const;

  SafetensorsFile file;
  int64_t vocabulary;
  std::vector<float> row;
  double divergence = 0;
  int64_t rows = 0, agreed = 0;
};

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_GENERATE_QUALITY_H
