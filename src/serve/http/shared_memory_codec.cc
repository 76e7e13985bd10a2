#include "serve/http/shared_memory_codec.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/error_catalogue.h"
#include "base/json.h"

namespace slipway::serve {
namespace {

Status FieldInvalid(std::string message) {
  return InvalidArgument(std::move(message)).With(errors::kRequestFieldInvalid);
}

Result<std::uint64_t> ReadSize(const Json& request, std::string_view field,
                               std::optional<std::uint64_t> otherwise) {
  const auto found = request.find(field);
  if (found == request.end() && otherwise) return *otherwise;
  if (found != request.end() && found->is_number_unsigned()) return found->get<std::uint64_t>();
  return FieldInvalid(fmt::format("\"{}\" is a number of bytes, not negative", field));
}

}  // namespace

Result<RegionFacts> ParseRegisterRequest(std::string_view name, std::string_view body) {
  Result<Json> request = ParseJson(body);
  if (!request.ok())
    return std::move(request).status().With(errors::kRequestNotJson).At("request body");
  const auto key = request->is_object() ? request->find("key") : request->end();
  if (key == request->end() || !key->is_string())
    return FieldInvalid("the request has no \"key\", the name of a shared memory object");
  RegionFacts facts{.name = std::string(name), .key = key->get<std::string>()};
  SLIPWAY_TRY(facts.offset, ReadSize(*request, "offset", 0));
  SLIPWAY_TRY(facts.byte_size, ReadSize(*request, "byte_size", std::nullopt));
  return facts;
}

std::string EncodeRegions(std::span<const RegionFacts> regions) {
  OrderedJson array = OrderedJson::array();
  for (const RegionFacts& facts : regions) {
    array.push_back({{"name", facts.name},
                     {"key", facts.key},
                     {"offset", facts.offset},
                     {"byte_size", facts.byte_size}});
  }
  return DumpJson(array);
}

}  // namespace slipway::serve
