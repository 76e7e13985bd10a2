#include "import/keras/weight_binding.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <vector>

#include "base/error_catalogue.h"
#include "import/keras/layer_library.h"

namespace slipway::import::keras {

namespace {

Status Corrupt(std::string message) {
  return DataLoss(std::move(message)).With(errors::kCorruptModelFile);
}

/// One weight that a layer, or a layer inside it, wants.
struct Wanted {
  SavedLayer* owner;
  WeightSlot slot;
  std::string path;  ///< of the owner, in a .keras file
  bool trainable;
};

/// Names of the members of a list, as Keras counts them: "dense", "dense_1", ...
class MemberNames {
 public:
  std::string Next(const SavedLayer& layer) {
    // The one layer whose registered name is not its class's.
    const std::string base = SnakeCase(
        layer.class_name == "GroupQueryAttention" ? "GroupedQueryAttention" : layer.class_name);
    const std::size_t count = counts_[base]++;
    return count == 0 ? base : fmt::format("{}_{}", base, count);
  }

 private:
  std::map<std::string, std::size_t> counts_;
};

void Collect(SavedLayer& layer, const std::string& path, bool trainable,
             std::vector<Wanted>& wanted);

void CollectNetwork(SavedNetwork& network, const std::string& path, bool trainable,
                    std::vector<Wanted>& wanted) {
  MemberNames names;
  for (SavedLayer& layer : network.layers) {
    Collect(layer, fmt::format("{}layers/{}/", path, names.Next(layer)), trainable, wanted);
  }
}

void Collect(SavedLayer& layer, const std::string& path, bool trainable,
             std::vector<Wanted>& wanted) {
  trainable = trainable && layer.trainable();
  if (layer.network != nullptr) return CollectNetwork(*layer.network, path, trainable, wanted);
  MemberNames cells;
  for (SavedLayer& part : layer.parts) {
    const std::string member =
        part.attribute == "cells" ? "cells/" + cells.Next(part) : part.attribute;
    Collect(part, path + member + "/", trainable, wanted);
  }
  const LayerRow* row = FindLayer(layer);
  if (row == nullptr || row->slots == nullptr) return;
  for (WeightSlot& slot : row->slots(layer)) {
    const bool slot_trainable = trainable && slot.trainable;
    wanted.push_back({&layer, std::move(slot), path, slot_trainable});
  }
}

/// The weights of one top-level layer, in the order of the file: trainable ones first.
std::vector<Wanted> WantedBy(SavedLayer& layer) {
  std::vector<Wanted> wanted;
  Collect(layer, "", true, wanted);
  std::stable_partition(wanted.begin(), wanted.end(),
                        [](const Wanted& one) { return one.trainable; });
  return wanted;
}

struct StoredGroup {
  std::string name;
  std::vector<std::string> weights;
};

Result<std::vector<StoredGroup>> GroupsWithWeights(const Hdf5File& file, std::string_view root) {
  SLIPWAY_TRY(const auto names, file.ListAttribute(root, "layer_names"));
  if (!names) return Corrupt("the file lists no layer_names").At(root);
  std::vector<StoredGroup> groups;
  for (const std::string& name : *names) {
    const std::string group = root.empty() ? name : fmt::format("{}/{}", root, name);
    SLIPWAY_TRY(auto weights, file.ListAttribute(group, "weight_names"));
    if (!weights || weights->empty()) continue;
    for (std::string& weight : *weights) weight = fmt::format("{}/{}", group, weight);
    groups.push_back({.name = name, .weights = *std::move(weights)});
  }
  return groups;
}

Status BindGroup(const SavedLayer& layer, std::vector<Wanted>& wanted, const StoredGroup& group,
                 const Hdf5File& file) {
  const std::string place = "layer " + layer.name;
  if (group.weights.size() != wanted.size()) {
    return Corrupt(fmt::format("the file holds {} weights, the layer has {}", group.weights.size(),
                               wanted.size()))
        .At(place);
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Hdf5Dataset* dataset = file.Find(group.weights[i]);
    if (dataset == nullptr) return Corrupt("a weight it lists is not in the file").At(place);
    wanted[i].owner->weights[wanted[i].slot.name] = dataset;
  }
  return {};
}

bool IsUpper(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }
bool IsLower(char c) { return std::islower(static_cast<unsigned char>(c)) != 0; }

}  // namespace

Status BindH5Weights(SavedNetwork& network, const Hdf5File& file, std::string_view root) {
  SLIPWAY_TRY(const std::vector<StoredGroup> groups, GroupsWithWeights(file, root));
  std::size_t next = 0;
  for (SavedLayer& layer : network.layers) {
    std::vector<Wanted> wanted = WantedBy(layer);
    // A layer that cannot be imported may have weights too; the file's own name tells.
    const bool unknown = layer.network == nullptr && FindLayer(layer) == nullptr;
    if (unknown && next < groups.size() && groups[next].name == layer.name) ++next;
    if (wanted.empty()) continue;
    if (next == groups.size()) {
      return Corrupt("the file holds no weights for it").At("layer " + layer.name);
    }
    SLIPWAY_RETURN_IF_ERROR(BindGroup(layer, wanted, groups[next++], file));
  }
  return {};
}

void BindArchiveWeights(SavedNetwork& network, const Hdf5File& file) {
  std::vector<Wanted> wanted;
  CollectNetwork(network, "", true, wanted);
  // Keras 2.13 named the list otherwise.
  const bool old_name = file.HasGroup("_layer_checkpoint_dependencies");
  for (const Wanted& one : wanted) {
    for (const std::string& slot_path : one.slot.paths) {
      std::string path = one.path + slot_path;
      if (old_name) path.replace(0, 6, "_layer_checkpoint_dependencies");
      if (const Hdf5Dataset* dataset = file.Find(path)) {
        one.owner->weights[one.slot.name] = dataset;
        break;
      }
    }
  }
}

std::string SnakeCase(std::string_view class_name) {
  // Two passes, as Keras has them: before a capital that begins a word, then between a small letter
  // and a capital.
  std::string words;
  for (std::size_t i = 0; i < class_name.size(); ++i) {
    const char c = class_name[i];
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') continue;
    const bool begins_word = IsUpper(c) && i + 1 < class_name.size() && IsLower(class_name[i + 1]);
    if (begins_word && i > 0) words += '_';
    words += c;
  }
  std::string snake;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0 && IsUpper(words[i]) && IsLower(words[i - 1])) snake += '_';
    snake += static_cast<char>(std::tolower(static_cast<unsigned char>(words[i])));
  }
  return snake;
}

}  // namespace slipway::import::keras
