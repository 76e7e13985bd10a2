#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "engine/engine.h"

namespace slipway::engine {

using OpenEngine = std::function<Result<std::unique_ptr<Engine>>(const std::string& library)>;

/// The whole of a worker program: takes its task from the arguments, opens the engine, gives up all
/// rights but those that loading needs, loads, gives up those too, and answers runs until somebody
/// kills it. Returns an exit code where it is not to run anything, or cannot. Its process has
/// nothing but the two descriptors of worker_words.h.
int RunWorker(std::span<const char* const> arguments, const OpenEngine& open);

}  // namespace slipway::engine
