#include "repository/version_policy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace slipway::repository {
namespace {

SelectedVersions Specific(std::span<const std::int64_t> wanted,
                          std::span<const std::int64_t> available) {
  SelectedVersions selected;
  for (const std::int64_t version : wanted) {
    const bool is_there = std::ranges::binary_search(available, version);
    (is_there ? selected.versions : selected.missing).push_back(version);
  }
  for (auto* list : {&selected.versions, &selected.missing}) {
    std::ranges::sort(*list);
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  return selected;
}

}  // namespace

SelectedVersions SelectVersions(const VersionPolicy& policy,
                                std::span<const std::int64_t> available) {
  if (policy.kind == VersionPolicy::Kind::kSpecific) return Specific(policy.versions, available);
  std::size_t count = available.size();
  if (policy.kind == VersionPolicy::Kind::kLatest)
    count = std::min(count, static_cast<std::size_t>(policy.count));
  const auto chosen = available.last(count);
  return {.versions = {chosen.begin(), chosen.end()}, .missing = {}};
}

std::string ToString(const VersionPolicy& policy) {
  switch (policy.kind) {
    case VersionPolicy::Kind::kLatest:
      return fmt::format("latest {}", policy.count);
    case VersionPolicy::Kind::kAll:
      return "all";
    case VersionPolicy::Kind::kSpecific:
      return fmt::format("specific {}", fmt::join(policy.versions, ", "));
  }
  return "";
}

}  // namespace slipway::repository
