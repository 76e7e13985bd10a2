// Attention over sequences: dot-product, additive, multi-head and grouped.

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "import/keras/layer_library.h"

namespace slipway::import::keras {

namespace {

using graph::IntAttribute;
using graph::IntsAttribute;
using graph::ValueId;
using Outputs = Result<std::vector<TensorId>>;

std::vector<std::int64_t> One(std::int64_t value) { return {value}; }

/// The i-th positional tensor, or the one given by that name.
std::optional<TensorId> Operand(const LayerCall& call, std::size_t i, std::string_view name) {
  if (i < call.inputs.size()) return call.inputs[i];
  return call.Named(name);
}

bool Asks(const LayerCall& call, std::string_view name) {
  const Json& literal = call.Literal(name);
  return literal.is_boolean() && literal.get<bool>();
}

ValueId Both(GraphBuilder& b, std::optional<ValueId> have, ValueId more) {
  return have ? b.Emit("And", {*have, more}) : more;
}

/// bool (queries, keys): true where a key is not later than the query.
ValueId CausalMask(GraphBuilder& b, ValueId query, ValueId key) {
  const std::array<std::int64_t, 1> zero{0};
  const std::array<std::int64_t, 1> one{1};
  const auto range = [&](ValueId of) {
    const ValueId size = b.Emit(
        "Squeeze", {b.Emit("Shape", {of}, {IntAttribute("start", 1), IntAttribute("end", 2)})});
    return b.Emit("Range", {b.Int64s({}, zero), size, b.Int64s({}, one)});
  };
  const ValueId rows = b.Emit("Unsqueeze", {range(query), b.Int64s(One(1))});
  const ValueId columns = b.Emit("Unsqueeze", {range(key), b.Int64s(One(0))});
  return b.Emit("GreaterOrEqual", {rows, columns});
}

struct Sequences {
  TensorId query;
  TensorId value;
  TensorId key;
};

/// Everything that says which key a query may look at, as bool (batch, queries, keys).
std::optional<ValueId> JointMask(const LayerCall& call, const Sequences& of) {
  GraphBuilder& b = call.builder;
  std::optional<ValueId> mask;
  const auto along = [&](std::optional<TensorId> part, std::int64_t axis) {
    if (!part) return;
    const ValueId flags = b.InKeras(b.CastTo(*part, DType::kBool));
    mask = Both(b, mask, b.Emit("Unsqueeze", {flags, b.Int64s(One(axis))}));
  };
  const auto mask_of = [&](std::string_view name, TensorId of_tensor) {
    const auto given = call.Named(name);
    return given ? given : b.at(of_tensor).mask;
  };
  along(mask_of("query_mask", of.query), 2);
  along(mask_of("value_mask", of.value), 1);
  if (of.key != of.value) along(mask_of("key_mask", of.key), 1);
  if (const auto given = call.Named("attention_mask")) {
    mask = Both(b, mask, b.InKeras(b.CastTo(*given, DType::kBool)));
  }
  if (Asks(call, "use_causal_mask")) {
    mask = Both(b, mask, CausalMask(b, b.InKeras(of.query), b.InKeras(of.key)));
  }
  return mask;
}

ValueId MaskedSoftmax(GraphBuilder& b, ValueId scores, std::optional<ValueId> mask) {
  if (mask) scores = b.Emit("Where", {*mask, scores, b.Scalar(-1e9F)});
  return b.Emit("Softmax", {scores}, {IntAttribute("axis", -1)});
}

std::vector<WeightSlot> ProjectionSlots(const SavedLayer& layer,
                                        const std::vector<std::string>& projections) {
  std::vector<WeightSlot> slots;
  for (const std::string& name : projections) {
    for (int i = 0; i < (BoolOr(layer.config, "use_bias", true) ? 2 : 1); ++i) {
      slots.push_back({.name = name + (i == 0 ? "_kernel" : "_bias"),
                       .paths = {fmt::format("{}_dense/vars/{}", name, i),
                                 fmt::format("_{}_dense/vars/{}", name, i)}});
    }
  }
  return slots;
}

std::vector<WeightSlot> MultiHeadSlots(const SavedLayer& layer) {
  if (BoolOr(layer.config, "use_gate", false)) {
    return ProjectionSlots(layer, {"query", "key", "gate", "value", "output"});
  }
  return ProjectionSlots(layer, {"query", "key", "value", "output"});
}

/// One projection to heads: (batch, steps, features) to (batch, steps, heads * size).
Result<ValueId> Project(const LayerCall& call, const std::string& name, TensorId x,
                        std::int64_t heads, std::int64_t size) {
  GraphBuilder& b = call.builder;
  const std::int64_t features = b.at(x).shape.back();
  const std::array<std::int64_t, 3> dims{features, heads, size};
  const std::string constant = call.path + "/" + name + "_kernel";
  auto kernel = b.FindConstant(constant);
  if (!kernel) {
    SLIPWAY_TRY(WeightArray weight, call.Load(name + "_kernel", dims));
    SLIPWAY_TRY(kernel, b.Constant(constant, {features, heads * size}, std::move(weight.floats)));
  }
  ValueId y = b.Emit("MatMul", {b.InKeras(x), *kernel});
  if (!BoolOr(call.config(), "use_bias", true)) return y;
  SLIPWAY_TRY(const WeightArray bias, call.Load(name + "_bias", std::span(dims).subspan(1)));
  SLIPWAY_TRY(const ValueId value, call.Put(name + "_bias", {heads * size}, ToFloats(bias)));
  return b.Emit("Add", {y, value});
}

/// (batch, steps, heads * size) to (batch, heads, steps, size).
ValueId SplitHeads(GraphBuilder& b, ValueId x, std::int64_t heads, std::int64_t size) {
  const ValueId split = b.Emit("Reshape", {x, b.Int64s({0, 0, heads, size})});
  return b.Emit("Transpose", {split}, {IntsAttribute("perm", {0, 2, 1, 3})});
}

/// Each head of a group `times` times, one beside the other.
ValueId RepeatHeads(GraphBuilder& b, ValueId x, std::int64_t heads, std::int64_t times) {
  if (times == 1) return x;
  std::vector<std::int64_t> order;
  for (std::int64_t head = 0; head < heads * times; ++head) order.push_back(head / times);
  return b.Emit("Gather", {x, b.Int64s(order)}, {IntAttribute("axis", 1)});
}

struct Heads {
  std::int64_t queries = 0;
  std::int64_t keys = 0;  ///< fewer than queries in grouped attention
  std::int64_t key_size = 0;
  std::int64_t value_size = 0;
};

/// The weighted values (batch, queries, heads * size), and the weights.
struct Attended {
  ValueId values;
  ValueId weights;
};

Result<Attended> AttendHeads(const LayerCall& call, const Sequences& of, const Heads& heads) {
  GraphBuilder& b = call.builder;
  SLIPWAY_TRY(const ValueId q, Project(call, "query", of.query, heads.queries, heads.key_size));
  SLIPWAY_TRY(const ValueId k, Project(call, "key", of.key, heads.keys, heads.key_size));
  SLIPWAY_TRY(const ValueId v, Project(call, "value", of.value, heads.keys, heads.value_size));
  const std::int64_t times = heads.queries / heads.keys;
  const ValueId queries = SplitHeads(b, q, heads.queries, heads.key_size);
  const ValueId keys =
      RepeatHeads(b, SplitHeads(b, k, heads.keys, heads.key_size), heads.keys, times);
  const ValueId values =
      RepeatHeads(b, SplitHeads(b, v, heads.keys, heads.value_size), heads.keys, times);
  const ValueId turned = b.Emit("Transpose", {keys}, {IntsAttribute("perm", {0, 1, 3, 2})});
  const float scale = 1.0F / std::sqrt(static_cast<float>(heads.key_size));
  ValueId scores = b.Emit("MatMul", {b.Emit("Mul", {queries, b.Scalar(scale)}), turned});
  auto mask = JointMask(call, of);
  if (mask) mask = b.Emit("Unsqueeze", {*mask, b.Int64s(One(-3))});
  Attended made;
  made.weights = MaskedSoftmax(b, scores, mask);
  const ValueId mixed = b.Emit("Transpose", {b.Emit("MatMul", {made.weights, values})},
                               {IntsAttribute("perm", {0, 2, 1, 3})});
  made.values = b.Emit("Reshape", {mixed, b.Int64s({0, 0, heads.queries * heads.value_size})});
  return made;
}

Result<Sequences> ReadSequences(const LayerCall& call) {
  GraphBuilder& b = call.builder;
  const auto query = Operand(call, 0, "query");
  const auto value = Operand(call, 1, "value");
  if (!query || !value) return call.Broken("it is called without query or value");
  const auto key = Operand(call, 2, "key");
  Sequences of{b.AsFloat(*query), b.AsFloat(*value), b.AsFloat(key.value_or(*value))};
  for (const TensorId id : {of.query, of.value, of.key}) {
    if (b.at(id).rank() != 3 || b.at(id).shape[2] <= 0) {
      return call.Unsupported("attention over other than (batch, steps, features)");
    }
  }
  return of;
}

Outputs FinishHeads(LayerCall& call, const Sequences& of, const Heads& heads,
                    const Attended& attended) {
  GraphBuilder& b = call.builder;
  const auto stored = call.layer.weights.find("output_kernel");
  if (stored == call.layer.weights.end()) return call.Broken("the file holds no output projection");
  if (stored->second->dims.size() != 3) return call.Unsupported("an output_shape of several axes");
  const std::int64_t features = stored->second->dims.back();
  ValueId mixed = attended.values;
  if (BoolOr(call.config(), "use_gate", false)) {
    SLIPWAY_TRY(const ValueId gate,
                Project(call, "gate", of.query, heads.queries, heads.value_size));
    mixed = b.Emit("Mul", {mixed, b.Emit("Sigmoid", {gate})});
  }
  const std::array<std::int64_t, 3> dims{heads.queries, heads.value_size, features};
  const std::string constant = call.path + "/output_kernel";
  auto kernel = b.FindConstant(constant);
  if (!kernel) {
    SLIPWAY_TRY(WeightArray weight, call.Load("output_kernel", dims));
    SLIPWAY_TRY(kernel, b.Constant(constant, {heads.queries * heads.value_size, features},
                                   std::move(weight.floats)));
  }
  ValueId y = b.Emit("MatMul", {mixed, *kernel});
  if (BoolOr(call.config(), "use_bias", true)) {
    SLIPWAY_TRY(const ValueId bias, call.Weight("output_bias", std::span(&features, 1)));
    y = b.Emit("Add", {y, bias});
  }
  const Tensor query = b.at(of.query);
  const std::int64_t keys = b.at(of.key).shape[1];
  std::vector<TensorId> outputs{
      b.Add(y, Layout::kKeras, {query.shape[0], query.shape[1], features})};
  b.SetMask(outputs[0], query.mask);
  if (Asks(call, "return_attention_scores")) {
    outputs.push_back(b.Add(attended.weights, Layout::kKeras,
                            {query.shape[0], heads.queries, query.shape[1], keys}));
  }
  return outputs;
}

Outputs MultiHeadAttention(LayerCall& call) {
  SLIPWAY_TRY(const Sequences of, ReadSequences(call));
  const auto axes = IntsIn(Field(call.config(), "attention_axes"));
  if (axes && *axes != One(1)) return call.Unsupported("attention_axes other than 1");
  if (Field(call.config(), "sliding_window").is_number()) return call.Unsupported("sliding_window");
  const std::int64_t key_size = IntOr(call.config(), "key_dim", 0);
  const Heads heads{.queries = IntOr(call.config(), "num_heads", 0),
                    .keys = IntOr(call.config(), "num_heads", 0),
                    .key_size = key_size,
                    .value_size = IntOr(call.config(), "value_dim", key_size)};
  if (heads.queries <= 0 || heads.key_size <= 0 || heads.value_size <= 0) {
    return call.Broken("broken numbers of heads");
  }
  SLIPWAY_TRY(const Attended attended, AttendHeads(call, of, heads));
  return FinishHeads(call, of, heads, attended);
}

Outputs GroupedQueryAttention(LayerCall& call) {
  SLIPWAY_TRY(const Sequences of, ReadSequences(call));
  const std::int64_t size = IntOr(call.config(), "head_dim", 0);
  const Heads heads{.queries = IntOr(call.config(), "num_query_heads", 0),
                    .keys = IntOr(call.config(), "num_key_value_heads", 0),
                    .key_size = size,
                    .value_size = size};
  if (heads.keys <= 0 || heads.queries % heads.keys != 0 || size <= 0) {
    return call.Broken("broken numbers of heads");
  }
  if (Field(call.config(), "sliding_window").is_number()) return call.Unsupported("sliding_window");
  SLIPWAY_TRY(const Attended attended, AttendHeads(call, of, heads));
  return FinishHeads(call, of, heads, attended);
}

/// Attention and AdditiveAttention: masks come as a list, queries' and values'.
std::pair<std::optional<TensorId>, std::optional<TensorId>> ListedMasks(const LayerCall& call) {
  std::optional<TensorId> query = call.builder.at(call.inputs[0]).mask;
  std::optional<TensorId> value = call.builder.at(call.inputs[1]).mask;
  const auto named = call.named.find("mask");
  if (named == call.named.end() || call.call == nullptr) return {query, value};
  const auto& list = call.call->named.find("mask")->second.list;
  std::size_t next = 0;
  for (std::size_t i = 0; list && i < list->size() && i < 2; ++i) {
    if (!(*list)[i].tensor || next >= named->second.size()) continue;
    (i == 0 ? query : value) = named->second[next++];
  }
  return {query, value};
}

/// tanh(q + k) for every pair, weighted and summed over the features.
Result<ValueId> AdditiveScores(LayerCall& call, ValueId query, ValueId key,
                               std::optional<ValueId> inner, std::optional<ValueId> outer) {
  GraphBuilder& b = call.builder;
  const ValueId rows = b.Emit("Unsqueeze", {query, b.Int64s(One(2))});
  const ValueId columns = b.Emit("Unsqueeze", {key, b.Int64s(One(1))});
  ValueId sum = b.Emit("Add", {rows, columns});
  if (inner) sum = b.Emit("Mul", {sum, *inner});
  ValueId curved = b.Emit("Tanh", {sum});
  if (outer) curved = b.Emit("Mul", {curved, *outer});
  return b.Emit("ReduceSum", {curved, b.Int64s(One(-1))}, {IntAttribute("keepdims", 0)});
}

Outputs FinishAttention(LayerCall& call, const Sequences& of, ValueId scores) {
  GraphBuilder& b = call.builder;
  const auto [query_mask, value_mask] = ListedMasks(call);
  std::optional<ValueId> mask;
  if (value_mask) {
    mask = b.Emit("Unsqueeze", {b.InKeras(b.CastTo(*value_mask, DType::kBool)), b.Int64s(One(1))});
  }
  if (Asks(call, "use_causal_mask") || BoolOr(call.config(), "causal", false)) {
    mask = Both(b, mask, CausalMask(b, b.InKeras(of.query), b.InKeras(of.key)));
  }
  const ValueId weights = MaskedSoftmax(b, scores, mask);
  ValueId y = b.Emit("MatMul", {weights, b.InKeras(of.value)});
  if (query_mask) {
    const ValueId kept = b.InKeras(b.CastTo(*query_mask, DType::kF32));
    y = b.Emit("Mul", {y, b.Emit("Unsqueeze", {kept, b.Int64s(One(2))})});
  }
  const Tensor query = b.at(of.query);
  std::vector<TensorId> outputs{
      b.Add(y, Layout::kKeras, {query.shape[0], query.shape[1], b.at(of.value).shape[2]})};
  b.SetMask(outputs[0], query_mask);
  if (Asks(call, "return_attention_scores")) {
    outputs.push_back(
        b.Add(weights, Layout::kKeras, {query.shape[0], query.shape[1], b.at(of.key).shape[1]}));
  }
  return outputs;
}

std::vector<WeightSlot> AttentionSlots(const SavedLayer& layer) {
  std::vector<std::string> names;
  if (BoolOr(layer.config, "use_scale", false)) names.emplace_back("scale");
  if (NameOfObject(Field(layer.config, "score_mode")) == "concat") {
    names.emplace_back("concat_score_weight");
  }
  return Slots(names);
}

Outputs Attention(LayerCall& call) {
  GraphBuilder& b = call.builder;
  SLIPWAY_TRY(const Sequences of, ReadSequences(call));
  std::optional<ValueId> scale;
  if (call.HasWeight("scale")) {
    SLIPWAY_TRY(scale, call.Weight("scale", {}));
  }
  const ValueId query = b.InKeras(of.query);
  const ValueId key = b.InKeras(of.key);
  const std::string mode = TextOr(call.config(), "score_mode", "dot");
  ValueId scores;
  if (mode == "concat") {
    SLIPWAY_TRY(const ValueId weight, call.Weight("concat_score_weight", {}));
    SLIPWAY_TRY(scores, AdditiveScores(call, query, key, scale, weight));
  } else if (mode == "dot") {
    const ValueId turned = b.Emit("Transpose", {key}, {IntsAttribute("perm", {0, 2, 1})});
    scores = b.Emit("MatMul", {query, turned});
    if (scale) scores = b.Emit("Mul", {scores, *scale});
  } else {
    return call.Unsupported(fmt::format("score_mode \"{}\"", mode));
  }
  return FinishAttention(call, of, scores);
}

std::vector<WeightSlot> AdditiveSlots(const SavedLayer& layer) {
  return BoolOr(layer.config, "use_scale", true) ? Slots({"scale"}) : std::vector<WeightSlot>{};
}

Outputs AdditiveAttention(LayerCall& call) {
  GraphBuilder& b = call.builder;
  SLIPWAY_TRY(const Sequences of, ReadSequences(call));
  std::optional<ValueId> scale;
  if (call.HasWeight("scale")) {
    SLIPWAY_TRY(scale, call.Weight("scale", One(b.at(of.key).shape[2])));
  }
  SLIPWAY_TRY(const ValueId scores,
              AdditiveScores(call, b.InKeras(of.query), b.InKeras(of.key), std::nullopt, scale));
  return FinishAttention(call, of, scores);
}

constexpr LayerRow kRows[] = {
    {"MultiHeadAttention", MultiHeadAttention, MultiHeadSlots},
    {"GroupQueryAttention", GroupedQueryAttention, MultiHeadSlots},
    {"GroupedQueryAttention", GroupedQueryAttention, MultiHeadSlots},
    {"Attention", Attention, AttentionSlots},
    {"AdditiveAttention", AdditiveAttention, AdditiveSlots},
};

}  // namespace

std::span<const LayerRow> AttentionLayers() { return kRows; }

}  // namespace slipway::import::keras
