#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/status.h"
#include "cli/context.h"
#include "registry/registry.h"
#include "serve/control/folder_source.h"
#include "serve/model/model_set.h"
#include "server/server_options.h"

namespace slipway::cli {

/// What `slipway serve SOURCE...` shall serve.
struct ServeSources {
  TemporaryDirectory work;  ///< holds imported graphs and example requests; lives with the server
  std::vector<serve::ModelPackage> packages;      ///< of files
  std::vector<server::StartupModel> startup;      ///< files and names of the store, in order
  std::vector<std::string> descriptions;          ///< of files: what was understood
  std::unique_ptr<serve::FileImporter> importer;  ///< of what folders hold; null without any
  std::vector<std::unique_ptr<serve::FolderSource>> folders;
  std::vector<std::unique_ptr<registry::Registry>> stores;  ///< that were named by their folder
};

/// Finds out what each source is and imports what is a file: a path that exists is a file, or a
/// folder in the layout of another server or a store; anything else is a reference to the store
/// (NAME, NAME:3, NAME:alias). No source at all: every model of the store. What is made of a folder
/// is told on standard error, and what of it has no effect; its files are imported when they are
/// loaded. NotFound: a source is nothing, with what was looked for.
/// `imports_at_once`: so many files of folders are imported at a time.
/// InvalidArgument (kUsage): two sources have the same name. What ImportApart() says.
Result<ServeSources> PrepareSources(Context& context, const std::vector<std::string>& sources,
                                    unsigned imports_at_once);

}  // namespace slipway::cli
