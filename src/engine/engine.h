#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "tensor/signature.h"
#include "tensor/tensor.h"

namespace slipway::engine {

/// A constant whose bytes the caller holds.
struct Weight {
  std::string_view name;
  TensorView tensor;
};

/// What to compile: a portable ONNX file. External data are looked for beside it, as the format
/// says.
struct ModelSource {
  std::string path;
  /// When not empty: the model's bytes, used instead of the file (external data are still looked
  /// for beside `path`).
  std::span<const std::byte> bytes;
  /// Initializers of the main graph that are read where they stand, instead of from the file that
  /// the model names, which must be there all the same. The views' bytes are borrowed as long as
  /// the executable lives.
  std::span<const Weight> weights;
  /// Where it is known which files the model consists of, external data included: all of them.
  /// Nothing else need be opened. Empty: whatever lies beside `path`.
  std::span<const std::string> files;
};

/// What one run may use. Looked at whenever the engine asks for memory, which every operator does.
struct RunLimits {
  /// Held at one time for this run, results in the engine's own memory included; 0: any.
  std::uint64_t max_bytes = 0;
  std::optional<MonotonicTime> deadline;
  /// Where requests share the run: how many rows each has, in their order. Borrowed as the inputs
  /// are. Empty: it is one request's.
  std::span<const std::int64_t> rows_of_requests = {};
};

struct CompileOptions {
  unsigned intra_op_threads = 1;  ///< of one Run(); no pool spins
  bool optimize =
      true;  ///< false: the graph as it stands, weights mapped; quick to load (self-check)
  bool memory_arena = false;  ///< true: faster repeated allocation, more memory a model
  std::string title;          ///< of the model, "mnist:3": for messages only
};

/// Where a model runs that does not run in this process. Thread-safe.
class OutsideProcess {
 public:
  virtual ~OutsideProcess() = default;
  /// What that process has of memory that nobody shares, weights in files left out. Reads a small
  /// file.
  virtual std::uint64_t bytes() const = 0;
  /// Success while it may run again, at once or soon. Unavailable (kEngineQuarantined), for good:
  /// why it does not run any more. Costs an atomic load while all is well.
  virtual Status condition() const = 0;
  /// Whether one request's inputs were in a process that ended, and not answered since: they run
  /// with nothing beside them then, or are refused. Costs an atomic load while no input is
  /// suspected, else a checksum of these.
  virtual bool IsSuspect(std::span<const TensorView> inputs) const = 0;
};

/// A compiled model on one device. Thread-safe: concurrent Run() calls are allowed.
class Executable {
 public:
  virtual ~Executable() = default;

  /// As the engine sees the model, in the model's order.
  virtual const Signature& signature() const = 0;

  /// Runs once. `inputs` stand in the signature's order and have passed CheckTensor(); they are
  /// borrowed until Run() returns. `wanted` are indices into signature().outputs; `outputs` has one
  /// entry for each, in the same order. An entry that holds memory of the right type and static
  /// shape is written in place; an empty one receives a buffer, without a copy where the engine
  /// allows it. Blocks for the model's run time. InvalidArgument: the model cannot take these
  /// inputs (kEngineRunFailed), or needs more than `limits` allow for them (kRunMemory).
  /// DeadlineExceeded: the limits' deadline. ResourceExhausted: memory. Internal: the engine
  /// failed. Unavailable (kEngineWorkerEnded, kEngineQuarantined): the process outside() did.
  /// InvalidArgument (kInputEndsWorker): for these inputs, twice.
  virtual Status Run(std::span<const TensorView> inputs, std::span<const std::size_t> wanted,
                     std::span<TensorBuffer> outputs, const RunLimits& limits) const = 0;
  /// Without bounds: for tools, and where the inputs are our own.
  Status Run(std::span<const TensorView> inputs, std::span<const std::size_t> wanted,
             std::span<TensorBuffer> outputs) const {
    return Run(inputs, wanted, outputs, {});
  }

  /// Null: it runs in this process, and as long as this process does.
  virtual const OutsideProcess* outside() const { return nullptr; }

  /// All outputs, freshly allocated: for tools, not for the request path.
  Result<std::vector<TensorBuffer>> RunAll(std::span<const TensorView> inputs) const;
};

/// A way to run models. Thread-safe.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::string_view name() const = 0;  ///< "onnxruntime"
  virtual std::string version() const = 0;    ///< of the library that was opened
  /// The file of that library, for another process to open the same; "": there is none.
  virtual std::string library() const { return {}; }
  /// Loads and prepares a model; costs milliseconds to seconds. InvalidArgument or Unimplemented
  /// (kEngineRejectedModel) with the engine's reason, free of host paths.
  virtual Result<std::unique_ptr<Executable>> Compile(const ModelSource& source,
                                                      const CompileOptions& options) = 0;

  /// A compiled model as files, which load in milliseconds with their weights mapped, so that all
  /// who load them share that memory. This text is of all that such files depend on besides the
  /// model: the library's release, the processor, the settings. "": this engine writes none with
  /// these options.
  virtual std::string CompiledFormKey(const CompileOptions& /*options*/) const { return {}; }
  /// Compiles a model and writes it into `folder`, which is empty: a few plain files. What
  /// Compile() says; the disk's errors, in the engine's words.
  virtual Status WriteCompiled(const ModelSource& /*source*/, const CompileOptions& /*options*/,
                               const std::string& /*folder*/) {
    return Unimplemented("this engine keeps no compiled models");
  }
  /// Loads what WriteCompiled() wrote under the same key, and nothing else: the files are believed.
  /// They stay as they are as long as the executable lives; so do their names while the engine has
  /// `folder` locked (LockFolder()). Runs give bit by bit what Compile() would. What Compile()
  /// says.
  virtual Result<std::unique_ptr<Executable>> LoadCompiled(const std::string& /*folder*/,
                                                           const CompileOptions& /*options*/) {
    return Unimplemented("this engine keeps no compiled models");
  }
};

}  // namespace slipway::engine
