#include "serve/model/load_notes.h"

#include <utility>

#include "base/json.h"

namespace slipway::serve {
namespace {

constexpr std::int64_t kMostNanoseconds = 3'600'000'000'000;
constexpr std::size_t kMostOutputs = 1000;

std::optional<std::uint64_t> CountAt(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<std::uint64_t>();
}

std::optional<std::vector<OutputMemory>> OutputsAt(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_array() || found->size() > kMostOutputs)
    return std::nullopt;
  std::vector<OutputMemory> outputs;
  for (const Json& each : *found) {
    const bool is_known = each.is_number_unsigned() &&
                          each.get<std::uint64_t>() <= static_cast<unsigned>(kLastOutputMemory);
    if (!is_known) return std::nullopt;
    outputs.push_back(static_cast<OutputMemory>(each.get<std::uint64_t>()));
  }
  return outputs;
}

}  // namespace

std::string EncodeNotes(const LoadNotes& notes) {
  Json outputs = Json::array();
  for (const OutputMemory output : notes.outputs)
    outputs.push_back(static_cast<std::uint64_t>(output));
  return DumpJson(Json{{"own_bytes", notes.own_bytes},
                       {"mapped_bytes", notes.mapped_bytes},
                       {"run_ns", static_cast<std::uint64_t>(notes.run_time.count())},
                       {"outputs", std::move(outputs)}});
}

std::optional<LoadNotes> DecodeNotes(std::string_view text) {
  const Result<Json> json = ParseJson(text);
  if (!json.ok() || !json->is_object()) return std::nullopt;
  const auto own = CountAt(*json, "own_bytes");
  const auto mapped = CountAt(*json, "mapped_bytes");
  const auto run = CountAt(*json, "run_ns");
  auto outputs = OutputsAt(*json, "outputs");
  if (!own || !mapped || !run || *run > kMostNanoseconds || !outputs) return std::nullopt;
  return LoadNotes{.own_bytes = *own,
                   .mapped_bytes = *mapped,
                   .run_time = std::chrono::nanoseconds(*run),
                   .outputs = *std::move(outputs)};
}

}  // namespace slipway::serve
