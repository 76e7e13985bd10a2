#pragma once

#include <memory>
#include <string>

#include "base/file.h"
#include "engine/engine.h"
#include "engine/worker/worker_host.h"

namespace slipway::engine {

/// An engine whose models each have a process of their own, confined to it: this process parses no
/// model and runs none. A run costs two copies of its tensors and a wake-up each way more. A
/// process that crashes, hangs or writes nonsense fails the runs it had (Unavailable,
/// kEngineWorkerEnded) and is replaced at once; a model that does so too often stays down
/// (Executable::outside()). An input that was in such a process runs with nothing beside it until
/// it is answered, and is refused if it ends the process then (InvalidArgument, kInputEndsWorker).
/// Runs end at their deadline, whatever the engine does.
///
/// Loads files only: neither bytes nor weights in memory. The next process finds them by their
/// names: a folder of compiled files is locked as long as its executable lives. Executables may
/// outlive the engine.
/// Thread-safe.
class IsolatedEngine final : public Engine {
 public:
  /// `engine` says what this one is called and how its models are kept; it loads none here. It
  /// outlives this object. NotFound: the program of the workers is missing. ResourceExhausted: no
  /// descriptor to be had.
  static Result<std::unique_ptr<IsolatedEngine>> Create(const Engine& engine,
                                                        WorkerOptions options);

  std::string_view name() const override { return engine_.name(); }
  std::string version() const override { return engine_.version(); }
  std::string library() const override { return engine_.library(); }
  Result<std::unique_ptr<Executable>> Compile(const ModelSource& source,
                                              const CompileOptions& options) override;
  std::string CompiledFormKey(const CompileOptions& options) const override {
    return engine_.CompiledFormKey(options);
  }
  Status WriteCompiled(const ModelSource& source, const CompileOptions& options,
                       const std::string& folder) override;
  Result<std::unique_ptr<Executable>> LoadCompiled(const std::string& folder,
                                                   const CompileOptions& options) override;

  WorkerHost::Counts counts() const { return host_->counts(); }

 private:
  IsolatedEngine(const Engine& engine, std::shared_ptr<WorkerHost> host)
      : engine_(engine), host_(std::move(host)) {}
  WorkerTask TaskOf(const ModelSource& source, const CompileOptions& options) const;
  /// `files`: what is locked while the executable lives, if anything.
  Result<std::unique_ptr<Executable>> Open(WorkerTask task, FileDescriptor files);

  const Engine& engine_;
  const std::shared_ptr<WorkerHost> host_;
};

}  // namespace slipway::engine
