#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "base/status.h"
#include "cli/context.h"
#include "serve/model/model_set.h"
#include "server/server_options.h"

namespace slipway::cli {

/// What `slipway serve SOURCE...` shall serve.
struct ServeSources {
  TemporaryDirectory work;  ///< holds imported graphs and example requests; lives with the server
  std::vector<serve::ModelPackage> packages;  ///< of files
  std::vector<server::StartupModel> startup;  ///< files and names of the store, in order
  std::vector<std::string> descriptions;      ///< of files: what was understood
};

/// Finds out what each source is and imports what is a file: a path that exists is a file, or a
/// folder with model files; anything else is a reference to the store (NAME, NAME:3, NAME:alias).
/// No source at all: every model of the store. Warnings go to standard error; in a folder a file
/// that cannot be imported is one. NotFound: a source is nothing, with what was looked for.
/// InvalidArgument (kUsage): two sources have the same name. What ImportApart() says.
Result<ServeSources> PrepareSources(Context& context, const std::vector<std::string>& sources);

}  // namespace slipway::cli
