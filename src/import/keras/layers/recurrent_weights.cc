#include "import/keras/layers/recurrent_weights.h"

#include <algorithm>
#include <array>
#include <utility>

namespace slipway::import::keras {

namespace {

using graph::ValueId;

struct KindRow {
  std::string_view layer;
  std::string_view cell;
  CellKind kind;
  std::string_view op;
  std::int64_t gates;
};
constexpr KindRow kKinds[] = {
    {"SimpleRNN", "SimpleRNNCell", CellKind::kSimple, "RNN", 1},
    {"GRU", "GRUCell", CellKind::kGru, "GRU", 3},
    {"LSTM", "LSTMCell", CellKind::kLstm, "LSTM", 4},
};

const KindRow& RowOf(CellKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

/// Blocks of `block` numbers, one per gate, in ONNX's order.
template <class Buffer>
Buffer OrderGates(const Buffer& values, CellKind kind, std::size_t block) {
  if (kind != CellKind::kLstm) return values;
  Buffer ordered;
  for (const std::size_t gate : {0UL, 3UL, 1UL, 2UL}) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(gate * block);
    ordered.insert(ordered.end(), first, first + static_cast<std::ptrdiff_t>(block));
  }
  return ordered;
}

Result<ValueId> Matrix(const LayerCall& cell, CellKind kind, const char* name, std::int64_t rows,
                       std::int64_t units) {
  const std::string constant = cell.path + "/" + name;
  if (const auto known = cell.builder.FindConstant(constant)) return *known;
  const std::int64_t columns = GatesOf(kind) * units;
  const std::array<std::int64_t, 2> dims{rows, columns};
  const std::array<std::int64_t, 2> order{1, 0};
  SLIPWAY_TRY(const WeightArray weight, cell.Load(name, dims));
  std::string turned = PermuteFloats(weight.floats.view(), dims, order);
  turned = OrderGates(turned, kind, static_cast<std::size_t>(rows * units) * sizeof(float));
  return cell.builder.Constant(constant, {1, columns, rows}, graph::Bytes(std::move(turned)));
}

/// Input biases and recurrent biases one after the other: (1, 2 * gates * units).
Result<ValueId> Biases(const LayerCall& cell, CellKind kind, std::int64_t units) {
  const std::int64_t columns = GatesOf(kind) * units;
  const bool both = kind == CellKind::kGru && BoolOr(cell.config(), "reset_after", false);
  const std::vector<std::int64_t> dims =
      both ? std::vector<std::int64_t>{2, columns} : std::vector<std::int64_t>{columns};
  SLIPWAY_TRY(const WeightArray weight, cell.Load("bias", dims));
  std::vector<float> values = ToFloats(weight);
  values = OrderGates(values, kind, static_cast<std::size_t>(units));
  values.resize(static_cast<std::size_t>(2 * columns), 0.0F);
  return cell.Put("bias", {1, 2 * columns}, std::move(values));
}

}  // namespace

std::optional<CellKind> CellKindOf(std::string_view class_name) {
  const auto found = std::ranges::find_if(kKinds, [&](const KindRow& row) {
    return row.layer == class_name || row.cell == class_name;
  });
  if (found == std::end(kKinds)) return std::nullopt;
  return found->kind;
}

std::string_view OperatorOf(CellKind kind) { return RowOf(kind).op; }
std::int64_t GatesOf(CellKind kind) { return RowOf(kind).gates; }

Result<RecurrentWeights> LoadRecurrentWeights(const LayerCall& cell, CellKind kind,
                                              std::int64_t features) {
  const std::int64_t units = IntOr(cell.config(), "units", 0);
  if (units <= 0 || units > 1'000'000) return cell.Broken("a broken number of units");
  RecurrentWeights weights{graph::kNoValue, graph::kNoValue, graph::kNoValue};
  SLIPWAY_TRY(weights.w, Matrix(cell, kind, "kernel", features, units));
  SLIPWAY_TRY(weights.r, Matrix(cell, kind, "recurrent_kernel", units, units));
  if (BoolOr(cell.config(), "use_bias", true)) {
    SLIPWAY_TRY(weights.b, Biases(cell, kind, units));
  }
  return weights;
}

}  // namespace slipway::import::keras
