#include "registry/resolve.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::registry {

namespace {

Status Missing(std::string message, std::string hint) {
  return NotFound(std::move(message)).With(errors::kModelNotFound).Hint(std::move(hint));
}

std::string VersionsHint(std::span<const ModelVersion> versions) {
  constexpr std::size_t kShown = 5;
  std::vector<std::int64_t> newest;
  for (std::size_t i = versions.size(); i > 0 && newest.size() < kShown; --i) {
    newest.push_back(versions[i - 1].version);
  }
  return fmt::format("its versions, newest first: {}{}", fmt::join(newest, ", "),
                     versions.size() > kShown ? ", ..." : "");
}

Result<ModelVersion> PickAlias(const Reference& reference, std::span<const ModelVersion> versions) {
  std::vector<std::string> aliases;
  for (const ModelVersion& version : versions) {
    if (std::ranges::find(version.aliases, reference.alias) != version.aliases.end()) {
      return version;
    }
    aliases.insert(aliases.end(), version.aliases.begin(), version.aliases.end());
  }
  const std::string message =
      fmt::format("model {} has no alias \"{}\"", reference.model, reference.alias);
  if (const auto near = DidYouMean(reference.alias, aliases)) {
    return Missing(message, fmt::format("did you mean {}:{}?", reference.model, *near));
  }
  return Missing(message, aliases.empty()
                              ? "it has no aliases"
                              : fmt::format("its aliases: {}", fmt::join(aliases, ", ")));
}

}  // namespace

Result<ModelVersion> PickVersion(const Reference& reference,
                                 std::span<const ModelVersion> versions) {
  if (reference.version) {
    const auto found = std::ranges::find(versions, *reference.version, &ModelVersion::version);
    if (found != versions.end()) return *found;
    return Missing(fmt::format("model {} has no version {}", reference.model, *reference.version),
                   VersionsHint(versions));
  }
  if (!reference.alias.empty()) return PickAlias(reference, versions);
  if (!reference.package) return versions.back();
  for (std::size_t i = versions.size(); i > 0; --i) {
    if (versions[i - 1].package == *reference.package) return versions[i - 1];
  }
  return Missing(
      fmt::format("no version of {} is {}", reference.model, reference.package->ToString()),
      fmt::format("slipway ls {} shows the digests", reference.model));
}

Status NoSuchModel(const std::string& model, std::span<const std::string> names) {
  const std::optional<std::string> near = DidYouMean(model, names);
  return Missing(fmt::format("the store has no model \"{}\"", Printable(model, 160)),
                 near ? fmt::format("did you mean {}?", *near) : "slipway ls shows what it has");
}

Status CheckAlias(const std::string& alias) {
  const bool is_number = std::ranges::all_of(alias, [](char c) { return c >= '0' && c <= '9'; });
  if (IsModelName(alias) && !is_number && alias != "latest") return {};
  const std::string_view why = alias == "latest" ? "always means the newest version"
                               : is_number       ? "would be read as a version"
                                                 : "cannot be an alias";
  return InvalidArgument(fmt::format("\"{}\" {}", Printable(alias, 160), why))
      .With(errors::kUsage)
      .Hint(fmt::format("aliases look like {} and are not only digits", kModelNamePattern));
}

}  // namespace slipway::registry
