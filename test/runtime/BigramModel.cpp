// Kernels and tables of the bigram model.
#include "test/runtime/BigramModel.h"

#include <algorithm>
#include <cmath>

namespace hadal::test {
namespace {

constexpr int64_t vocabulary = BigramModel::vocabulary, experts = BigramModel::experts, rows = BigramModel::rows;
constexpr int64_t sequence = BigramModel::sequence, ahead = BigramModel::ahead;

template <class Element> Element *as(void *const *arguments, int index) {
  return static_cast<Element *>(arguments[index]);
}

/// Probabilities of a row; returns the token of the row.
const int32_t *softmaxRow(const int32_t *tokens, const float *table, const float *expertRows, int64_t row,
                          float *probabilities) {
  const int32_t *token = tokens + row / sequence * (sequence + ahead) + row % sequence;
  float maximum = -INFINITY, sum = 0;
  for (int64_t v = 0; v < vocabulary; ++v) {
    probabilities[v] = table[*token * vocabulary + v];
    for (int64_t e = 0; e < experts; ++e)
      probabilities[v] += expertRows[e * vocabulary + v];
    maximum = std::max(maximum, probabilities[v]);
  }
  for (int64_t v = 0; v < vocabulary; ++v)
    sum += probabilities[v] = std::exp(probabilities[v] - maximum);
  for (int64_t v = 0; v < vocabulary; ++v)
    probabilities[v] /= sum;
  return token;
}

// tokens, table, experts, loss_scale, mtp_loss_weight, main of rows, mtp of rows, gradient of rows
void forward(void *const *arguments, int64_t, int64_t first, int64_t end, void *) {
  float scale = *as<float>(arguments, 3) / rows, weight = *as<float>(arguments, 4);
  for (int64_t row = first; row < end; ++row) {
    float *gradient = as<float>(arguments, 7) + row * vocabulary;
    const int32_t *token =
        softmaxRow(as<int32_t>(arguments, 0), as<float>(arguments, 1), as<float>(arguments, 2), row, gradient);
    as<float>(arguments, 5)[row] = -std::log(gradient[token[1]]);
    as<float>(arguments, 6)[row] = -std::log(gradient[token[2]]);
    for (int64_t v = 0; v < vocabulary; ++v)
      gradient[v] = scale * (gradient[v] - (v == token[1]) + weight * (gradient[v] - (v == token[2])));
  }
}

// tokens, table, experts, main of rows
void evaluateRows(void *const *arguments, int64_t, int64_t first, int64_t end, void *scratch) {
  float *probabilities = static_cast<float *>(scratch);
  for (int64_t row = first; row < end; ++row) {
    const int32_t *token =
        softmaxRow(as<int32_t>(arguments, 0), as<float>(arguments, 1), as<float>(arguments, 2), row, probabilities);
    as<float>(arguments, 3)[row] = -std::log(probabilities[token[1]]);
  }
}

/// The first micro-batch of a step clears what the step before has left.
void startSum(float *sum, int64_t elements, float adds) {
  if (adds == 0)
    std::fill_n(sum, elements, 0.0f);
}

// tokens, gradient of rows, gradient of the table, adds_to_gradients
void tableGradient(void *const *arguments, int64_t, int64_t first, int64_t end, void *) {
  const int32_t *tokens = as<int32_t>(arguments, 0);
  startSum(as<float>(arguments, 2) + first * vocabulary, (end - first) * vocabulary, *as<float>(arguments, 3));
  for (int64_t token = first; token < end; ++token)
    for (int64_t row = 0; row < rows; ++row)
      if (tokens[row / sequence * (sequence + ahead) + row % sequence] == token)
        for (int64_t v = 0; v < vocabulary; ++v)
          as<float>(arguments, 2)[token * vocabulary + v] += as<float>(arguments, 1)[row * vocabulary + v];
}

// gradient of rows, gradient of the experts, load, adds_to_gradients
void expertGradient(void *const *arguments, int64_t, int64_t first, int64_t end, void *) {
  startSum(as<float>(arguments, 1) + first * vocabulary, (end - first) * vocabulary, *as<float>(arguments, 3));
  for (int64_t e = first; e < end; ++e) {
    as<float>(arguments, 2)[e] += static_cast<float>(e);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t v = 0; v < vocabulary; ++v)
        as<float>(arguments, 1)[e * vocabulary + v] += as<float>(arguments, 0)[row * vocabulary + v];
  }
}

float meanOfRows(const float *values) {
  float sum = 0;
  for (int64_t row = 0; row < rows; ++row)
    sum += values[row];
  return sum / rows;
}

// main of rows, mtp of rows, mtp_loss_weight, loss, loss.main, loss.mtp
void sumLosses(void *const *arguments, int64_t, int64_t, int64_t, void *) {
  float main = meanOfRows(as<float>(arguments, 0)), prediction = meanOfRows(as<float>(arguments, 1));
  *as<float>(arguments, 3) = main + *as<float>(arguments, 2) * prediction;
  *as<float>(arguments, 4) = main;
  *as<float>(arguments, 5) = prediction;
}

// main of rows, loss.main
void sumMain(void *const *arguments, int64_t, int64_t, int64_t, void *) {
  *as<float>(arguments, 1) = meanOfRows(as<float>(arguments, 0));
}

// gradient of the table, gradient of the experts, clip_norm, gradient_norm, gradient_scale
void gradientNorm(void *const *arguments, int64_t, int64_t, int64_t, void *) {
  double sum = 0;
  for (int64_t i = 0; i < vocabulary * vocabulary; ++i)
    sum += std::pow(as<float>(arguments, 0)[i], 2);
  for (int64_t i = 0; i < experts * vocabulary; ++i)
    sum += std::pow(as<float>(arguments, 1)[i], 2);
  float norm = static_cast<float>(std::sqrt(sum)), limit = *as<float>(arguments, 2);
  *as<float>(arguments, 3) = norm;
  *as<float>(arguments, 4) = norm > limit ? limit / norm : 1;
}

// parameter, gradient, first moment, second moment, gradient_scale, learning_rate, weight_decay, beta1, beta2,
// epsilon, bias_correction1, bias_correction2; a task is a row
void adamw(void *const *arguments, int64_t, int64_t first, int64_t end, void *) {
  auto scalar = [&](int index) { return *as<float>(arguments, index); };
  for (int64_t i = first * vocabulary; i < end * vocabulary; ++i) {
    float &parameter = as<float>(arguments, 0)[i], &m = as<float>(arguments, 2)[i], &v = as<float>(arguments, 3)[i];
    float gradient = as<float>(arguments, 1)[i] * scalar(4);
    m = scalar(7) * m + (1 - scalar(7)) * gradient;
    v = scalar(8) * v + (1 - scalar(8)) * gradient * gradient;
    parameter -= scalar(5) * (scalar(6) * parameter + m / scalar(10) / (std::sqrt(v / scalar(11)) + scalar(9)));
  }
}

// selection bias, load, router_bias_rate
void updateBias(void *const *arguments, int64_t, int64_t, int64_t, void *) {
  for (int64_t e = 0; e < experts; ++e) {
    as<float>(arguments, 0)[e] += *as<float>(arguments, 2) * (as<float>(arguments, 1)[e] > 2 ? -1 : 1);
    as<float>(arguments, 1)[e] = 0;
  }
}

const char *const aliases[] = {"model.layers.1.embed_tokens.weight"};

} // namespace

