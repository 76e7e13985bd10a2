#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "serve/model/kept_profiles.h"
#include "serve/model/model_config.h"
#include "serve/model/served_model.h"

namespace slipway::serve {

/// What a model version is to be loaded from: a portable ONNX file with its contract. The server
/// makes it from a package; the command line makes it from an imported file.
struct ModelPackage {
  std::string name;
  std::int64_t version = 1;
  std::string graph_path;
  package::Manifest manifest;
  std::string digest;  ///< of the manifest, "" if not from a store
  ModelConfig config;
  std::shared_ptr<const void> files;  ///< keeps what lies at graph_path until it is loaded; or null
  /// Whether its files are what the manifest names; reads them all. Null: nothing names them.
  /// DataLoss (kDigestMismatch); NotFound.
  std::function<Status()> verify = nullptr;
};

struct ModelStatus {
  std::string name;
  std::int64_t version = 0;
  ModelState state = ModelState::kPending;
  std::string reason;  ///< why it failed or is not ready; of a ready one what ails it
  std::int64_t since_unix_seconds = 0;
};

struct ModelSetOptions {
  unsigned intra_op_threads = 1;
  unsigned load_threads = 1;  ///< so many models load at a time; of one model, one version does
  std::uint64_t memory_budget = 0;  ///< of all models together; 0: any
  bool pages = true;  ///< what does not fit takes the place of what was used longest ago
  engine::CompileCache* cache = nullptr;
};

/// What models hold of the memory that they may have.
struct ModelMemory {
  std::uint64_t budget = 0;     ///< 0: any
  std::uint64_t held = 0;       ///< measured of what is loaded, expected of what loads
  std::uint64_t paged_out = 0;  ///< how often a model left memory to others
  std::uint64_t paged_in = 0;   ///< how often one came back
};

/// The models of a server: loads on a few threads of its own, publishes by swapping an immutable
/// map (readers take no lock), unloads when the last handle goes. A failed load touches no other
/// model. Thread-safe.
class ModelSet {
 public:
  /// All that is referred to outlives this object. What is learned of a model is added to
  /// `profiles` when it goes.
  static std::unique_ptr<ModelSet> Create(engine::Engine& engine, const Clock& clock,
                                          const ModelSetOptions& options = {},
                                          KeptProfiles profiles = {});
  virtual ~ModelSet() = default;

  /// Queues a load and returns; `done` (may be null) runs once on a loading thread with the
  /// outcome. A model waits for no other, but for an earlier load of its name, and an ensemble for
  /// all earlier ones. ResourceExhausted (kMemoryBudget): it would need more than is left. A
  /// version that is loaded already is replaced without a gap: requests in flight finish on the old
  /// one.
  virtual void Load(ModelPackage package, std::function<void(Status)> done) = 0;
  /// Loads and waits. Not for event-loop threads.
  Status LoadAndWait(ModelPackage package);

  /// Removes one version, or all versions of `name`. NotFound. Returns at once; memory goes with
  /// the last handle.
  virtual Status Unload(const std::string& name, std::optional<std::int64_t> version) = 0;

  /// The version asked for, or the highest ready one. NotFound (kModelNotFound, with near names);
  /// Unavailable (kModelNotReady). Costs one atomic load and a look-up; never blocks.
  virtual Result<ModelHandle> Find(std::string_view name,
                                   std::optional<std::int64_t> version) const = 0;

  virtual std::vector<ModelHandle> Ready() const = 0;
  /// Those, and loaded ensembles that are not ready.
  virtual std::vector<ModelHandle> Loaded() const = 0;
  /// Every version known, failed and unloaded ones of the last hour included.
  virtual std::vector<ModelStatus> Statuses() const = 0;
  virtual ModelMemory Memory() const = 0;
  /// True when every version that is wanted is ready (failed ones do not count against it after
  /// they are unloaded).
  virtual bool AllReady() const = 0;
};

}  // namespace slipway::serve
