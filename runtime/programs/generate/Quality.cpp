// KL(p, q) = Σ p (log p - log q), with p of the file and q of the program, in f64.
#include "runtime/programs/generate/Quality.h"

#include "runtime/core/Error.h"
#include "runtime/core/Program.h"

#include <algorithm>
#include <cmath>

namespace hadal {

/// log Σ exp of a row.
static double logSumExp(std::span<const float> logits) {
  double largest = *std::ranges::max_element(logits), sum = 0;
  for (float logit : logits)
    sum += std::exp(logit - largest);
  return largest + std::log(sum);
}

static size_t likeliest(std::span<const float> logits) {
  return static_cast<size_t>(std::ranges::max_element(logits) - logits.begin());
}

Quality::Quality(const std::filesystem::path &path, int64_t vocabulary)
    : file(path), vocabulary(vocabulary), row(static_cast<size_t>(vocabulary)) {
  const SafetensorsEntry *logits = find(0, "logits"), *tokens = find(0, "tokens");
  if (!logits || !tokens || logits->dtype != "F32" || tokens->dtype != "I32")
    fail(HADAL_EXIT_INPUT, "--quality: '", path.string(),
         "' has no logits and tokens of a text: give what a program has written with --logits");
  for (size_t text = 0; (logits = find(text, "logits")); ++text) {
    tokens = find(text, "tokens");
    std::vector<int64_t> expected{tokens && !tokens->shape.empty() ? tokens->shape[0] : 0, vocabulary};
    if (logits->shape != expected)
      fail(HADAL_EXIT_INPUT, "--quality: '", path.string(), "' has logits of the shape ", describeShape(logits->shape),
           " for text ", text, ", this program needs ", describeShape(expected),
           ": they have to be of the same model, one row for each token");
  }
}

const SafetensorsEntry *Quality::find(size_t text, const char *what) const {
  auto found = file.entries().find(concat(text, ".", what));
  return found == file.entries().end() ? nullptr : &found->second;
}

int64_t Quality::tokensOf(size_t text) const {
  const SafetensorsEntry *tokens = find(text, "tokens");
  return tokens ? tokens->shape[0] : 0;
}

int32_t Quality::tokenAt(size_t text, size_t place) const {
  int32_t token = 0;
  file.read(*find(text, "tokens"), place * sizeof token, std::as_writable_bytes(std::span(&token, 1)));
  if (token < 0 || token >= vocabulary)
    fail(HADAL_EXIT_INPUT, file.path().string(), ": token ", place, " of text ", text, " is ", token,
         "; the model's vocabulary has ", vocabulary, " tokens");
  return token;
}

void Quality::compare(size_t text, size_t place, std::span<const float> logits) {
  file.read(*find(text, "logits"), place * row.size() * sizeof(float), std::as_writable_bytes(std::span(row)));
  double ofFile = logSumExp(row), own = logSumExp(logits), sum = 0;
  for (size_t token = 0; token < row.size(); ++token)
    if (double said = row[token] - ofFile; said > -700)
      sum += std::exp(said) * (said - (logits[token] - own));
  divergence += sum;
  agreed += likeliest(row) == likeliest(logits);
  ++rows;
}

QualityFigures Quality::figures() const {
  double count = static_cast<double>(std::max<int64_t>(rows, 1));
  return {divergence / count, static_cast<double>(agreed) / count, rows};
}

} // namespace hadal
