#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/sha256.h"
#include "serve/predict/predictor.h"

namespace slipway::serve {

/// Answers that were given, by what was asked; the one that was not asked for longest goes first.
/// Thread-safe; locked for a look into a table, and never while tensors are copied.
class ResponseCache {
 public:
  using Outputs = decltype(InferResponse::outputs);

  /// What an entry counts beside its outputs.
  static constexpr std::uint64_t kEntryBytes = 512;
  /// Inputs of a request that is looked up; a longer one takes too long to hash on an event loop.
  static constexpr std::uint64_t kMaxInputBytes = 1 << 20;

  explicit ResponseCache(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}

  bool IsOn() const { return max_bytes_ > 0; }

  /// The SHA-256 of what an answer depends on: the loaded version, the names, types, shapes and
  /// bytes of the inputs, and the wanted outputs in their order. nullopt: more than kMaxInputBytes.
  static std::optional<Digest> KeyOf(const InferRequest& request);

  /// The outputs that are kept under this key, as views that keep their memory. A version that was
  /// loaded again is another one.
  std::optional<Outputs> Find(const ModelHandle& model, const Digest& key);
  /// Keeps copies, unless they alone exceed the bound. What no longer fits goes, and so does what
  /// is kept for versions that are gone.
  void Keep(const ModelHandle& model, const Digest& key, const Outputs& outputs);

  /// Of all entries. Takes no lock.
  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  struct Entry {
    Digest key;
    std::weak_ptr<const ServedModel> model;
    std::shared_ptr<Outputs> outputs;
    std::uint64_t bytes = 0;
  };
  struct HashKey {
    std::size_t operator()(const Digest& digest) const {
      std::size_t hash = 0;
      std::memcpy(&hash, digest.bytes.data(), sizeof hash);
      return hash;
    }
  };
  using Entries = std::list<Entry>;

  void DropGone();
  Entries::iterator Drop(Entries::iterator entry);

  const std::uint64_t max_bytes_;
  std::mutex mutex_;  // guards all below
  Entries entries_;   // what was asked for last is the first
  std::unordered_map<Digest, Entries::iterator, HashKey> places_;
  std::vector<std::weak_ptr<const ServedModel>> models_;  // each of those in entries_ once
  std::atomic<std::uint64_t> bytes_{0};                   // changed under the lock
};

}  // namespace slipway::serve
