// What the kill test kills: keeps one compiled model and loads it, with every failpoint compiled
// in.
//
//   compile_probe FOLDER IDENTITY    ends with 0 when the model is loaded

#include <cstdio>
#include <string>

#include "engine/compile_cache.h"
#include "engine/file_engine.h"

int main(int count, char** words) {
  using slipway::engine::CompileCache;
  if (count != 3) return 2;
  slipway::engine::FileEngine engine;
  CompileCache cache({.folder = words[1], .least_model_bytes = 10});
  const auto compiled = cache.Compile(
      engine, {.path = std::string(words[2]) + ".onnx", .identity = words[2], .bytes = 100}, {});
  if (!compiled.ok()) std::fputs(compiled.status().ToString().c_str(), stderr);
  return compiled.ok() && compiled->origin != CompileCache::Origin::kCompiled ? 0 : 1;
}
