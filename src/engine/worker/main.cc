// slipway-worker: loads one model and runs it, confined. Spawned by slipway with its descriptors in
// place; of no use by hand.

#include <unistd.h>

#include <span>

#include "engine/onnxruntime/onnxruntime_engine.h"
#include "engine/worker/worker_process.h"

int main(int count, char** arguments) {
  const std::span<const char* const> all(arguments, static_cast<std::size_t>(count));
  const int code = slipway::engine::RunWorker(
      all.subspan(count > 0 ? 1 : 0),
      [](const std::string& library) { return slipway::engine::OpenOnnxRuntime({library}); });
  // Everything was said: libraries' clean-up handlers have nothing left to do, and cost time.
  _exit(code);
}
