#include <fmt/format.h>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"
#include "registry/registry.h"

namespace slipway::registry {

namespace {

Status Invalid(std::string_view text, std::string_view what) {
  return InvalidArgument(fmt::format("\"{}\" {}", Printable(text, 160), what))
      .With(errors::kUsage)
      .Hint("write MODEL, MODEL:3 (a version), MODEL:prod (an alias) or MODEL@sha256:DIGEST");
}

Result<Reference> ParseVersionOrAlias(std::string_view text, Reference reference,
                                      std::string_view tail) {
  if (const auto version = ParseInt64(tail)) {
    if (*version < 1) return Invalid(text, "names a version below 1");
    reference.version = *version;
    return reference;
  }
  if (tail.find_first_not_of("0123456789") == std::string_view::npos && !tail.empty()) {
    return Invalid(text, "names a version of too many digits");
  }
  if (!IsModelName(tail)) return Invalid(text, "names neither a version nor an alias after ':'");
  if (tail != "latest") reference.alias = tail;
  return reference;
}

}  // namespace

Result<Reference> ParseReference(std::string_view text) {
  const std::size_t end = text.find_first_of(":@");
  const std::string_view model = text.substr(0, end);
  if (!IsModelName(model)) {
    return Invalid(text, fmt::format("does not begin with a model name ({})", kModelNamePattern));
  }
  Reference reference;
  reference.model = model;
  if (end == std::string_view::npos) return reference;
  const std::string_view tail = text.substr(end + 1);
  if (text[end] == ':') return ParseVersionOrAlias(text, std::move(reference), tail);
  Result<Digest> digest = ParseDigest(tail);
  if (!digest.ok()) return Invalid(text, "has no sha256: digest after '@'");
  reference.package = *digest;
  return reference;
}

}  // namespace slipway::registry
