#include "serve/http/infer_parameters.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

#include "serve/predict/request_rules.h"

namespace slipway::serve {
namespace {

Status DropValue(JsonReader& reader) {
  switch (reader.Peek()) {
    case JsonReader::Kind::kString:
    case JsonReader::Kind::kBool:
      return reader.Skip();
    case JsonReader::Kind::kNumber:
      return reader.ReadDouble().status();
    default:
      return reader.Unexpected("a string, a number, true or false");
  }
}

Result<SequenceId> ReadSequenceId(JsonReader& reader) {
  if (reader.Peek() != JsonReader::Kind::kString) {
    SLIPWAY_TRY(const std::uint64_t number, reader.ReadUint64());
    return SequenceId(number);
  }
  SLIPWAY_TRY(const std::string_view text, reader.ReadString());
  Status allowed = CheckRequestId(text);
  if (!allowed.ok()) return std::move(allowed).At(reader.Pointer());
  return SequenceId(std::string(text));
}

struct RequestParameter {
  std::string_view key;
  Status (*read)(JsonReader& reader, V2Request& request);
};

constexpr RequestParameter kRequestParameters[] = {
    {"binary_data_output",
     [](JsonReader& reader, V2Request& request) -> Status {
       SLIPWAY_TRY(request.is_binary_by_default, reader.ReadBool());
       return {};
     }},
    {"timeout",
     [](JsonReader& reader, V2Request& request) -> Status {
       SLIPWAY_TRY(const std::uint64_t timeout, reader.ReadUint64());
       request.timeout = BoundTimeout(timeout);
       return {};
     }},
    {"priority",
     [](JsonReader& reader, V2Request& request) -> Status {
       SLIPWAY_TRY(request.priority, reader.ReadUint64());
       return {};
     }},
    {"sequence_id",
     [](JsonReader& reader, V2Request& request) -> Status {
       SLIPWAY_TRY(request.sequence.id, ReadSequenceId(reader));
       return {};
     }},
    {"sequence_start",
     [](JsonReader& reader, V2Request& request) -> Status {
       SLIPWAY_TRY(request.sequence.is_start, reader.ReadBool());
       return {};
     }},
    {"sequence_end",
     [](JsonReader& reader, V2Request& request) -> Status {
       SLIPWAY_TRY(request.sequence.is_end, reader.ReadBool());
       return {};
     }},
};

}  // namespace

Status ReadParameters(JsonReader& reader,
                      const std::function<Result<bool>(std::string_view key)>& known) {
  SLIPWAY_RETURN_IF_ERROR(reader.EnterObject());
  while (true) {
    SLIPWAY_TRY(const std::optional<std::string_view> key, reader.NextKey());
    if (!key.has_value()) return {};
    SLIPWAY_TRY(const bool is_known, known(*key));
    if (is_known) continue;
    Status allowed = CheckParameterKey(*key);
    if (!allowed.ok()) return std::move(allowed).At(reader.Pointer());
    SLIPWAY_RETURN_IF_ERROR(DropValue(reader));
  }
}

Status ReadRequestParameters(JsonReader& reader, V2Request& request) {
  return ReadParameters(reader, [&](std::string_view key) -> Result<bool> {
    const auto known = std::ranges::find(kRequestParameters, key, &RequestParameter::key);
    if (known == std::end(kRequestParameters)) return false;
    SLIPWAY_RETURN_IF_ERROR(known->read(reader, request));
    return true;
  });
}

}  // namespace slipway::serve
