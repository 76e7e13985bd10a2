#include "repository/model_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::repository {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxListed = RepositoryLayout::kMaxModels;
constexpr std::string_view kKey = "model_config_list";

Status CheckList(const ModelList& list) {
  const auto invalid = [](std::string message) {
    return InvalidArgument(std::move(message)).With(errors::kInvalidPackage);
  };
  if (list.models.size() > kMaxListed)
    return invalid(fmt::format("more than {} models", kMaxListed));
  std::set<std::string> names;
  for (const ListedModel& model : list.models) {
    const std::string& name = model.settings.name;
    if (!IsModelName(name)) {
      return invalid(fmt::format("\"{}\" is not a model's name, which is {}", Printable(name, 64),
                                 kModelNamePattern));
    }
    if (model.base_path.empty()) return invalid(fmt::format("{} has no base_path", name));
    if (!names.insert(name).second) return invalid(fmt::format("{} is there twice", name));
  }
  return {};
}

// Whether `path` lies in `folder`; both without links and dots.
bool IsBeneath(const fs::path& path, const fs::path& folder) {
  const auto [ours, theirs] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return ours == folder.end();
}

// The longest end of an absolute path that is there beneath the folder; empty: none.
fs::path EndBeneath(const fs::path& absolute, const fs::path& folder) {
  std::error_code ignored;
  fs::path end = absolute.relative_path();
  while (!end.empty()) {
    if (fs::exists(folder / end, ignored)) return folder / end;
    auto part = end.begin();
    fs::path shorter;
    for (++part; part != end.end(); ++part) shorter /= *part;
    end = shorter;
  }
  return {};
}

// Where a base path is; empty, with the reason in the model: nowhere.
fs::path PlaceOf(const std::string& base_path, const fs::path& folder, bool beneath,
                 FoundModel& model) {
  std::error_code missing;
  fs::path written(base_path);
  if (base_path.find("://") != std::string::npos) {
    model.refusal = fmt::format("base_path {} is not on this machine's disk", Printable(base_path));
    return {};
  }
  fs::path place = fs::canonical(written.is_absolute() ? written : folder / written, missing);
  const bool is_out = !missing && beneath && !IsBeneath(place, folder);
  if ((missing || is_out) && written.is_absolute()) {
    const fs::path moved = EndBeneath(written.lexically_normal(), folder);
    if (!moved.empty()) {
      model.settings.ignored.push_back(fmt::format("base_path {}: read at {}, where it is",
                                                   Printable(base_path),
                                                   Printable(moved.string())));
      place = fs::canonical(moved, missing);
      if (!missing && IsBeneath(place, folder)) return place;
    }
  }
  if (is_out) {
    model.refusal = fmt::format(
        "base_path {} leads out of the folder; serve the list itself, not "
        "its folder, to allow it",
        Printable(base_path));
    return {};
  }
  if (missing) model.refusal = fmt::format("base_path {} is not there", Printable(base_path));
  return missing ? fs::path() : place;
}

FoundModel ReadOne(const ListedModel& listed, const fs::path& folder, bool beneath) {
  FoundModel model;
  model.name = listed.settings.name;
  model.settings = listed.settings;
  model.is_listed = true;
  model.refusal = listed.settings.refusal;
  const fs::path place = PlaceOf(listed.base_path, folder, beneath, model);
  if (place.empty() || !model.refusal.empty()) return model;
  std::error_code ignored;
  const bool is_file = fs::is_regular_file(place, ignored);
  model.root = is_file ? place.parent_path().string() : place.string();
  if (is_file) model.file = place.filename().string();
  Result<FoundModel> found = ReadAgain(model);
  if (found.ok()) return *std::move(found);
  model.refusal = found.status().ToString();
  return model;
}

}  // namespace

bool IsModelList(std::string_view text) { return text.find(kKey) != std::string_view::npos; }

Result<ModelList> ParseModelList(std::string_view text) {
  const bool is_json = Trim(text).starts_with('{');
  SLIPWAY_TRY(ModelList list, is_json ? ParseOvmsList(text) : ParseServingList(text));
  SLIPWAY_RETURN_IF_ERROR(CheckList(list));
  return list;
}

RepositoryLayout ReadListed(const ModelList& list, const std::string& folder, bool beneath) {
  RepositoryLayout layout;
  layout.kind = RepositoryLayout::Kind::kList;
  layout.path = folder;
  layout.findings = list.ignored;
  std::error_code ignored;
  const fs::path real = fs::canonical(folder, ignored);
  for (const ListedModel& listed : list.models)
    layout.models.push_back(ReadOne(listed, real, beneath));
  std::ranges::sort(layout.models, {}, &FoundModel::name);
  return layout;
}

}  // namespace slipway::repository