BigramModel::BigramModel() {
  ProgramBuilder &b = builder;
  b.program.model = "bigram";
  b.program.config_json = "{\"model_type\": \"bigram\"}";
  b.program.config_json_reason = "";
  b.program.vocabulary = vocabulary;
  b.program.scratch_size = vocabulary * sizeof(float);

  hadal_argument tokens = b.tensor(HADAL_INPUT, "tokens", {microBatch, sequence + ahead}, HADAL_I32);
  hadal_argument table = b.parameter("model.embed_tokens.weight", {vocabulary, vocabulary}, 0.02f);
  b.tensors.back().aliases = aliases;
  b.tensors.back().alias_count = 1;
  hadal_argument stack = b.parameter("model.layers.0.mlp.experts.{e}.down_proj.weight", {experts, vocabulary}, 0.02f);
  hadal_argument bias = b.parameter("model.layers.0.mlp.gate.e_score_correction_bias", {experts}, 0);
  hadal_argument load = b.tensor(HADAL_STATE, "model.layers.0.mlp.load", {experts});
  hadal_argument tableG = b.owned(HADAL_GRADIENT, table), stackG = b.owned(HADAL_GRADIENT, stack);
  hadal_argument tableM = b.owned(HADAL_FIRST_MOMENT, table), stackM = b.owned(HADAL_FIRST_MOMENT, stack);
  hadal_argument tableV = b.owned(HADAL_SECOND_MOMENT, table), stackV = b.owned(HADAL_SECOND_MOMENT, stack);
  auto scalar = [&](const char *name) { return b.tensor(HADAL_SCALAR, name, {}); };
  hadal_argument adds = scalar("adds_to_gradients"), scale = scalar("loss_scale"), weight = scalar("mtp_loss_weight"),
                 rate = scalar("learning_rate"), decay = scalar("weight_decay"), beta1 = scalar("beta1"),
                 beta2 = scalar("beta2"), epsilon = scalar("epsilon"), correction1 = scalar("bias_correction1"),
                 correction2 = scalar("bias_correction2"), clip = scalar("clip_norm"),
                 coefficient = scalar("gradient_scale"), biasRate = scalar("router_bias_rate");
  auto result = [&](const char *name) { return b.tensor(HADAL_RESULT, name, {}); };
  hadal_argument loss = result("loss"), main = result("loss.main"), prediction = result("loss.mtp"),
                 norm = result("gradient_norm"), scaleResult = result("gradient_scale");

  EntryBuilder &accumulate = b.entry("accumulate");
  accumulate.tokensAhead = ahead;
  hadal_argument mainRows = accumulate.buffer(rows * 4), predictionRows = accumulate.buffer(rows * 4),
                 gradientRows = accumulate.buffer(rows * vocabulary * 4);
  accumulate
      .launch(forward, "forward", rows, 3,
              {tokens, table, stack, scale, weight, mainRows, predictionRows, gradientRows})
      .launch(tableGradient, "table_gradient", vocabulary, 16, {tokens, gradientRows, tableG, adds})
      .launch(expertGradient, "expert_gradient", experts, 1, {gradientRows, stackG, load, adds})
      .launch(sumLosses, "sum_losses", 1, 1, {mainRows, predictionRows, weight, loss, main, prediction});

  b.entry("gradient_norm").launch(gradientNorm, "gradient_norm", 1, 1, {tableG, stackG, clip, norm, scaleResult});
  b.entry("update")
      .launch(
          adamw, "adamw", vocabulary, 32,
          {table, tableG, tableM, tableV, coefficient, rate, decay, beta1, beta2, epsilon, correction1, correction2})
      .launch(
          adamw, "adamw", experts, 1,
          {stack, stackG, stackM, stackV, coefficient, rate, decay, beta1, beta2, epsilon, correction1, correction2})
      .launch(updateBias, "update_bias", 1, 1, {bias, load, biasRate});

  EntryBuilder &evaluate = b.entry("evaluate");
  evaluate.tokensAhead = ahead;
  hadal_argument evaluatedRows = evaluate.buffer(rows * 4);
  evaluate.launch(evaluateRows, "evaluate_rows", rows, 2, {tokens, table, stack, evaluatedRows})
      .launch(sumMain, "sum_main", 1, 1, {evaluatedRows, main});
}

} // namespace hadal::test
