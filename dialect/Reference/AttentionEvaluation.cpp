//===- AttentionEvaluation.cpp - what multi-head latent attention means -------------------------------------------===//
//
// Reference evaluations, in float64, of the operations of AttentionOps.td. hadal.mla_attention is evaluated from its
// own definition, not through hadal.attention: it is the oracle of its decomposition.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/Reference/Definitions.h"
#include <cmath>

using namespace mlir;
using namespace hadal;
using namespace hadal::reference;

namespace {
/// Where queries stand, and which keys they see.
struct Sight {
  /// Null where the operation has none.
  const Tensor *positions, *keyLengths;
  int64_t keys;

  /// Of an attention, whose operands of that name are number `first` and the next of its declaration.
  template <typename Attention> static Sight of(Attention op, unsigned first, ArrayRef<Tensor> operands) {
    auto find = [&](unsigned number) {
      auto [place, count] = op.getODSOperandIndexAndLength(number);
      return count == 0 ? nullptr : &operands[place];
    };
    return {find(first), find(first + 1), operands[1].shape[1]};
  }

  int64_t position(int64_t b, int64_t i) const { return positions ? int64_t(positions->at(b, i)) : i; }
  /// How many keys query i sees, from the first on.
  int64_t seen(int64_t b, int64_t i) const {
    int64_t end = std::min(position(b, i) + 1, keys);
    return std::max<int64_t>(0, keyLengths ? std::min(end, int64_t(keyLengths->data[b])) : end);
  }
};
} // namespace

/// Rotates a row's channels, if its position is one of `limit`.
static void rotateAt(MutableArrayRef<double> channels, RopeAttr rope, int64_t position, int64_t limit, bool inverse) {
  if (position >= 0 && position < limit)
    return rotate(channels, rope, position, inverse);
  llvm::fill(channels, NAN);
}

LogicalResult MLAAttentionOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  Tensor query = operands[0], latent = operands[1];
  const Tensor &upProjection = operands[operands.size() - 2], &normWeight = operands.back();
  const Sight sight = Sight::of(*this, 2, operands);
  int64_t batch = query.shape[0], length = query.shape[1], keys = sight.keys;
  int64_t heads = getHeads(), nope = getNope(), value = getValue(), rope = getRope().getDim();
  int64_t rank = latent.columns() - rope;
  double scale =
      getScale() ? getScale()->convertToDouble() : getRope().getSoftmaxFactor() / std::sqrt(double(nope + rope));

  // Rotate the query's and the key's rotary channels in place, and take the latent alone for the norm.
  Tensor compressed({batch, keys, rank});
  for (int64_t t = 0; t < batch * length; ++t)
    for (int64_t h = 0; h < heads; ++h)
      rotateAt(row(query, t).slice(h * (nope + rope) + nope, rope), getRope(), sight.position(t / length, t % length),
               keys, /*inverse=*/false);
  for (int64_t t = 0; t < batch * keys; ++t) {
    rotate(row(latent, t).slice(rank, rope), getRope(), t % keys, /*transposed=*/false);
    for (int64_t c = 0; c < rank; ++c)
      compressed.at(t, c) = latent.at(t, c);
  }
  Tensor keyValue = linear(rmsNorm(compressed, normWeight, getEps().convertToDouble()), upProjection);

  Tensor result({batch, length, heads * value});
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t i = 0; i < length; ++i) {
        ArrayRef<double> q = row(std::as_const(query), b * length + i).slice(h * (nope + rope), nope + rope);
        SmallVector<double> scores;
        for (int64_t j = 0; j < sight.seen(b, i); ++j) {
          ArrayRef<double> key = row(std::as_const(keyValue), b * keys + j).slice(h * (nope + value), nope);
          ArrayRef<double> rotaryKey = row(std::as_const(latent), b * keys + j).drop_front(rank);
          scores.push_back(scale * (dot(q.take_front(nope), key) + dot(q.drop_front(nope), rotaryKey)));
        }
        double denominator = logSumExp(scores);
        for (size_t j = 0; j < scores.size(); ++j)
          accumulate(row(result, b * length + i).slice(h * value, value), std::exp(scores[j] - denominator),
                     row(std::as_const(keyValue), b * keys + j).slice(h * (nope + value) + nope, value));
      }
  results.push_back(std::move(result));
  return success();
}

LogicalResult RopeOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  Tensor result = operands[0];
  int64_t length = result.shape[1], heads = getHeads(), channels = result.columns() / heads;
  int64_t dim = getRope().getDim(), limit = getPositionLimit() ? int64_t(*getPositionLimit()) : length;
  for (int64_t t = 0; t < result.rows(); ++t)
    for (int64_t h = 0; h < heads; ++h)
      rotateAt(row(result, t).slice((h + 1) * channels - dim, dim), getRope(),
               getPositions() ? int64_t(operands[1].data[t]) : t % length, limit, getInverse());
  results.push_back(std::move(result));
  return success();
}

namespace {
/// The operands of the attention core as each head sees them, by batch, head and index.
struct AttentionView {
  const Tensor &query, &keyValue, &rotaryKey;
  int64_t nope, value;
  double scale;
  Sight sight;
  int64_t batch = query.shape[0], length = query.shape[1], rope = rotaryKey.columns();

