#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/verified_files.h"
#include "engine/engine.h"

namespace slipway::engine {

struct CompileCacheOptions {
  std::string folder;                                        ///< "": every model is compiled anew
  std::uint64_t max_bytes = std::uint64_t{16} << 30;         ///< of all that is kept; 0: nothing is
  std::uint64_t least_model_bytes = std::uint64_t{1} << 20;  ///< smaller ones compile as quickly
};

/// A model that is to be compiled, and what makes it this model and no other.
struct CacheableModel {
  std::string path;
  std::string identity;     ///< digest of the content, weights included; "": not to be kept
  std::uint64_t bytes = 0;  ///< of its files
  /// Whether the files are what `identity` says; asked before they are read, which a model that is
  /// found compiled spares. Null: they are.
  std::function<Status()> verify = nullptr;
  std::vector<std::string> files = {};  ///< ModelSource::files

  Status Verify() const { return verify == nullptr ? Status() : verify(); }
};

/// Compiled models in a folder, so that loading one again takes milliseconds, and all who load it,
/// other versions and other processes, share the memory of its weights. A model's files lie in a
/// folder of their own, which appears complete or not at all. Files are believed after their
/// checksum was compared, which finds damage and no malice: who writes here may write entries; what
/// is damaged, foreign or of another release is built anew. Nothing that goes wrong here is an
/// error: the model is compiled then. The least recently used go when there are too many, but none
/// that is locked as in use (LockFolder()). Thread-safe; several processes may use one folder.
class CompileCache {
 public:
  enum class Origin : std::uint8_t {
    kCompiled,  ///< as without a cache
    kBuilt,     ///< compiled, kept, and loaded from what is kept
    kFound      ///< loaded from what was kept
  };
  struct Compiled {
    std::unique_ptr<Executable> executable;
    Origin origin = Origin::kCompiled;
    std::string entry;               ///< whoever has the same shares `mapped_bytes`; "": kCompiled
    std::uint64_t mapped_bytes = 0;  ///< of files, which memory may be taken from at any time
    std::string notes;               ///< what Note() was given for this entry; "": nothing yet
  };
  struct Counts {
    std::uint64_t found = 0;
    std::uint64_t built = 0;
    std::uint64_t compiled = 0;  ///< too small ones, and where nothing can be kept
    std::uint64_t damaged = 0;
    std::uint64_t removed = 0;  ///< to make room
  };

  explicit CompileCache(CompileCacheOptions options);

  /// What Engine::Compile() and the model's Verify() say. Takes twice the time of that where the
  /// model is kept from now on.
  Result<Compiled> Compile(Engine& engine, const CacheableModel& model,
                           const CompileOptions& options);

  static constexpr std::size_t kMaxNotes = std::size_t{64} << 10;
  struct Notes {
    std::string entry;  ///< under which that model is or would be kept; "": it would not
    std::string notes;  ///< "": nothing is kept
  };
  /// What Note() was given for that model, without loading it.
  Notes NotesOf(const Engine& engine, const CacheableModel& model,
                const CompileOptions& options) const;
  /// Keeps what the caller found out about a model with its entry. Not covered by a checksum.
  void Note(const std::string& entry, std::string_view notes) const;

  Counts counts() const;

 private:
  Result<Compiled> Load(Engine& engine, const std::string& entry, const std::string& key,
                        const CompileOptions& options);
  Result<Compiled> BuildAndLoad(Engine& engine, const CacheableModel& model,
                                const CompileOptions& options, const std::string& entry,
                                const std::string& key);
  Status Build(Engine& engine, const CacheableModel& model, const CompileOptions& options,
               const std::string& entry, const std::string& key);
  Result<std::uint64_t> Verify(const std::string& folder, const std::string& key);
  Status CheckRoom(std::uint64_t model_bytes) const;
  void RemoveOldest(const std::string& but);
  bool Remove(const std::string& entry) const;
  std::string PathOf(std::string_view entry) const;
  std::string ReadNotes(const std::string& entry) const;
  std::string KeyOf(const Engine& engine, const CacheableModel& model,
                    const CompileOptions& options) const;

  const CompileCacheOptions options_;
  ChecksummedFiles verified_;
  std::atomic<std::uint64_t> found_ = 0;
  std::atomic<std::uint64_t> built_ = 0;
  std::atomic<std::uint64_t> compiled_ = 0;
  std::atomic<std::uint64_t> damaged_ = 0;
  std::atomic<std::uint64_t> removed_ = 0;
};

std::string_view OriginName(CompileCache::Origin origin);  ///< "compiled", "built", "found"

}  // namespace slipway::engine
