#include "serve/predict/response_cache.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace slipway::serve {
namespace {

void AppendNumber(std::uint64_t number, std::string& text) {
  text.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void AppendText(std::string_view part, std::string& text) {
  AppendNumber(part.size(), text);
  text += part;
}

void AppendHead(const InferInput& input, std::string& text) {
  AppendText(input.name, text);
  AppendNumber(static_cast<std::uint64_t>(input.tensor.dtype), text);
  AppendNumber(input.tensor.shape.rank(), text);
  for (const std::int64_t dim : input.tensor.shape.dims())
    AppendNumber(static_cast<std::uint64_t>(dim), text);
  AppendNumber(input.tensor.bytes.size(), text);
}

std::vector<const InferInput*> ByName(const std::vector<InferInput>& inputs) {
  std::vector<const InferInput*> sorted;
  for (const InferInput& input : inputs) sorted.push_back(&input);
  std::ranges::stable_sort(sorted, {}, &InferInput::name);
  return sorted;
}

bool IsSame(const std::weak_ptr<const ServedModel>& kept, const ModelHandle& model) {
  return !kept.owner_before(model) && !model.owner_before(kept);
}

}  // namespace

std::optional<Digest> ResponseCache::KeyOf(const InferRequest& request) {
  std::uint64_t bytes = 0;
  for (const InferInput& input : request.inputs) {
    if (input.tensor.bytes.size() > kMaxInputBytes - bytes) return std::nullopt;
    bytes += input.tensor.bytes.size();
  }
  const std::vector<const InferInput*> inputs = ByName(request.inputs);
  // All that is short comes first, with its lengths, so that no two requests have the same bytes.
  std::string head;
  AppendNumber(reinterpret_cast<std::uintptr_t>(request.model.get()), head);
  AppendNumber(inputs.size(), head);
  for (const InferInput* input : inputs) AppendHead(*input, head);
  for (const std::string_view output : request.outputs) AppendText(output, head);
  Sha256 hash;
  hash.Update(head);
  for (const InferInput* input : inputs) hash.Update(input->tensor.bytes);
  return hash.Finish();
}

std::optional<ResponseCache::Outputs> ResponseCache::Find(const ModelHandle& model,
                                                          const Digest& key) {
  std::shared_ptr<Outputs> kept;
  {
    const std::lock_guard lock(mutex_);
    const auto place = places_.find(key);
    if (place == places_.end() || !IsSame(place->second->model, model)) return std::nullopt;
    entries_.splice(entries_.begin(), entries_, place->second);
    kept = place->second->outputs;
  }
  Outputs outputs;
  outputs.reserve(kept->size());
  for (auto& [spec, tensor] : *kept) {
    outputs.emplace_back(
        spec, TensorBuffer::Adopt(tensor.dtype(), tensor.shape(), tensor.bytes(), [kept] {}));
  }
  return outputs;
}

void ResponseCache::Keep(const ModelHandle& model, const Digest& key, const Outputs& outputs) {
  std::uint64_t bytes = kEntryBytes;
  for (const auto& [spec, tensor] : outputs) bytes += tensor.bytes().size();
  if (bytes > max_bytes_) return;
  const auto copies = std::make_shared<Outputs>();
  for (const auto& [spec, tensor] : outputs) {
    Result<TensorBuffer> copy = TensorBuffer::CopyOf(tensor.view());
    if (!copy.ok()) return;  // no memory: the answer is not kept
    copies->emplace_back(spec, std::move(*copy));
  }
  const std::lock_guard lock(mutex_);
  DropGone();
  if (const auto place = places_.find(key); place != places_.end()) Drop(place->second);
  while (bytes_ > max_bytes_ - bytes) Drop(std::prev(entries_.end()));
  entries_.push_front({.key = key, .model = model, .outputs = copies, .bytes = bytes});
  places_.emplace(key, entries_.begin());
  bytes_ += bytes;
  const auto is_same = [&](const auto& known) { return IsSame(known, model); };
  if (std::ranges::none_of(models_, is_same)) models_.emplace_back(model);
}

void ResponseCache::DropGone() {
  const auto is_gone = [](const auto& model) { return model.expired(); };
  if (std::erase_if(models_, is_gone) == 0) return;
  for (auto entry = entries_.begin(); entry != entries_.end();)
    entry = entry->model.expired() ? Drop(entry) : std::next(entry);
}

ResponseCache::Entries::iterator ResponseCache::Drop(Entries::iterator entry) {
  bytes_ -= entry->bytes;
  places_.erase(entry->key);
  return entries_.erase(entry);
}

}  // namespace slipway::serve