  /// The row of a query, and of a key.
  int64_t at(int64_t b, int64_t i) const { return b * length + i; }
  int64_t keyAt(int64_t b, int64_t j) const { return b * sight.keys + j; }
  ArrayRef<double> queryNope(int64_t b, int64_t h, int64_t i) const {
    return row(query, at(b, i)).slice(h * (nope + rope), nope);
  }
  ArrayRef<double> queryRope(int64_t b, int64_t h, int64_t i) const {
    return row(query, at(b, i)).slice(h * (nope + rope) + nope, rope);
  }
  ArrayRef<double> key(int64_t b, int64_t h, int64_t j) const {
    return row(keyValue, keyAt(b, j)).slice(h * (nope + value), nope);
  }
  ArrayRef<double> values(int64_t b, int64_t h, int64_t j) const {
    return row(keyValue, keyAt(b, j)).slice(h * (nope + value) + nope, value);
  }
  double score(int64_t b, int64_t h, int64_t i, int64_t j) const {
    return scale * (dot(queryNope(b, h, i), key(b, h, j)) + dot(queryRope(b, h, i), row(rotaryKey, keyAt(b, j))));
  }
};
} // namespace

LogicalResult AttentionOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  return evaluateRounding(operands, asItIs, results);
}

LogicalResult AttentionOp::evaluateRounding(ArrayRef<Tensor> operands, function_ref<double(double)> round,
                                            SmallVectorImpl<Tensor> &results) {
  int64_t heads = getHeads(), value = getValue();
  AttentionView view{operands[0],
                     operands[1],
                     operands[2],
                     int64_t(getNope()),
                     value,
                     getScale().convertToDouble(),
                     Sight::of(*this, 3, operands)};
  Tensor result({view.batch, view.length, heads * value}), logSum({view.batch, heads, view.length});
  for (int64_t b = 0; b < view.batch; ++b)
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t i = 0; i < view.length; ++i) {
        SmallVector<double> scores;
        for (int64_t j = 0; j < view.sight.seen(b, i); ++j)
          scores.push_back(view.score(b, h, i, j));
        double denominator = logSum.at(b * heads + h, i) = logSumExp(scores);
        for (size_t j = 0; j < scores.size(); ++j)
          accumulate(row(result, view.at(b, i)).slice(h * value, value), round(std::exp(scores[j] - denominator)),
                     view.values(b, h, j));
      }
  results.push_back(std::move(result));
  results.push_back(std::move(logSum));
  return success();
}

LogicalResult AttentionGradientOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  return evaluateRounding(operands, asItIs, results);
}

// With p_ij = exp(score_ij - log_sum_exp_i) and dp_ij = gradient_i · v_j: the gradient of score_ij is
// p_ij (dp_ij - gradient_i · output_i), because Σ_j p_ij dp_ij = gradient_i · output_i.
LogicalResult AttentionGradientOp::evaluateRounding(ArrayRef<Tensor> operands, function_ref<double(double)> round,
                                                    SmallVectorImpl<Tensor> &results) {
  const Tensor &output = operands[3], &logSum = operands[4], &gradient = operands[5];
  int64_t heads = getHeads(), nope = getNope(), value = getValue();
  AttentionView view{
      operands[0], operands[1], operands[2], nope, value, getScale().convertToDouble(), Sight::of(*this, 6, operands)};
  int64_t rope = view.rope;
  Tensor queryGradient(operands[0].shape), keyValueGradient(operands[1].shape), rotaryKeyGradient(operands[2].shape);
  for (int64_t b = 0; b < view.batch; ++b)
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t i = 0; i < view.length; ++i) {
        ArrayRef<double> g = row(gradient, view.at(b, i)).slice(h * value, value);
        double mean = dot(g, row(output, view.at(b, i)).slice(h * value, value));
        MutableArrayRef<double> dq = row(queryGradient, view.at(b, i)).slice(h * (nope + rope), nope + rope);
        for (int64_t j = 0; j < view.sight.seen(b, i); ++j) {
          double p = round(std::exp(view.score(b, h, i, j) - logSum.at(b * heads + h, i)));
          double ds = round(view.scale * p * (dot(g, view.values(b, h, j)) - mean));
          MutableArrayRef<double> dkv = row(keyValueGradient, view.keyAt(b, j)).slice(h * (nope + value), nope + value);
          accumulate(dq.take_front(nope), ds, view.key(b, h, j));
          accumulate(dq.drop_front(nope), ds, row(view.rotaryKey, view.keyAt(b, j)));
          accumulate(dkv.take_front(nope), ds, view.queryNope(b, h, i));
          accumulate(dkv.drop_front(nope), p, g);
          accumulate(row(rotaryKeyGradient, view.keyAt(b, j)), ds, view.queryRope(b, h, i));
        }
      }
  results.push_back(std::move(queryGradient));
  results.push_back(std::move(keyValueGradient));
  results.push_back(std::move(rotaryKeyGradient));
  return success();
}
